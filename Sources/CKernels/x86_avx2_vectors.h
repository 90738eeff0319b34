// Vectors of eight lanes, for the kernels of processors with AVX2; see kernel_body.h.
#include <immintrin.h>

#define LANES 8
#define REGISTERS 16
#define TOKEN_TILE 6
#define INT_TOKENS 6
#define ROW_VECTORS 2
#define VALUE_TILE 3
#define lookup(table, v)                                                                       \
    ((vb)_mm256_shuffle_epi8(                                                                  \
        _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(table))), (__m256i)(v)))
#define half_to_float(p) ((vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p))))
#define float_to_half(p, v) _mm_storeu_si128((__m128i *)(p), _mm256_cvtps_ph((__m256)(v), 0))
#define bytes_to_words(p) ((vi)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(p))))
// Packing works on halves of vectors, whose words are put in order at the end.
#define pack_block(p, v)                                                                       \
    ({                                                                                         \
        __m256i first_ = _mm256_packs_epi32((__m256i)(v)[0], (__m256i)(v)[1]);                 \
        __m256i last_ = _mm256_packs_epi32((__m256i)(v)[2], (__m256i)(v)[3]);                  \
        _mm256_storeu_si256(                                                                   \
            (__m256i *)(p), _mm256_permutevar8x32_epi32(                                       \
                _mm256_packs_epi16(first_, last_), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))); \
    })
#define round_to_int(v) ((vi)_mm256_cvtps_epi32((__m256)(v)))
#define max_(a, b) ((vf)_mm256_max_ps((__m256)(b), (__m256)(a)))
#define min_(a, b) ((vf)_mm256_min_ps((__m256)(b), (__m256)(a)))
