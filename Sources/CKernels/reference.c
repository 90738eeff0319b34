// The reference: plain C over float32, in the order of the formulas. It stays, and every
// fast kernel is tested against it.
#include "internal.h"

#include <stdlib.h>

static void prepare(
    const rk_activations *set, int32_t token, const float *row, int32_t first, int32_t count,
    bool quantize, bool copy) {
    (void)quantize;
    (void)copy;
    float *target = set->values + (int64_t)token * set->cols + first;
    if (target != row + first) memcpy(target, row + first, sizeof(float) * (size_t)count);
}

static void multiply(
    const rk_matrix *m, const rk_activations *set, rk_groups groups, float *output,
    int64_t stride, bool add) {
    int32_t first = groups.first * RK_ROWS, end = first + groups.count * RK_ROWS;
    if (end > m->rows) end = m->rows;
    float *row = malloc(sizeof(float) * (size_t)m->cols);
    if (!row) abort();
    for (int32_t r = first; r < end; r++) {
        rk_matrix_row(m, r, row);
        for (int32_t t = 0; t < set->tokens; t++) {
            const float *x = set->values + (int64_t)t * m->cols;
            float sum = 0;
            for (int32_t c = 0; c < m->cols; c++) sum += row[c] * x[c];
            float *cell = output + t * stride + r;
            *cell = add ? *cell + sum : sum;
        }
    }
    free(row);
}

static void normalize(
    int32_t kind, const float *x, const float *weight, const float *bias, float epsilon,
    int32_t n, float *out) {
    float mean = 0, square = 0;
    if (kind == RK_NORM_LAYER) {
        for (int32_t i = 0; i < n; i++) mean += x[i];
        mean /= (float)n;
    }
    for (int32_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
    float scale = 1.0f / sqrtf(square / (float)n + epsilon);
    for (int32_t i = 0; i < n; i++) {
        float v = (x[i] - mean) * scale;
        if (weight) v *= weight[i];
        if (bias) v += bias[i];
        out[i] = v;
    }
}

static float act(int32_t kind, float x) {
    switch (kind) {
    case RK_ACT_SILU: return x / (1.0f + expf(-x));
    case RK_ACT_GELU_TANH:
        return 0.5f * x * (1.0f + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
    case RK_ACT_GELU: return 0.5f * x * (1.0f + erff(x * 0.7071067811865476f));
    default: return x > 0 ? x : 0;
    }
}

static void activate(int32_t kind, float *gate, const float *up, int32_t n) {
    for (int32_t i = 0; i < n; i++) gate[i] = up ? act(kind, gate[i]) * up[i] : act(kind, gate[i]);
}

static void rotate(
    float *head, int32_t rotary, bool interleaved, const float *cosines, const float *sines) {
    for (int32_t i = 0; i < rotary / 2; i++) {
        float *a = head + (interleaved ? 2 * i : i);
        float *b = head + (interleaved ? 2 * i + 1 : rotary / 2 + i);
        float x = *a, y = *b;
        *a = x * cosines[i] - y * sines[i];
        *b = x * sines[i] + y * cosines[i];
    }
}

// ---------------------------------------------------------------- cache

void rk_cache_layout_make(
    rk_cache_layout *layout, int32_t type, int32_t kv_heads, int32_t head_size,
    int32_t value_size) {
    int64_t element = type == RK_CACHE_F32 ? 4 : type == RK_CACHE_F16 ? 2 : 1;
    int64_t scales = type == RK_CACHE_Q8 ? RK_PAGE * 4 : 0;
    layout->type = type;
    layout->kv_heads = kv_heads;
    layout->head_size = head_size;
    layout->value_size = value_size;
    // Pairs are whole, also of an odd head.
    int32_t key_size = type == RK_CACHE_Q8 ? (head_size + 1) / 2 * 2 : head_size;
    layout->key_bytes = element * key_size * RK_PAGE + scales;
    layout->value_bytes = element * value_size * RK_PAGE + scales;
    layout->layer_bytes = (layout->key_bytes + layout->value_bytes) * kv_heads;
}

static float store_scale(const float *x, int32_t n) {
    float largest = 0;
    for (int32_t i = 0; i < n; i++) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    return largest / 127.0f;
}

// Where element `d` of position `p` of a page stands among its head's keys or values, in elements.
static int32_t key_index(const rk_cache_layout *layout, int32_t p, int32_t d) {
    if (layout->type != RK_CACHE_Q8) return (p / 16 * layout->head_size + d) * 16 + p % 16;
    int32_t pairs = (layout->head_size + 1) / 2;
    return ((p / 16 * pairs + d / 2) * 16 + p % 16) * 2 + d % 2;
}

static int32_t value_index(const rk_cache_layout *layout, int32_t p, int32_t d) {
    if (layout->type != RK_CACHE_Q8) return p * layout->value_size + d;
    return (p / 2 * layout->value_size + d) * 2 + p % 2;
}

static float load_element(int32_t type, const uint8_t *elements, int32_t index) {
    return type == RK_CACHE_F32 ? ((const float *)elements)[index]
        : type == RK_CACHE_F16  ? rk_f16_to_f32(((const uint16_t *)elements)[index])
                                : ((const int8_t *)elements)[index];
}

void rk_store_cached(
    const rk_cache_layout *layout, int64_t layer_offset, const rk_row *row, int32_t kv_head,
    const float *key, const float *value) {
    uint8_t *keys = row->pages[row->position / RK_PAGE] + layer_offset
        + kv_head * (layout->key_bytes + layout->value_bytes);
    uint8_t *values = keys + layout->key_bytes;
    int32_t p = row->position % RK_PAGE, n = layout->head_size, m = layout->value_size;
    // Each token writes here once a layer and head, so places are stepped to from the first one.
    int32_t key_at = key_index(layout, p, 0), value_at = value_index(layout, p, 0);
    if (layout->type == RK_CACHE_F32) {
        for (int32_t d = 0; d < n; d++) ((float *)keys)[key_at + d * 16] = key[d];
        memcpy((float *)values + value_at, value, sizeof(float) * (size_t)m);
    } else if (layout->type == RK_CACHE_F16) {
        for (int32_t d = 0; d < n; d++) {
            ((uint16_t *)keys)[key_at + d * 16] = rk_f32_to_f16(key[d]);
        }
        for (int32_t d = 0; d < m; d++) {
            ((uint16_t *)values)[value_at + d] = rk_f32_to_f16(value[d]);
        }
    } else {
        float k = store_scale(key, n), v = store_scale(value, m);
        ((float *)(keys + rk_cache_scales(layout->key_bytes)))[p] = k;
        ((float *)(values + rk_cache_scales(layout->value_bytes)))[p] = v;
        float over_k = k > 0 ? 1 / k : 0, over_v = v > 0 ? 1 / v : 0;
        for (int32_t d = 0; d < n; d++) {
            ((int8_t *)keys)[key_at + d / 2 * 32 + d % 2] = (int8_t)lrintf(key[d] * over_k);
        }
        for (int32_t d = 0; d < m; d++) {
            ((int8_t *)values)[value_at + d * 2] = (int8_t)lrintf(value[d] * over_v);
        }
    }
}

typedef struct {
    const uint8_t *keys, *values;
    int32_t p;
} cached_position;

static cached_position locate(const rk_attention *a, const rk_row *row, int32_t kv_head, int32_t p) {
    const uint8_t *keys = row->pages[p / RK_PAGE] + a->layer_offset
        + kv_head * (a->cache.key_bytes + a->cache.value_bytes);
    return (cached_position){keys, keys + a->cache.key_bytes, p % RK_PAGE};
}

static float score(const rk_attention *a, cached_position at, const float *query) {
    const rk_cache_layout *cache = &a->cache;
    float sum = 0;
    for (int32_t d = 0; d < cache->head_size; d++) {
        sum += query[d] * load_element(cache->type, at.keys, key_index(cache, at.p, d));
    }
    if (cache->type == RK_CACHE_Q8) {
        sum *= ((const float *)(at.keys + rk_cache_scales(cache->key_bytes)))[at.p];
    }
    sum *= a->scale;
    return a->soft_cap > 0 ? a->soft_cap * tanhf(sum / a->soft_cap) : sum;
}

static float value_at(const rk_attention *a, cached_position at, int32_t d) {
    const rk_cache_layout *cache = &a->cache;
    float x = load_element(cache->type, at.values, value_index(cache, at.p, d));
    if (cache->type != RK_CACHE_Q8) return x;
    return x * ((const float *)(at.values + rk_cache_scales(cache->value_bytes)))[at.p];
}

static int32_t first_seen(const rk_attention *a, int32_t position) {
    return a->window && position + 1 > a->window ? position + 1 - a->window : 0;
}

static void attend(const rk_attention *a, const rk_attention_item *item, int32_t kv_head) {
    int32_t group = a->heads / a->cache.kv_heads, size = a->cache.value_size;
    for (int32_t i = 0; i < item->row_count; i++) {
        int32_t index = a->row_index[item->first_row + i];
        const rk_row *row = &a->rows[index];
        int32_t begin = item->chunk * RK_CHUNK, end = begin + RK_CHUNK;
        if (end > row->position + 1) end = row->position + 1;
        if (begin < first_seen(a, row->position)) begin = first_seen(a, row->position);
        for (int32_t g = 0; g < group; g++) {
            int32_t head = kv_head * group + g;
            const float *query
                = a->queries + index * a->query_stride + (int64_t)head * a->cache.head_size;
            float *sums = rk_partial(a, index, head, item->chunk);
            float scores[RK_CHUNK];
            float most = -INFINITY, weight = 0;
            for (int32_t p = begin; p < end; p++) {
                scores[p - begin] = score(a, locate(a, row, kv_head, p), query);
                if (scores[p - begin] > most) most = scores[p - begin];
            }
            memset(sums, 0, sizeof(float) * (size_t)size);
            for (int32_t p = begin; p < end; p++) {
                float w = expf(scores[p - begin] - most);
                cached_position at = locate(a, row, kv_head, p);
                for (int32_t d = 0; d < size; d++) sums[d] += w * value_at(a, at, d);
                weight += w;
            }
            sums[size] = most;
            sums[size + 1] = weight;
        }
    }
}

static void axpy(float a, const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) y[i] += a * x[i];
}

static void merge(
    const rk_attention *a, int32_t row, int32_t first, int32_t count, float *out) {
    int32_t size = a->cache.value_size, chunks = a->rows[row].position / RK_CHUNK + 1;
    for (int32_t head = first; head < first + count; head++) {
        float *target = out + (int64_t)head * size;
        float most = -INFINITY, weight = 0;
        for (int32_t c = 0; c < chunks; c++) {
            if (rk_partial(a, row, head, c)[size] > most) most = rk_partial(a, row, head, c)[size];
        }
        memset(target, 0, sizeof(float) * (size_t)size);
        for (int32_t c = 0; c < chunks; c++) {
            const float *partial = rk_partial(a, row, head, c);
            if (partial[size] == -INFINITY) continue;
            float factor = expf(partial[size] - most);
            weight += factor * partial[size + 1];
            axpy(factor, partial, target, size);
        }
        for (int32_t d = 0; d < size; d++) target[d] /= weight;
    }
}

void rk_attention_probabilities(const rk_attention *a, int32_t row, int32_t head, float *out) {
    const rk_row *place = &a->rows[row];
    int32_t kv_head = head / (a->heads / a->cache.kv_heads);
    const float *query = a->queries + row * a->query_stride + (int64_t)head * a->cache.head_size;
    int32_t begin = first_seen(a, place->position);
    float most = -INFINITY, weight = 0;
    for (int32_t p = 0; p < begin; p++) out[p] = 0;
    for (int32_t p = begin; p <= place->position; p++) {
        out[p] = score(a, locate(a, place, kv_head, p), query);
        if (out[p] > most) most = out[p];
    }
    for (int32_t p = begin; p <= place->position; p++) {
        out[p] = expf(out[p] - most);
        weight += out[p];
    }
    for (int32_t p = begin; p <= place->position; p++) out[p] /= weight;
}

static float log_sum_exp(const float *x, int32_t n, int32_t *argmax) {
    int32_t at = 0;
    for (int32_t i = 1; i < n; i++) {
        if (x[i] > x[at]) at = i;
    }
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += exp((double)(x[i] - x[at]));
    if (argmax) *argmax = at;
    return x[at] + (float)log(sum);
}

const rk_kernels rk_reference_table = {
    .name = "reference", .packed = false, .prepare = prepare, .multiply = multiply,
    .normalize = normalize, .activate = activate, .rotate = rotate, .store = rk_store_cached,
    .attend = attend, .merge = merge, .log_sum_exp = log_sum_exp, .axpy = axpy,
};
