// AVX2 with VNNI but without AVX-512: Intel's processors for laptops from Alder Lake on.
#include "internal.h"

#if defined(__x86_64__)
#include "x86_avx2_vectors.h"

#pragma clang attribute push(                                                                  \
    __attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)

#define NAME(x) x##_avx_vnni
#define INT_GROUPS 1
#define PARTS_BESIDE(T) ((T) <= 3 ? 2 : 1)
#define MOST_BESIDE 2
#define WIDE_ZERO 1
#define dot(a, w, x)                                                                           \
    ((vi)_mm256_dpbusd_avx_epi32((__m256i)(a), (__m256i)(w), (__m256i)(x)))
#define dot_wide dot
#define dot_words(a, w, x)                                                                     \
    ((vi)_mm256_dpwssd_avx_epi32((__m256i)(a), (__m256i)(w), (__m256i)(x)))

#include "kernel_body.h"

#pragma clang attribute pop

const rk_kernels rk_avx_vnni_table = KERNEL_TABLE("avxvnni");
#endif
