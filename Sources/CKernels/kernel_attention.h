// The attention part of kernel_body.h, which includes it: the cache's writes, scores, values,
// and the merge of partial results.

static void NAME(store)(
    const rk_cache_layout *layout, int64_t layer_offset, const rk_row *row, int32_t kv_head,
    const float *key, const float *value) {
    int32_t n = layout->head_size, m = layout->value_size;
    if (layout->type != RK_CACHE_F16 || n % LANES || m % LANES) {
        rk_store_cached(layout, layer_offset, row, kv_head, key, value);
        return;
    }
    uint8_t *bytes = row->pages[row->position / RK_PAGE] + layer_offset
        + kv_head * (layout->key_bytes + layout->value_bytes);
    int32_t p = row->position % RK_PAGE;
    uint16_t *keys = (uint16_t *)bytes + (p / 16) * n * 16 + p % 16;
    uint16_t *values = (uint16_t *)(bytes + layout->key_bytes) + p * m;
    for (int32_t d = 0; d < n; d += LANES) {
        uint16_t halves[LANES];
        float_to_half(halves, load(key + d));
        UNROLL for (int i = 0; i < LANES; i++) keys[(d + i) * 16] = halves[i];
    }
    for (int32_t d = 0; d < m; d += LANES) float_to_half(values + d, load(value + d));
}

INLINE vf NAME(load_cached)(const uint8_t *p, int32_t index, const int type) {
    if (type == RK_CACHE_F32) return load((const float *)p + index);
    return half_to_float((const uint16_t *)p + index);
}

INLINE int NAME(cached_bytes)(const int type) {
    return type == RK_CACHE_F32 ? 4 : type == RK_CACHE_F16 ? 2 : 1;
}

// A deep context is read from memory, and pages stand too far apart for the processor to
// foresee. So while one page is worked on, the one that comes next is asked for, a few lines with
// each step: only so many can be under way at once, and where they are asked for in a burst the
// multipliers wait, and then memory does.
typedef struct {
    // What is to be asked for now, and after it: of a page's keys and values the positions that
    // will be read, and both fill from the front.
    const uint8_t *at, *end, *then, *then_end;
} NAME(next_page);

INLINE void NAME(ask)(NAME(next_page) *next, const int lines) {
    if (lines == 0 || next->at >= next->end) return;
    // A page is most of what a first-level cache holds.
    UNROLL for (int line = 0; line < lines; line++) fetch(next->at + line * 64, false);
    next->at += lines * 64;
    if (next->at < next->end) return;
    next->at = next->then;
    next->end = next->then_end;
    next->then_end = next->then;
}

// Longest head whose queries are kept on the stack.
enum { MAX_HEAD = 512 };
// From one query to the next, in numbers of 4 bytes: a line more than a head, so that not all of
// them fall into the same places of a first-level cache.
enum { QUERY_APART = MAX_HEAD + 16 };
// Greatest word that queries and weights are rounded to beside 8-bit elements: the sum of
// MAX_HEAD products fits into 32 bits.
#define WORD_MOST 32767.0f

#include "kernel_cache_bytes.h"

// Queries of one register tile; beside 8-bit keys as words, with what a unit of each query
// is worth. (Interleaved they were copied number by number: a twelfth of attention at a depth of 30.)
typedef struct {
    union {
        float values[TOKEN_TILE * QUERY_APART];
        int16_t words[TOKEN_TILE * QUERY_APART * 2];
    };
    float scales[TOKEN_TILE];
} NAME(queries);

// What each of these queries makes of a page: scores, then weights, and beside 8-bit values
// these as words, with what a unit of them is worth.
typedef struct {
    float scores[TOKEN_TILE * RK_PAGE];
    int16_t words[TOKEN_TILE * RK_PAGE];
    float scales[TOKEN_TILE];
} NAME(weights);

// Whether a tile of Q rows and V vectors has no registers for all of its vectors beside the sums:
// then it keeps the rows' numbers and takes vectors one at a time, in just this order.
#define STREAMS(Q, V) (REGISTERS == 16 && (Q) * (V) + (V) + 1 > REGISTERS)
// Vectors beside three rows, with 16 registers: products of bytes need one for themselves.
#define THREE_ROWS(type) ((type) == RK_CACHE_Q8 ? 3 : 4)

// sums[q][v] += x[q · apart] · vector v, which begins at the element `from` + at[v].
INLINE void NAME(add_products)(
    vf (*sums)[8], const float *x, const int apart, const uint8_t *elements, int32_t from,
    const int32_t *at, const int Q, const int V, const int type) {
    if (STREAMS(Q, V)) {
        vf numbers[TOKEN_TILE];
        UNROLL for (int q = 0; q < Q; q++) {
            numbers[q] = splat(x[q * apart]);
            KEEP(numbers[q]);
        }
        UNROLL for (int v = 0; v < V; v++) {
            vf one = NAME(load_cached)(elements, from + at[v], type);
            UNROLL for (int q = 0; q < Q; q++) {
                sums[q][v] = fma_(one, numbers[q], sums[q][v]);
                KEEP(sums[q][v]);
            }
        }
        return;
    }
    vf all[8];
    UNROLL for (int v = 0; v < V; v++) all[v] = NAME(load_cached)(elements, from + at[v], type);
    UNROLL for (int q = 0; q < Q; q++) {
        vf number = splat(x[q * apart]);
        UNROLL for (int v = 0; v < V; v++) sums[q][v] = fma_(all[v], number, sums[q][v]);
    }
}

// Scores of Q queries, QUERY_APART numbers from each other, against K vectors of a page's keys from
// the vector `first` on. With each column `lines` of the next page are asked for.
INLINE void NAME(vector_scores)(
    const uint8_t *keys, const float *queries, int32_t size, float scale, float *out,
    NAME(next_page) *next, const int lines, const int first, const int Q, const int K,
    const int type) {
    vf sum[TOKEN_TILE][8];
    int32_t at[8];
    UNROLL for (int k = 0; k < K; k++) {
        at[k] = ((first + k) * LANES / 16) * size * 16 + ((first + k) * LANES) % 16;
        UNROLL for (int q = 0; q < Q; q++) sum[q][k] = splat(0);
    }
    for (int32_t d = 0; d < size; d++) {
        NAME(ask)(next, lines);
        NAME(add_products)(sum, queries + d, QUERY_APART, keys, d * 16, at, Q, K, type);
    }
    UNROLL for (int k = 0; k < K; k++) {
        UNROLL for (int q = 0; q < Q; q++) {
            store(out + q * RK_PAGE + (first + k) * LANES, sum[q][k] * scale);
        }
    }
}

// Scores of the Q queries from `from` on against the first `count` keys of a page and some that
// follow: out[q][64], unmasked.
INLINE void NAME(page_scores)(
    const uint8_t *keys, const float *key_scales, const NAME(queries) *queries, int32_t from,
    int32_t count, int32_t size, float scale, float *out, NAME(next_page) *next, const int Q,
    const int type) {
    const int vectors = RK_PAGE / LANES;
    // As many vectors of keys together as keep the multipliers busy and stay in registers.
#if REGISTERS == 16
    const int K = Q <= 1 ? 8 : Q == 2 ? 4 : Q == 3 ? THREE_ROWS(type) : 2;
#else
    const int K = Q <= 3 ? 4 : Q <= 6 ? 2 : 1;
#endif
    // A page's keys are as many lines a column as an element has bytes; bytes go by pairs.
    const int passes = (vectors + K - 1) / K;
    const int total = type == RK_CACHE_Q8 ? 2 : NAME(cached_bytes)(type);
    NAME(next_page) ahead = *next;
    UNROLL for (int pass = 0; pass < passes; pass++) {
        const int lines = (total * (pass + 1) + passes - 1) / passes
            - (total * pass + passes - 1) / passes;
        const int first = pass * K, some = vectors - first < K ? vectors - first : K;
        if (first * LANES >= count) break;
        if (type == RK_CACHE_Q8) {
            NAME(byte_vector_scores)(keys, key_scales, queries->words + from * QUERY_APART * 2,
                                     queries->scales + from, size, scale, out, &ahead, lines,
                                     first, Q, some);
        } else {
            NAME(vector_scores)(keys, queries->values + from * QUERY_APART, size, scale, out,
                                &ahead, lines, first, Q, some, type);
        }
    }
    *next = ahead;
}

// sums[q] += Σ weights[q][p] · values[p] over positions [first, last), N vectors wide.
INLINE void NAME(page_values)(
    const uint8_t *values, int32_t size, int32_t column, const float *weights, int32_t first,
    int32_t last, float *const *sums, NAME(next_page) *next, const int Q, const int N,
    const int type) {
    NAME(next_page) ahead = *next;
    const int lines = (N * LANES * NAME(cached_bytes)(type) + 63) / 64;
    vf total[VALUE_TILE][8];
    int32_t at[8];
    UNROLL for (int n = 0; n < N; n++) at[n] = n * LANES;
    UNROLL for (int q = 0; q < Q; q++) {
        UNROLL for (int n = 0; n < N; n++) total[q][n] = load(sums[q] + column + n * LANES);
    }
    for (int32_t p = first; p < last; p++) {
        NAME(ask)(&ahead, lines);
        NAME(add_products)(
            total, weights + p, RK_PAGE, values, p * size + column, at, Q, N, type);
    }
    UNROLL for (int q = 0; q < Q; q++) {
        UNROLL for (int n = 0; n < N; n++) store(sums[q] + column + n * LANES, total[q][n]);
    }
    *next = ahead;
}

#define SCORES(Q)                                                                              \
    static __attribute__((noinline)) void NAME(scores_##Q)(                                    \
        const uint8_t *keys, const float *key_scales, const NAME(queries) *queries,            \
        int32_t from, int32_t count, int32_t size, float scale, float *out,                    \
        NAME(next_page) *next, int32_t type) {                                                 \
        if (type == RK_CACHE_F16)                                                              \
            NAME(page_scores)(keys, key_scales, queries, from, count, size, scale, out, next,  \
                              Q, RK_CACHE_F16);                                                \
        else if (type == RK_CACHE_Q8)                                                          \
            NAME(page_scores)(keys, key_scales, queries, from, count, size, scale, out, next,  \
                              Q, RK_CACHE_Q8);                                                 \
        else                                                                                   \
            NAME(page_scores)(keys, key_scales, queries, from, count, size, scale, out, next,  \
                              Q, RK_CACHE_F32);                                                \
    }
SCORES(1)
SCORES(2)
SCORES(3)
SCORES(4)
SCORES(6)
#if TOKEN_TILE > 6
SCORES(9)
SCORES(12)
#endif

INLINE void NAME(values_tile)(
    const uint8_t *values, int32_t size, int32_t column, const NAME(weights) *weights,
    int32_t from, int32_t first, int32_t last, float *const *sums, NAME(next_page) *next,
    const int Q, const int N, const int type) {
    if (type == RK_CACHE_Q8) {
        NAME(page_byte_values)(values, size, column, weights->words + from * RK_PAGE,
                               weights->scales + from, first / 2 * 2, last, sums, next, Q, N);
    } else {
        NAME(page_values)(values, size, column, weights->scores + from * RK_PAGE, first, last,
                          sums, next, Q, N, type);
    }
}

#define VALUES(Q, N)                                                                           \
    if (rows == Q && vectors == N) {                                                           \
        NAME(values_tile)(values, size, column, weights, from, first, last, sums, next, Q, N,  \
                          type);                                                               \
        return;                                                                                \
    }
// Vectors of values beside so many rows, and the tiles that these and the rest of a head need.
#if REGISTERS == 16
#define VALUE_VECTORS(rows, type) ((rows) == 1 ? 8 : (rows) == 2 ? 4 : THREE_ROWS(type))
#define EACH_VALUES                                                                            \
    VALUES(1, 8) VALUES(2, 4) VALUES(3, 4) VALUES(3, 3) VALUES(1, 4) VALUES(2, 2)              \
    VALUES(3, 2) VALUES(3, 1)
#else
#define VALUE_VECTORS(rows, type) 4
#define EACH_VALUES                                                                            \
    VALUES(1, 4) VALUES(2, 4) VALUES(3, 4) VALUES(4, 4) VALUES(5, 4) VALUES(6, 4)
#endif
INLINE void NAME(values_typed)(
    const uint8_t *values, int32_t size, int32_t column, const NAME(weights) *weights,
    int32_t from, int32_t first, int32_t last, float *const *sums, NAME(next_page) *next,
    int32_t rows, int32_t vectors, const int type) {
    EACH_VALUES
    for (int32_t q = 0; q < rows; q++) {
        for (int32_t n = 0; n < vectors; n++) {
            NAME(values_tile)(values, size, column + n * LANES, weights, from + q, first, last,
                              sums + q, next, 1, 1, type);
        }
    }
}

// sums[q] += the page's values weighted, of `rows` queries from `from` on, `vectors` wide.
static void NAME(values)(
    const uint8_t *values, int32_t size, int32_t column, const NAME(weights) *weights,
    int32_t from, int32_t first, int32_t last, float *const *sums, NAME(next_page) *next,
    int32_t rows, int32_t vectors, int32_t type) {
    if (type == RK_CACHE_F16) {
        NAME(values_typed)(values, size, column, weights, from, first, last, sums, next, rows,
                           vectors, RK_CACHE_F16);
    } else if (type == RK_CACHE_Q8) {
        NAME(values_typed)(values, size, column, weights, from, first, last, sums, next, rows,
                           vectors, RK_CACHE_Q8);
    } else {
        NAME(values_typed)(values, size, column, weights, from, first, last, sums, next, rows,
                           vectors, RK_CACHE_F32);
    }
}

// The first `count` scores of a page and some that follow become weights e^(score − now), whose sum
// is returned.
INLINE float NAME(float_weights)(
    float *scores, int32_t count, float now, NAME(next_page) *next) {
    vf sum = splat(0);
    for (int32_t p = 0; p < count; p += LANES) {
        NAME(ask)(next, 2);
        vf e = exp_(load(scores + p) - now);
        sum += e;
        store(scores + p, e);
    }
    return sum_lanes(sum);
}

// What a query looks at of a page, and the largest of its scores there.
typedef struct {
    int32_t begin, end;
    float largest;
} NAME(span);

// Bounds a query's scores by the soft cap and takes out those outside of [begin, end); returns the
// largest.
INLINE float NAME(mask_scores)(float *scores, int32_t begin, int32_t end, float soft_cap) {
    if (soft_cap > 0) {
        for (int32_t p = begin; p < end; p++) {
            scores[p] = soft_cap * tanhf(scores[p] / soft_cap);
        }
    }
    for (int32_t p = 0; p < begin; p++) scores[p] = -INFINITY;
    for (int32_t p = end; p < RK_PAGE; p++) scores[p] = -INFINITY;
    vf most = load(scores);
    for (int32_t p = LANES; p < RK_PAGE; p += LANES) most = max_(most, load(scores + p));
    return max_lanes(most);
}

// Up to TOKEN_TILE query rows over one page, in the order of FlashAttention's online softmax
// (arXiv 2205.14135): sums and weights are rescaled when a larger score comes.
INLINE void NAME(attend_page)(
    const rk_attention *a, const uint8_t *layer, int32_t kv_head, int32_t page_first,
    const NAME(queries) *queries, int32_t from, const int32_t *positions,
    float *const *partials, int32_t count, NAME(next_page) *next) {
    const rk_cache_layout *cache = &a->cache;
    const uint8_t *keys = layer + kv_head * (cache->key_bytes + cache->value_bytes);
    const uint8_t *values = keys + cache->key_bytes;
    const float *key_scales = NULL, *value_scales = NULL;
    if (cache->type == RK_CACHE_Q8) {
        key_scales = (const float *)(keys + rk_cache_scales(cache->key_bytes));
        value_scales = (const float *)(values + rk_cache_scales(cache->value_bytes));
    }
    int32_t size = cache->value_size;
    NAME(weights) weights;
    // Positions up to the last one that a query looks at.
    int32_t seen = 0;
    for (int32_t q = 0; q < count; q++) {
        if (positions[q] + 1 - page_first > seen) seen = positions[q] + 1 - page_first;
    }
    if (seen > RK_PAGE) seen = RK_PAGE;
    int32_t q = 0, key_size = cache->head_size, type = cache->type;
    while (q < count) {
        int32_t left = count - q;
        float *out = weights.scores + q * RK_PAGE;
#define SCORE(Q)                                                                               \
    {                                                                                          \
        NAME(scores_##Q)(keys, key_scales, queries, from + q, seen, key_size, a->scale, out,   \
                         next, type);                                                          \
        q += Q;                                                                                \
    }
#if TOKEN_TILE > 6
        if (left >= 12) SCORE(12)
        else if (left >= 9) SCORE(9)
        else
#endif
        if (left >= 6) SCORE(6)
        else if (left >= 4) SCORE(4)
        else if (left == 3) SCORE(3)
        else if (left == 2) SCORE(2)
        else SCORE(1)
#undef SCORE
    }
    int32_t low = RK_PAGE, high = 0;
    // First all queries' largest scores, then their weights: what is found over the lanes of a
    // vector takes long, and of several at once no longer.
    NAME(span) spans[TOKEN_TILE];
    for (q = 0; q < count; q++) {
        int32_t end = positions[q] + 1 - page_first;
        int32_t begin = a->window ? end - a->window : 0;
        spans[q] = (NAME(span)){begin < 0 ? 0 : begin, end > RK_PAGE ? RK_PAGE : end, -INFINITY};
        if (spans[q].begin >= spans[q].end) continue;
        spans[q].largest = NAME(mask_scores)(
            weights.scores + q * RK_PAGE, spans[q].begin, spans[q].end, a->soft_cap);
        if (spans[q].begin < low) low = spans[q].begin;
        if (spans[q].end > high) high = spans[q].end;
    }
    if (high <= low) return;
    float page_scale = value_scales ? NAME(largest_scale)(value_scales, 0, RK_PAGE) : 0;
    for (q = 0; q < count; q++) {
        float *s = weights.scores + q * RK_PAGE;
        const int32_t begin = spans[q].begin, end = spans[q].end;
        const float largest = spans[q].largest;
        float *sums = partials[q];
        if (begin >= end) {
            memset(s, 0, sizeof(float) * RK_PAGE);
            memset(weights.words + q * RK_PAGE, 0, sizeof(int16_t) * RK_PAGE);
            weights.scales[q] = 0;
            continue;
        }
        float before = sums[size];
        float now = largest > before ? largest : before;
        float weight;
        if (type == RK_CACHE_Q8) {
            float largest_scale = end - begin == RK_PAGE
                ? page_scale
                : NAME(largest_scale)(value_scales, begin, end);
            weights.scales[q] = NAME(byte_weights)(
                s, seen, now, largest, value_scales, largest_scale, weights.words + q * RK_PAGE,
                &weight, next);
        } else {
            weight = NAME(float_weights)(s, seen, now, next);
        }
        float rescale = before == now ? 1 : before == -INFINITY ? 0 : expf(before - now);
        sums[size + 1] = sums[size + 1] * rescale + weight;
        sums[size] = now;
        if (rescale != 1) {
            for (int32_t d = 0; d < size; d++) sums[d] *= rescale;
        }
    }
    for (q = 0; q < count; q += VALUE_TILE) {
        int32_t rows = count - q < VALUE_TILE ? count - q : VALUE_TILE;
        int32_t vectors = size / LANES, most = VALUE_VECTORS(rows, type);
        for (int32_t n = 0; n < vectors; n += most) {
            int32_t some = vectors - n < most ? vectors - n : most;
            NAME(values)(values, size, n * LANES, &weights, q, low, high, partials + q, next,
                         rows, some, type);
        }
    }
}

// Whether a query at `position` looks at any position of the page that starts at `first`.
INLINE bool NAME(sees)(const rk_attention *a, int32_t position, int32_t first) {
    return position >= first && (!a->window || position + 1 - a->window < first + RK_PAGE);
}

// The page at `first` of the query `q`, as one to be asked for: another query's, or that of the
// same ones' next positions. The last page of a chunk asks for the first of the next one, which
// most often falls to the same thread.
INLINE NAME(next_page) NAME(after)(
    const rk_attention *a, int32_t kv_head, const rk_row *const *rows, const int32_t *positions,
    int32_t q, int32_t first) {
    NAME(next_page) next = {0};
    if (!NAME(sees)(a, positions[q], first)) return next;
    const rk_cache_layout *cache = &a->cache;
    const int32_t left = positions[q] + 1 - first, element = NAME(cached_bytes)(cache->type);
    next.at = rows[q]->pages[first / RK_PAGE] + a->layer_offset
        + kv_head * (cache->key_bytes + cache->value_bytes);
    next.end = next.at + cache->key_bytes;
    next.then = next.end;
    next.then_end = next.then + cache->value_bytes;
    if (left < RK_PAGE) {
        next.end = next.at + (left + 15) / 16 * 16 * cache->head_size * element;
        next.then_end = next.then + left * cache->value_size * element;
    }
    return next;
}

static void NAME(attend)(
    const rk_attention *a, const rk_attention_item *item, int32_t kv_head) {
    int32_t group = a->heads / a->cache.kv_heads;
    if (a->cache.value_size % LANES || a->cache.head_size > MAX_HEAD) {
        rk_reference_table.attend(a, item, kv_head);
        return;
    }
    int32_t size = a->cache.value_size;
    int32_t first = item->chunk * RK_CHUNK;
    int32_t total = item->row_count * group;
    for (int32_t from = 0; from < total; from += TOKEN_TILE) {
        NAME(queries) queries;
        float *partials[TOKEN_TILE];
        int32_t positions[TOKEN_TILE];
        const rk_row *rows[TOKEN_TILE];
        int32_t count = total - from < TOKEN_TILE ? total - from : TOKEN_TILE;
        for (int32_t q = 0; q < count; q++) {
            int32_t row = a->row_index[item->first_row + (from + q) / group];
            int32_t head = kv_head * group + (from + q) % group;
            const float *query
                = a->queries + row * a->query_stride + (int64_t)head * a->cache.head_size;
            if (a->cache.type == RK_CACHE_Q8) {
                queries.scales[q] = NAME(query_words)(
                    query, a->cache.head_size, queries.words + q * QUERY_APART * 2);
            } else {
                memcpy(queries.values + q * QUERY_APART, query,
                       sizeof(float) * (size_t)a->cache.head_size);
            }
            partials[q] = rk_partial(a, row, head, item->chunk);
            rows[q] = &a->rows[row];
            positions[q] = rows[q]->position;
            memset(partials[q], 0, sizeof(float) * (size_t)size);
            partials[q][size] = -INFINITY;
            partials[q][size + 1] = 0;
        }
        for (int32_t p = first; p < first + RK_CHUNK; p += RK_PAGE) {
            // Neighbours that share the page (siblings with one prompt) are read together.
            int32_t q = 0;
            while (q < count) {
                if (!NAME(sees)(a, positions[q], p)) {
                    q++;
                    continue;
                }
                const uint8_t *page = rows[q]->pages[p / RK_PAGE];
                int32_t run = q + 1;
                while (run < count && NAME(sees)(a, positions[run], p)
                       && rows[run]->pages[p / RK_PAGE] == page) run++;
                NAME(next_page) next = {0};
                // The first tile of an item brings pages in, the others find them there.
                if (from == 0) {
                    next = NAME(after)(a, kv_head, rows, positions, run < count ? run : q,
                                       run < count ? p : p + RK_PAGE);
                }
                NAME(attend_page)(a, page + a->layer_offset, kv_head, p, &queries, q,
                                  positions + q, partials + q, run - q, &next);
                q = run;
            }
        }
    }
}

static void NAME(merge)(
    const rk_attention *a, int32_t row, int32_t first, int32_t count, float *out) {
    int32_t size = a->cache.value_size;
    int32_t chunks = a->rows[row].position / RK_CHUNK + 1;
    for (int32_t head = first; head < first + count; head++) {
        float *target = out + (int64_t)head * size;
        float most = -INFINITY, weight = 0;
        for (int32_t c = 0; c < chunks; c++) {
            float m = rk_partial(a, row, head, c)[size];
            if (m > most) most = m;
        }
        for (int32_t d = 0; d < size; d++) target[d] = 0;
        for (int32_t c = 0; c < chunks; c++) {
            const float *partial = rk_partial(a, row, head, c);
            if (partial[size] == -INFINITY) continue;
            float factor = chunks == 1 ? 1 : expf(partial[size] - most);
            weight += factor * partial[size + 1];
            NAME(axpy)(factor, partial, target, size);
        }
        float inverse = 1.0f / weight;
        for (int32_t d = 0; d < size; d++) target[d] *= inverse;
    }
}
