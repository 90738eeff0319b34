// AVX2 with FMA and F16C: Haswell and Zen onwards.
#include "internal.h"

#if defined(__x86_64__)
#include "x86_avx2_vectors.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define NAME(x) x##_avx2
#define INT_GROUPS 2
#define FAR_GROUPS 1
// Its products of bytes are summed in pairs, to 16 bits at most.
#define INPUT_WORDS 1
#define madd(w, x) ((vi)_mm256_madd_epi16((__m256i)(w), (__m256i)(x)))
#define madd_bytes(w, x) ((vw)_mm256_maddubs_epi16((__m256i)(w), (__m256i)(x)))
#define dot(a, w, x) ((vi)((vw)(a) + madd_bytes(w, x)))
#define dot_words(a, w, x) ((a) + madd(w, x))

#include "kernel_body.h"

#pragma clang attribute pop

const rk_kernels rk_avx2_table = KERNEL_TABLE("avx2");
#endif
