// AVX-512 with VNNI: Ice Lake and Zen 4 onwards.
#include "internal.h"

#if defined(__x86_64__)
#include "x86_avx512_vectors.h"

#pragma clang attribute push(                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c"))),    \
    apply_to = function)

#define REGISTERS 32
#define NAME(x) x##_avx512
#define TOKEN_TILE 12
#define INT_TOKENS 8
#define INT_GROUPS 2
#define PAIR_TOKENS 6
#define ALONE_FROM 3
#define ROW_VECTORS 1
#define VALUE_TILE 6
#define WIDE_ZERO 1
#define dot(a, w, x)                                                                           \
    ((vi)_mm512_dpbusd_epi32((__m512i)(a), (__m512i)(w), (__m512i)(x)))
#define dot_wide dot
#define float_to_half(p, v)                                                                    \
    _mm256_storeu_si256((__m256i *)(p), _mm512_cvtps_ph((__m512)(v), 0))
#define bytes_to_words(p) ((vi)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(p))))
#define dot_words(a, w, x)                                                                     \
    ((vi)_mm512_dpwssd_epi32((__m512i)(a), (__m512i)(w), (__m512i)(x)))
#define round_to_int(v) ((vi)_mm512_cvtps_epi32((__m512)(v)))
#define pack_block(p, v)                                                                       \
    ({                                                                                         \
        _mm_storeu_si128((__m128i *)(p), _mm512_cvtepi32_epi8((__m512i)(v)[0]));               \
        _mm_storeu_si128((__m128i *)(p) + 1, _mm512_cvtepi32_epi8((__m512i)(v)[1]));           \
    })

#include "kernel_body.h"

#pragma clang attribute pop

const rk_kernels rk_avx512_table = KERNEL_TABLE("avx512");
#endif
