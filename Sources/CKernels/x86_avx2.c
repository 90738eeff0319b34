// AVX2 with FMA and F16C: Haswell and Zen onwards.
#include "internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define LANES 8
#define NAME(x) x##_avx2
#define TOKEN_TILE 4
#define VALUE_TILE 3
#define PLANES 2
#define WIDE_ZERO 0
// vpmaddubsw saturates at 16 bits: safe for weights up to 127, and for wide ones through
// |w| · sign(x, w), both at most 128 in size.
#define dot_small(a, w, x)                                                                     \
    ((vi)(a) + (vi)_mm256_madd_epi16(                                                          \
                   _mm256_maddubs_epi16((__m256i)(w), _mm256_set1_epi32(x)),                   \
                   _mm256_set1_epi16(1)))
// Eight products of nibbles stay below 2^15: 8 · 2 · 15 · 127 = 30,480.
#define dot_nibbles(a, w, x)                                                                   \
    ((vi)_mm256_add_epi16(                                                                     \
        (__m256i)(a), _mm256_maddubs_epi16((__m256i)(w), _mm256_set1_epi32(x))))
#define finish_nibbles(a) ((vi)_mm256_madd_epi16((__m256i)(a), _mm256_set1_epi16(1)))
#define NIBBLES_APART 1
#define DUAL_TILE 2
#define dot_wide(a, w, x)                                                                      \
    ({                                                                                         \
        __m256i signed_ = _mm256_xor_si256((__m256i)(w), _mm256_set1_epi8((char)0x80));        \
        (vi)(a) + (vi)_mm256_madd_epi16(                                                       \
            _mm256_maddubs_epi16(_mm256_abs_epi8(signed_),                                     \
                                 _mm256_sign_epi8(_mm256_set1_epi32(x), signed_)),             \
            _mm256_set1_epi16(1));                                                             \
    })
#define half_to_float(p) ((vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p))))
#define float_to_half(p, v) _mm_storeu_si128((__m128i *)(p), _mm256_cvtps_ph((__m256)(v), 0))
#define bytes_to_float(p)                                                                      \
    ((vf)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(p)))))
#define round_to_int(v) ((vi)_mm256_cvtps_epi32((__m256)(v)))
#define pack_store(p, v)                                                                       \
    ({                                                                                         \
        __m256i v_ = (__m256i)(v);                                                             \
        __m128i words_ = _mm_packs_epi32(_mm256_castsi256_si128(v_),                           \
                                         _mm256_extracti128_si256(v_, 1));                     \
        _mm_storel_epi64((__m128i *)(p), _mm_packs_epi16(words_, words_));                     \
    })

#include "kernel_body.h"

#pragma clang attribute pop

const rk_kernels rk_avx2_table = KERNEL_TABLE("avx2");
#endif
