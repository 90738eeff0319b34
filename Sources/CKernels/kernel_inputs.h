// Rounds the inputs of integer products, part of kernel_body.h.

#define VECTORS (RK_BLOCK / LANES)

typedef struct {
    /// Outliers among them.
    vi q[VECTORS];
    float scale;
    rk_outliers outliers;
} NAME(quantized);

// A block for rk_activations. What stands out is decided by whole numbers that a float holds
// exactly, so that all instruction sets decide alike.
INLINE NAME(quantized) NAME(quantize)(const vf *v) {
    NAME(quantized) block = {};
    // Of those that are no outliers.
    vf size[VECTORS];
    vi place[VECTORS];
    UNROLL for (int i = 0; i < VECTORS; i++) {
        size[i] = __builtin_elementwise_abs(v[i]);
        UNROLL for (int k = 0; k < LANES; k++) place[i][k] = i * LANES + k;
    }
    float largest = 0;
    int found = 0;
    for (;; found++) {
        vf most = size[0];
        UNROLL for (int i = 1; i < VECTORS; i++) most = max_(most, size[i]);
        const float left = max_lanes(most);
        if (found == 0) largest = left;
        block.scale = left / 127;
        const float inverse = left > 0 ? 127 / left : 0;
        vf squares = splat(0);
        UNROLL for (int i = 0; i < VECTORS; i++) {
            // Of a block without outliers: behind the loop it would wait for their number.
            block.q[i] = round_to_int(v[i] * inverse);
            const vf whole = __builtin_elementwise_roundeven(size[i] * inverse);
            squares = fma_(whole, whole, squares);
        }
        // Not either where one is no number.
        const bool stands_out = 4 * sum_lanes(squares) < 9 * 127 * 127;
        if (found == 2 || left == 0 || !stands_out) break;
        vi first = (vi){} + RK_BLOCK;
        UNROLL for (int i = 0; i < VECTORS; i++) {
            const vi there = (vi)(size[i] == left);
            first = __builtin_elementwise_min(first, (place[i] & there) | (RK_BLOCK & ~there));
        }
        const int column = __builtin_reduce_min(first);
        UNROLL for (int i = 0; i < VECTORS; i++) {
            size[i] = (vf)((vi)size[i] & (vi)(place[i] != column));
        }
        block.outliers.column[found] = (uint8_t)column;
    }
    if (found == 0) return block;
    // Outliers must fit 16 bits.
    const float least = largest / INT16_MAX;
    if (block.scale < least) block.scale = least;
    UNROLL for (int i = 0; i < VECTORS; i++) block.q[i] = round_to_int(v[i] * (1 / block.scale));
    for (int n = 0; n < found; n++) {
        vi value = {};
        UNROLL for (int i = 0; i < VECTORS; i++) {
            value |= block.q[i] & (vi)(place[i] == block.outliers.column[n]);
        }
        block.outliers.value[n] = (int16_t)__builtin_reduce_or(value);
    }
    return block;
}

static void NAME(prepare)(
    const rk_activations *set, int32_t token, const float *row, int32_t first, int32_t count,
    bool quantize, bool copy) {
    int32_t cols = set->cols;
    if (copy) {
        float *target = set->values + (int64_t)token * cols + first;
        if (target != row + first) memcpy(target, row + first, sizeof(float) * (size_t)count);
    }
    if (!quantize) return;
    int32_t blocks = cols / RK_BLOCK;
    int32_t tile = token - token % set->tile;
    int32_t width = rk_tile_width(set, tile);
    int64_t base = (int64_t)tile * blocks + (token - tile);
    for (int32_t b = first / RK_BLOCK; b < (first + count) / RK_BLOCK; b++) {
        const float *x = row + b * RK_BLOCK;
        vf v[VECTORS];
        UNROLL for (int i = 0; i < VECTORS; i++) v[i] = load(x + i * LANES);
        const NAME(quantized) block = NAME(quantize)(v);
        const vi *q = block.q;
        int64_t at = base + (int64_t)b * width;
        pack_block(set->quants + at * RK_BLOCK, q);
        for (int n = 0; n < 2 && block.outliers.value[n]; n++) {
            set->quants[at * RK_BLOCK + block.outliers.column[n]] = 0;
        }
#ifdef INPUT_WORDS
        NAME(store_words)(set->words + at * RK_BLOCK, q);
#endif
        set->outliers[at] = block.outliers;
        vi halves[2] = {{}, {}};
        UNROLL for (int i = 0; i < VECTORS; i++) halves[i * LANES / 16] += q[i];
        int32_t half[2] = {__builtin_reduce_add(halves[0]), __builtin_reduce_add(halves[1])};
        int32_t total = half[0] + half[1];
        set->scales[at] = block.scale;
        set->sums[at] = block.scale * (float)total;
        set->half_sums[at] = block.scale * (float)half[0];
        int32_t *totals = set->totals + at * 3;
        totals[0] = total;
        totals[1] = half[0];
        totals[2] = half[1];
    }
}
