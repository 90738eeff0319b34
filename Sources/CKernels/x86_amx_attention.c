// Attention of long prompts by AMX tiles: many queries of one sequence beside one chunk of its
// positions, which are turned into tiles once for all of them.
//
// 8 significant bits would be too few for scores: factors have two parts, see x86_amx_parts.h. Of
// the cache's elements nothing is lost so.
#include "x86_amx.h"

#if defined(RK_HAS_AMX)

#pragma clang attribute push(RK_AMX_TARGET, apply_to = function)

#include "x86_amx_parts.h"
#include "x86_amx_products.h"

enum {
    /// Two tiles of queries, of positions and of columns are multiplied together.
    PAIR = 2 * TILE_ROWS,
    /// Longest head.
    MOST_HEAD = 256,
    /// Elements of a chunk's keys or values.
    CHUNK_HEAD = RK_CHUNK * MOST_HEAD,
    /// Tiles along a chunk's positions, as a left factor's columns.
    STEPS = RK_CHUNK / TILE_COLS,
};

/// What a thread works with. Left factors stand as tiles [tile of queries][step of 32 columns],
/// right ones as [tile of columns][step of 32 rows].
typedef struct {
    int16_t keys[2][CHUNK_HEAD], values[2][CHUNK_HEAD];
    int16_t queries[2][PAIR * MOST_HEAD], weights[2][PAIR * RK_CHUNK];
    /// [query][RK_CHUNK]: scores, then the weighted sums of the values.
    float results[PAIR * RK_CHUNK];
} workspace;

/// The two parts of one factor; `low` is NULL where there is none.
typedef struct {
    const int16_t *high, *low;
} factor;

// Where row `q` of a left factor of so many steps begins.
INLINE int64_t left_row(int32_t q, int32_t steps) {
    return (int64_t)(q / TILE_ROWS) * steps * (TILE_BYTES / 2) + q % TILE_ROWS * TILE_COLS;
}

// ---------------------------------------------------------------- the cache as tiles

// 16 pairs of bytes as bf16, exactly.
INLINE vi bytes_to_pairs(const int8_t *p) {
    vi pairs = (vi)_mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)p));
    vf first = __builtin_convertvector(pairs << 24 >> 24, vf);
    vf second = __builtin_convertvector(pairs >> 8, vf);
    return pairs_of((vi)first, (vi)second);
}

/// One head's part of a page.
typedef struct {
    const uint8_t *keys, *values;
} page_head;

static page_head find_page(const rk_attention *a, const rk_row *row, int32_t kv_head, int32_t p) {
    const uint8_t *keys = row->pages[p / RK_PAGE] + a->layer_offset
        + kv_head * (a->cache.key_bytes + a->cache.value_bytes);
    return (page_head){keys, keys + a->cache.key_bytes};
}

// Keys of 16 positions, as `steps` tiles of 32 elements each. Elements that a head has not are 0.
static void place_keys(
    workspace *w, const rk_cache_layout *cache, const uint8_t *keys, int32_t tile, int32_t steps) {
    int32_t pairs = cache->head_size / 2, of_page = tile % (RK_PAGE / TILE_ROWS);
    int64_t to = (int64_t)tile * steps * (TILE_BYTES / 2);
    int16_t *high = w->keys[0] + to, *low = w->keys[1] + to;
    if (cache->type == RK_CACHE_Q8) {
        const int8_t *at = (const int8_t *)keys + of_page * pairs * 32;
        for (int32_t i = 0; i < pairs; i++) put(high + i * 32, bytes_to_pairs(at + i * 32));
    } else {
        const uint16_t *at = (const uint16_t *)keys + of_page * pairs * 32;
        for (int32_t i = 0; i < pairs; i++) {
            split_rows(
                half_to_float(at + i * 32), half_to_float(at + i * 32 + 16), high + i * 32,
                low + i * 32);
        }
    }
    for (int32_t i = pairs; i < steps * TILE_ROWS; i++) {
        put(high + i * 32, (vi){});
        put(low + i * 32, (vi){});
    }
}

// Values of 32 positions, as a tile for each 16 of their elements. Those from the position
// `end` on are 0: nobody has written them.
static void place_values(
    workspace *w, const rk_cache_layout *cache, const uint8_t *values, int32_t step, int32_t end) {
    int32_t size = cache->value_size, first = step * TILE_COLS % RK_PAGE;
    for (int32_t tile = 0; tile < size / 16; tile++) {
        int64_t to = ((int64_t)tile * STEPS + step) * (TILE_BYTES / 2);
        int16_t *high = w->values[0] + to, *low = w->values[1] + to;
        for (int32_t i = 0; i < TILE_COLS; i += 2, high += 32, low += 32) {
            int32_t left = end - (step * TILE_COLS + i);
            if (left <= 0) {
                put(high, (vi){});
                put(low, (vi){});
            } else if (cache->type == RK_CACHE_Q8) {
                vi both = bytes_to_pairs((const int8_t *)values + (first + i) * size + tile * 32);
                put(high, left == 1 ? both & 0xffff : both);
            } else {
                const uint16_t *at = (const uint16_t *)values + (first + i) * size + tile * 16;
                vf second = left == 1 ? splat(0) : half_to_float(at + size);
                split_rows(half_to_float(at), second, high, low);
            }
        }
    }
}

// ---------------------------------------------------------------- products

// Two tiles of rows of `left`, `left_tile` elements apart, times two tiles of columns of
// `right`, over `steps` of 32.
INLINE void multiply_pair(
    factor left, int64_t left_tile, factor right, int64_t right_tile, int32_t steps, float *out) {
    token_tile queries[2];
    for (int t = 0; t < 2; t++) {
        float *sums = out + t * TILE_ROWS * RK_CHUNK;
        queries[t] = (token_tile){
            .width = TILE_ROWS, .inputs = left.high + t * left_tile,
            .low_inputs = left.low + t * left_tile, .output = {sums, sums + TILE_ROWS}};
    }
    weight_panel panel = {
        .high = (const uint8_t *)right.high, .low = (const uint8_t *)right.low,
        .stride = right_tile * (int64_t)sizeof *right.high, .parts = right.low ? 3 : 2};
    if (right.low) multiply_tiles(queries, panel, steps, false, RK_CHUNK, 2, GROUPS, 3);
    else multiply_tiles(queries, panel, steps, false, RK_CHUNK, 2, GROUPS, 2);
}

// ---------------------------------------------------------------- weights

/// The positions of the chunk that a query looks at: [begin, end).
typedef struct {
    int32_t begin, end;
} span;

static span seen(const rk_attention *a, int32_t position, int32_t chunk_first) {
    int32_t end = position + 1 - chunk_first;
    int32_t begin = a->window ? end - a->window : 0;
    return (span){begin > 0 ? begin : 0, end < RK_CHUNK ? end : RK_CHUNK};
}

static const vi lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Where the 16 positions from p on are in the span: all bits.
INLINE vi within(span s, int32_t p) { return (lane + p >= s.begin) & (lane + p < s.end); }

INLINE vf where(vi condition, vf yes, vf no) {
    return (vf)((condition & (vi)yes) | (~condition & (vi)no));
}

// Scales of the cache's 16 positions from p on, of keys or values.
INLINE vf scales_at(const float *const *of_pages, int32_t p) {
    return load(of_pages[p / RK_PAGE] + p % RK_PAGE);
}

// What has to be done to scores over the steps [first, last) but for a plain factor, which is
// returned.
static float finish_scores(
    const rk_attention *a, float *scores, int32_t first, int32_t last,
    const float *const *key_scales) {
    bool scaled = a->cache.type == RK_CACHE_Q8, capped = a->soft_cap > 0;
    if (!scaled && !capped) return a->scale;
    for (int32_t p = first * TILE_COLS; p < last * TILE_COLS; p += LANES) {
        vf v = load(scores + p) * a->scale;
        if (scaled) v *= scales_at(key_scales, p);
        if (capped) {
            for (int i = 0; i < LANES; i++) v[i] = a->soft_cap * tanhf(v[i] / a->soft_cap);
        }
        store(scores + p, v);
    }
    return 1;
}

// The scores of a query over the steps [first, last), times `factor`, become weights
// e^(score − largest): a row of a left factor. *largest and *total are those of its span, which
// is not empty. `value_scales` is NULL where values have none.
static void weigh(
    const float *scores, float factor, span s, int32_t first, int32_t last,
    const float *const *value_scales, int16_t *high, int16_t *low, float *largest,
    float *total) {
    vf most = splat(-INFINITY), sum = splat(0);
    for (int32_t p = s.begin / LANES * LANES; p < s.end; p += LANES) {
        vf v = load(scores + p) * factor;
        bool is_edge = p < s.begin || p + LANES > s.end;
        most = max_(most, is_edge ? where(within(s, p), v, most) : v);
    }
    *largest = max_lanes(most);
    for (int32_t step = first; step < last; step++) {
        const int32_t from = step * TILE_COLS;
        const bool is_edge = from < s.begin || from + TILE_COLS > s.end;
        vf e[2];
        UNROLL for (int i = 0; i < 2; i++) {
            const int32_t p = from + i * LANES;
            e[i] = exp_(load(scores + p) * factor - *largest);
            if (is_edge) e[i] = where(within(s, p), e[i], splat(0));
            sum += e[i];
            if (!value_scales) continue;
            e[i] *= scales_at(value_scales, p);
            // Positions that nobody has written may have any scale.
            if (is_edge) e[i] = where(within(s, p), e[i], splat(0));
        }
        split_row(e[0], e[1], high + step * (TILE_BYTES / 2), low + step * (TILE_BYTES / 2));
    }
    *total = sum_lanes(sum);
}

// ---------------------------------------------------------------- attention

// Queries of one head, `count` rows from `row` on, as a left factor.
static void place_queries(
    workspace *w, const rk_attention *a, int32_t row, int32_t count, int32_t head, int32_t steps) {
    int32_t size = a->cache.head_size;
    for (int32_t q = 0; q < count; q++) {
        const float *query
            = a->queries + (row + q) * a->query_stride + (int64_t)head * size;
        int64_t to = left_row(q, steps);
        for (int32_t d = 0; d < size; d += TILE_COLS, to += TILE_BYTES / 2) {
            vf part[2] = {splat(0), splat(0)};
            size_t left = (size_t)(size - d < TILE_COLS ? size - d : TILE_COLS);
            memcpy(part, query + d, left * sizeof(float));
            split_row(part[0], part[1], w->queries[0] + to, w->queries[1] + to);
        }
    }
}

/// The chunk of an item; its pages' scales for one key head.
typedef struct {
    int32_t number;
    /// Steps of 32 that keys and queries have.
    int32_t head_steps;
    const float *key_scales[RK_CHUNK / RK_PAGE], *value_scales[RK_CHUNK / RK_PAGE];
} chunk_view;

// Up to PAIR rows from `row` on beside the positions that have been placed, for one query head.
static void attend_rows(
    workspace *w, const rk_attention *a, const chunk_view *chunk, int32_t row, int32_t count,
    int32_t head) {
    int32_t size = a->cache.value_size, steps = chunk->head_steps;
    bool whole = a->cache.type == RK_CACHE_Q8;
    span spans[PAIR];
    int32_t low = RK_CHUNK, high = 0;
    for (int32_t q = 0; q < count; q++) {
        spans[q] = seen(a, a->rows[row + q].position, chunk->number * RK_CHUNK);
        if (spans[q].begin >= spans[q].end) continue;
        if (spans[q].begin < low) low = spans[q].begin;
        if (spans[q].end > high) high = spans[q].end;
    }
    // Steps of 32 positions that any of these rows looks at.
    int32_t first = low / TILE_COLS, last = (high + TILE_COLS - 1) / TILE_COLS;
    place_queries(w, a, row, count, head, steps);
    factor queries = {w->queries[0], w->queries[1]};
    int64_t head_tile = (int64_t)steps * (TILE_BYTES / 2);
    for (int32_t step = first; step < last; step++) {
        int64_t at = step * 2 * head_tile;
        factor keys = {w->keys[0] + at, whole ? NULL : w->keys[1] + at};
        multiply_pair(queries, head_tile, keys, head_tile, steps, w->results + step * TILE_COLS);
    }
    float largest[PAIR], total[PAIR];
    for (int32_t q = 0; q < count; q++) {
        int64_t at = left_row(q, STEPS);
        if (spans[q].begin < spans[q].end) {
            float *scores = w->results + q * RK_CHUNK;
            float factor = finish_scores(a, scores, first, last, chunk->key_scales);
            weigh(scores, factor, spans[q], first, last, whole ? chunk->value_scales : NULL,
                  w->weights[0] + at, w->weights[1] + at, &largest[q], &total[q]);
            continue;
        }
        for (int32_t step = first; step < last; step++) {
            memset(w->weights[0] + at + step * (TILE_BYTES / 2), 0, TILE_ROW);
            memset(w->weights[1] + at + step * (TILE_BYTES / 2), 0, TILE_ROW);
        }
        largest[q] = -INFINITY;
        total[q] = 0;
    }
    int64_t chunk_tile = (int64_t)STEPS * (TILE_BYTES / 2), from = first * (TILE_BYTES / 2);
    factor weights = {w->weights[0] + from, w->weights[1] + from};
    for (int32_t d = 0; d < size; d += PAIR) {
        int64_t at = d / TILE_ROWS * chunk_tile + from;
        factor values = {w->values[0] + at, whole ? NULL : w->values[1] + at};
        multiply_pair(weights, chunk_tile, values, chunk_tile, last - first, w->results + d);
    }
    for (int32_t q = 0; q < count; q++) {
        float *partial = rk_partial(a, row + q, head, chunk->number);
        memcpy(partial, w->results + q * RK_CHUNK, sizeof(float) * (size_t)size);
        partial[size] = largest[q];
        partial[size + 1] = total[q];
    }
}

void rk_amx_attend(const rk_attention *a, const rk_attention_item *item, int32_t kv_head) {
    static _Thread_local _Alignas(64) workspace space;
    const rk_cache_layout *cache = &a->cache;
    if (cache->type == RK_CACHE_F32 || cache->head_size % 2 || cache->head_size > MOST_HEAD
        || cache->value_size % 16 || cache->value_size > MOST_HEAD) {
        rk_avx512_table.attend(a, item, kv_head);
        return;
    }
    workspace *w = &space;
    int32_t row = a->row_index[item->first_row], group = a->heads / cache->kv_heads;
    int32_t chunk_first = item->chunk * RK_CHUNK;
    // What the first row looks at begins first, what the last one does ends last.
    const rk_row *rows = a->rows + row;
    span low = seen(a, rows[0].position, chunk_first);
    span high = seen(a, rows[item->row_count - 1].position, chunk_first);
    chunk_view chunk = {
        .number = item->chunk, .head_steps = (cache->head_size + TILE_COLS - 1) / TILE_COLS};
    for (int32_t p = low.begin / TILE_COLS * TILE_COLS; p < high.end; p += TILE_COLS) {
        page_head page = find_page(a, rows, kv_head, chunk_first + p);
        place_keys(w, cache, page.keys, p / TILE_ROWS, chunk.head_steps);
        place_keys(w, cache, page.keys, p / TILE_ROWS + 1, chunk.head_steps);
        place_values(w, cache, page.values, p / TILE_COLS, high.end);
        if (cache->type != RK_CACHE_Q8) continue;
        chunk.key_scales[p / RK_PAGE]
            = (const float *)(page.keys + rk_cache_scales(cache->key_bytes));
        chunk.value_scales[p / RK_PAGE]
            = (const float *)(page.values + rk_cache_scales(cache->value_bytes));
    }
    shape_tiles(TILE_ROWS, TILE_ROWS);
    for (int32_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int32_t q = 0; q < item->row_count; q += PAIR) {
            int32_t count = item->row_count - q < PAIR ? item->row_count - q : PAIR;
            attend_rows(w, a, &chunk, row + q, count, head);
        }
    }
    // Tiles in use would be saved whenever the thread is interrupted.
    _tile_release();
}

#pragma clang attribute pop
#endif
