// Numbers as parts of bf16, for the files of AMX kernels; included behind their target.
//
// A bf16 number has 8 significant bits. Where these are too few a factor is the sum of two: a high
// one, and what that leaves. Of numbers in float16 (11 bits) and of bytes nothing is lost so, of
// others what lies below 2^-17 of them. Products leave out that of the two low parts, 2^-18 of
// the whole.

#include "kernel_vectors.h"

INLINE void put(void *p, vi v) { _mm512_store_si512(p, (__m512i)v); }

INLINE vi words(__m256i v) { return (vi)_mm512_cvtepu16_epi32(v); }

// Numbers of bf16, one of each in the upper half of a lane, as [lane][2].
INLINE vi pairs_of(vi first, vi second) { return (vi)((vu)first >> 16) | second; }

// 16 columns of two neighbouring rows of a right factor, which lose nothing. High parts go away
// from zero where two are as near.
INLINE void split_rows(vf first, vf second, void *high, void *low) {
    const int32_t upper = (int32_t)0xffff0000;
    vi h0 = ((vi)first + 0x8000) & upper, h1 = ((vi)second + 0x8000) & upper;
    put(high, pairs_of(h0, h1));
    put(low, pairs_of((vi)(first - (vf)h0), (vi)(second - (vf)h1)));
}

// 32 columns of a row of a left factor, rounded to even.
INLINE __m512i round_row(vf first, vf second) {
    return (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
}

INLINE void split_row(vf first, vf second, void *high, void *low) {
    __m512i both = round_row(first, second);
    vf h0 = (vf)(words(_mm512_castsi512_si256(both)) << 16);
    vf h1 = (vf)(words(_mm512_extracti64x4_epi64(both, 1)) << 16);
    put(high, (vi)both);
    put(low, (vi)round_row(first - h0, second - h1));
}
