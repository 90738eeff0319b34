// Vectors of sixteen lanes, for the kernels of processors with AVX-512; see kernel_vectors.h and
// kernel_integers.h.
#include <immintrin.h>

#define LANES 16
#define lookup(table, v)                                                                       \
    ((vb)_mm512_shuffle_epi8(                                                                  \
        _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)(table))), (__m512i)(v)))
#define half_to_float(p) ((vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p))))
#define max_(a, b) ((vf)_mm512_max_ps((__m512)(b), (__m512)(a)))
#define min_(a, b) ((vf)_mm512_min_ps((__m512)(b), (__m512)(a)))
