// Scores and values over a cache of 8-bit elements, part of kernel_attention.h. As numbers are
// whole there, products of pairs of 16-bit words do for two elements what a float product does
// for one, exactly; queries and weights, which they are multiplied by, are rounded to 15 bits of
// the largest of their head or page.
//   bytes_to_words(p)       2 · LANES signed bytes as 16-bit words
//   dot_words(a, w, x)      a + the sum of two products of words, in each 32-bit lane

typedef int16_t vh __attribute__((vector_size(2 * LANES)));
typedef int16_t vh_loose __attribute__((vector_size(2 * LANES), aligned(2)));

// A query's elements as 16-bit words, an even number of them; what a unit of them is worth.
static float NAME(query_words)(const float *query, int32_t size, int16_t *words) {
    const int32_t whole = size / LANES * LANES;
    vf most = splat(0);
    for (int32_t d = 0; d < whole; d += LANES) {
        most = max_(most, __builtin_elementwise_abs(load(query + d)));
    }
    float largest = max_lanes(most);
    for (int32_t d = whole; d < size; d++) {
        largest = fabsf(query[d]) > largest ? fabsf(query[d]) : largest;
    }
    const float inverse = largest > 0 ? WORD_MOST / largest : 0;
    for (int32_t d = 0; d < whole; d += LANES) {
        vi rounded = round_to_int(load(query + d) * inverse);
        *(vh_loose *)(words + d) = __builtin_convertvector(rounded, vh);
    }
    for (int32_t d = whole; d < size; d++) words[d] = (int16_t)lrintf(query[d] * inverse);
    if (size % 2) words[size] = 0;
    return largest / WORD_MOST;
}

// Largest of a page's scales [first, last).
INLINE float NAME(largest_scale)(const float *scales, int32_t first, int32_t last) {
    float largest = 0;
    if (last - first == RK_PAGE) {
        vf most = load(scales);
        for (int32_t p = LANES; p < RK_PAGE; p += LANES) most = max_(most, load(scales + p));
        return max_lanes(most);
    }
    for (int32_t p = first; p < last; p++) largest = scales[p] > largest ? scales[p] : largest;
    return largest;
}

// Weights e^(scores[p] − now) of the first `count` positions of a page and some that follow as
// words, times the scale of each position, and what a unit of them is worth. `largest` is the
// greatest score, `largest_scale` the greatest scale of the positions that the query looks at.
// *total is the sum of the weights without scales.
INLINE float NAME(byte_weights)(
    const float *scores, int32_t count, float now, float largest, const float *scales,
    float largest_scale, int16_t *words, float *total, NAME(next_page) *next) {
    const float unit = exp_(splat(largest - now))[0] * largest_scale / WORD_MOST;
    const float inverse = unit > 0 ? 1 / unit : 0;
    vf sum = splat(0);
    for (int32_t p = 0; p < count; p += LANES) {
        NAME(ask)(next, 2);
        vf e = exp_(load(scores + p) - now);
        sum += e;
        vi word = round_to_int(e * load(scales + p) * inverse);
        *(vh_loose *)(words + p) = __builtin_convertvector(word, vh);
    }
    *total = sum_lanes(sum);
    return unit;
}

// Scores of Q queries, twice QUERY_APART words from each other, against K vectors of a page's keys
// from the vector `first` on. With each pair of columns `lines` of the next page are asked for.
INLINE void NAME(byte_vector_scores)(
    const uint8_t *keys, const float *key_scales, const int16_t *queries,
    const float *query_scales, int32_t size, float scale, float *out, NAME(next_page) *next,
    const int lines, const int first, const int Q, const int K) {
    const int32_t pairs = (size + 1) / 2;
    vi sum[TOKEN_TILE][8];
    const uint8_t *at[8];
    UNROLL for (int k = 0; k < K; k++) {
        const int position = (first + k) * LANES;
        at[k] = keys + (position / 16 * pairs * 16 + position % 16) * 2;
        UNROLL for (int q = 0; q < Q; q++) sum[q][k] = (vi){};
    }
    for (int32_t pair = 0; pair < pairs; pair++) {
        NAME(ask)(next, lines);
        vi key[8];
        UNROLL for (int k = 0; k < K; k++) key[k] = bytes_to_words(at[k] + pair * 32);
        UNROLL for (int q = 0; q < Q; q++) {
            vi x = NAME(spread)(queries + 2 * (q * QUERY_APART + pair));
            UNROLL for (int k = 0; k < K; k++) sum[q][k] = dot_words(sum[q][k], key[k], x);
        }
    }
    UNROLL for (int k = 0; k < K; k++) {
        vf factor = load(key_scales + (first + k) * LANES) * scale;
        UNROLL for (int q = 0; q < Q; q++) {
            store(out + q * RK_PAGE + (first + k) * LANES,
                  __builtin_convertvector(sum[q][k], vf) * (factor * query_scales[q]));
        }
    }
}

// sums[q] += Σ weights[q][p] · values[p] over the pairs of positions from `first`, even, to
// `last`, N vectors wide. Weights are zero where a query does not look.
INLINE void NAME(page_byte_values)(
    const uint8_t *values, int32_t size, int32_t column, const int16_t *weights,
    const float *weight_scales, int32_t first, int32_t last, float *const *sums,
    NAME(next_page) *next, const int Q, const int N) {
    NAME(next_page) ahead = *next;
    const int lines = (N * LANES * 2 + 63) / 64;
    vi total[VALUE_TILE][8];
    UNROLL for (int q = 0; q < Q; q++) {
        UNROLL for (int n = 0; n < N; n++) total[q][n] = (vi){};
    }
    for (int32_t p = first; p < last; p += 2) {
        const int32_t at = p * size + column * 2;
        NAME(ask)(&ahead, lines);
        vi v[8];
        UNROLL for (int n = 0; n < N; n++) v[n] = bytes_to_words(values + at + n * LANES * 2);
        UNROLL for (int q = 0; q < Q; q++) {
            int32_t pair;
            memcpy(&pair, weights + q * RK_PAGE + p, sizeof pair);
            vi w = (vi){} + pair;
            UNROLL for (int n = 0; n < N; n++) total[q][n] = dot_words(total[q][n], v[n], w);
        }
    }
    UNROLL for (int q = 0; q < Q; q++) {
        UNROLL for (int n = 0; n < N; n++) {
            float *target = sums[q] + column + n * LANES;
            vf found = __builtin_convertvector(total[q][n], vf);
            store(target, fma_(found, splat(weight_scales[q]), load(target)));
        }
    }
    *next = ahead;
}
