// The fast kernels, written once over vectors of LANES float32 or int32 lanes and compiled
// for each instruction set by the file that includes this one. It defines before:
//   LANES            4-byte lanes of a vector
//   NAME(x)          x with the instruction set's suffix
//   TOKEN_TILE       widest register tile, in tokens, of a matrix product
//   VALUE_TILE       rows of a register tile in the values part of attention
//   dot_small(a, w, x)  a + Σ4 w · x for bytes w ≤ 127 (unsigned) and signed bytes x
//   dot_nibbles(a, w, x), finish_nibbles(a)  the same for w ≤ 15, where NIBBLES_APART is 1 in
//                    16-bit lanes that finish_nibbles adds up, at most eight in a row
//   DUAL_TILE        widest tile that keeps sums of both planes in registers
//   dot_wide(a, w, x)   the same for bytes that stand 128 above their value
//   PLANES           planes of quantised inputs by default
//   WIDE_ZERO        1 where dot_wide leaves the 128 in, to be taken out by zeros128
//   half_to_float(p), float_to_half(p, v), bytes_to_float(p), round_to_int(v),
//   pack_store(p, v)

#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef float vf_loose __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint8_t vb __attribute__((vector_size(4 * LANES)));
typedef uint16_t vs_loose __attribute__((vector_size(2 * LANES), aligned(2)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));

INLINE vf splat(float x) { return (vf){} + x; }
INLINE vf load(const float *p) { return *(const vf_loose *)p; }
INLINE void store(float *p, vf v) { *(vf_loose *)p = v; }
INLINE vf fma_(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
INLINE vf max_(vf a, vf b) { return __builtin_elementwise_max(a, b); }
INLINE vf min_(vf a, vf b) { return __builtin_elementwise_min(a, b); }
INLINE vf bf16_to_float(const uint16_t *p) {
    vu wide = __builtin_convertvector(*(const vs_loose *)p, vu);
    return (vf)(wide << 16);
}
INLINE float sum_lanes(vf v) {
    float total = 0;
    UNROLL for (int i = 0; i < LANES; i++) total += v[i];
    return total;
}
INLINE float max_lanes(vf v) {
    float most = v[0];
    UNROLL for (int i = 1; i < LANES; i++) most = v[i] > most ? v[i] : most;
    return most;
}

// e^x: 2^n · p(f) with x·log2 e = n + f, |f| ≤ ½; relative error below 2^-22. Below -87 zero.
INLINE vf exp_(vf x) {
    vf z = x * 1.44269504088896341f;
    z = min_(max_(z, splat(-126.0f)), splat(127.0f));
    vf n = __builtin_elementwise_roundeven(z);
    vf f = z - n;
    vf p = splat(1.540353039338160e-4f);
    p = fma_(p, f, splat(1.333355814642844e-3f));
    p = fma_(p, f, splat(9.618129107628477e-3f));
    p = fma_(p, f, splat(5.550410866482158e-2f));
    p = fma_(p, f, splat(2.402265069591007e-1f));
    p = fma_(p, f, splat(6.931471805599453e-1f));
    p = fma_(p, f, splat(1.0f));
    vi exponent = (__builtin_convertvector(n, vi) + 127) << 23;
    vi keep = x >= -87.0f;
    return (vf)((vi)(p * (vf)exponent) & keep);
}

// ---------------------------------------------------------------- activations

static void NAME(prepare)(
    const rk_activations *set, int32_t token, const float *row, bool quantize, bool copy) {
    int32_t cols = set->cols;
    if (copy) {
        float *target = set->values + (int64_t)token * cols;
        if (target != row) memcpy(target, row, sizeof(float) * (size_t)cols);
    }
    if (!quantize) return;
    int32_t blocks = cols / RK_BLOCK;
    int32_t first = token - token % RK_TILE;
    int32_t width = rk_tile_width(set->tokens, first);
    int64_t base = (int64_t)first * blocks + (token - first);
    for (int32_t b = 0; b < blocks; b++) {
        const float *x = row + b * RK_BLOCK;
        vf v[RK_BLOCK / LANES];
        vf most = splat(0);
        UNROLL for (int i = 0; i < RK_BLOCK / LANES; i++) {
            v[i] = load(x + i * LANES);
            vf magnitude = __builtin_elementwise_abs(v[i]);
            most = max_(most, magnitude);
        }
        float largest = max_lanes(most);
        float limit = set->planes == 2 ? 127.0f * 128.0f : 127.0f;
        float scale = largest / limit;
        float inverse = largest > 0 ? limit / largest : 0;
        int64_t at = base + (int64_t)b * width;
        int8_t *quants = set->quants + at * RK_BLOCK;
        int8_t *low = set->low_quants + at * RK_BLOCK;
        int32_t half[2] = {0, 0};
        UNROLL for (int i = 0; i < RK_BLOCK / LANES; i++) {
            vi q = round_to_int(v[i] * inverse);
            if (set->planes == 2) {
                vi high = (q + 64) >> 7;
                pack_store(quants + i * LANES, high);
                pack_store(low + i * LANES, q - (high << 7));
            } else {
                pack_store(quants + i * LANES, q);
            }
            half[i * LANES / 16] += __builtin_reduce_add(q);
        }
        int32_t total = half[0] + half[1];
        set->scales[at] = scale;
        set->sums[at] = scale * (float)total;
        set->half_sums[at] = scale * (float)half[0];
        set->zeros8[at * 3] = -8 * total;
        set->zeros8[at * 3 + 1] = -8 * half[0];
        set->zeros8[at * 3 + 2] = -8 * half[1];
        set->zeros128[at * 3] = -128 * total;
        set->zeros128[at * 3 + 1] = -128 * half[0];
        set->zeros128[at * 3 + 2] = -128 * half[1];
    }
}

// ---------------------------------------------------------------- integer products

// Four columns of 16 rows as bytes. With 4 bits, low nibbles are the first 16 columns, high
// nibbles the last.
INLINE vb NAME(unpack)(const uint8_t *weights, const int column, const int bits) {
    if (bits == 8) return *(const vb *)(weights + column * 64);
    vb packed = *(const vb *)(weights + column % 4 * 64);
    return column < 4 ? packed & 15 : (vb)(((vu)packed >> 4) & 0x0f0f0f0fu);
}

INLINE vi NAME(dot)(vi sum, vb w, const int8_t *x, const int bits, const int zero) {
    int32_t word;
    memcpy(&word, x, 4);
    if (bits == 4) return dot_nibbles(sum, w, word);
    return zero == 128 ? dot_wide(sum, w, word) : dot_small(sum, w, word);
}

// One group of 16 rows times one tile of `T` tokens. All parameters but the pointers are
// constants at each call, so that the loops unroll into straight register code.
INLINE void NAME(int_tile)(
    const rk_tile *tile, const uint8_t *group, float *output, int64_t stride, bool add,
    const int32_t width, const int T, const int bits, const int scale_sets, const int has_min,
    const int zero, const int planes) {
    const int quant_bytes = bits == 4 ? 256 : 512;
    const int scale_bytes = 32 * scale_sets * (has_min ? 2 : 1);
    const int32_t blocks = tile->blocks;
    // Columns of four that one scale covers.
    const int words = scale_sets == 1 ? 8 : 4;
    for (int part = 0; part < RK_ROWS / LANES; part++) {
        const uint8_t *block = group;
        // Scales stand before the integers, padded to whole cache lines.
        const uint8_t *weights
            = group + ((int64_t)blocks * scale_bytes + 63) / 64 * 64 + part * LANES * 4;
        const int8_t *inputs[2] = {tile->quants, tile->low_quants};
        const float *scales = tile->scales, *sums = tile->sums, *halves = tile->half_sums;
        const int32_t *zeros = tile->zeros;
        vf total[TOKEN_TILE];
        UNROLL for (int t = 0; t < T; t++) total[t] = splat(0);
        for (int32_t b = 0; b < blocks; b++) {
            const uint16_t *block_scales = (const uint16_t *)block;
            UNROLL for (int set = 0; set < scale_sets; set++) {
                vi sum[TOKEN_TILE];
                if (T <= DUAL_TILE && planes == 2) {
                    // Few tokens: both planes at once, so that weights are unpacked once.
                    vi low[TOKEN_TILE];
                    UNROLL for (int t = 0; t < T; t++) sum[t] = low[t] = (vi){};
                    UNROLL for (int j = 0; j < words; j++) {
                        const int column = scale_sets == 1 ? j : set * 4 + j;
                        vb w = NAME(unpack)(weights, column, bits);
                        UNROLL for (int t = 0; t < T; t++) {
                            const int32_t at = t * RK_BLOCK + column * 4;
                            sum[t] = NAME(dot)(sum[t], w, inputs[0] + at, bits, zero);
                            low[t] = NAME(dot)(low[t], w, inputs[1] + at, bits, zero);
                        }
                    }
                    UNROLL for (int t = 0; t < T; t++) {
                        if (bits == 4) {
                            sum[t] = finish_nibbles(sum[t]);
                            low[t] = finish_nibbles(low[t]);
                        }
                        sum[t] = (sum[t] << 7) + low[t];
                    }
                } else {
                    UNROLL for (int t = 0; t < T; t++) sum[t] = (vi){};
                    UNROLL for (int plane = 0; plane < planes; plane++) {
                        vi part_sum[TOKEN_TILE];
                        UNROLL for (int t = 0; t < T; t++) {
                            part_sum[t] = !NIBBLES_APART || bits != 4
                                ? (plane == 0 ? (vi){} : sum[t] << 7)
                                : (vi){};
                        }
                        UNROLL for (int j = 0; j < words; j++) {
                            const int column = scale_sets == 1 ? j : set * 4 + j;
                            vb w = NAME(unpack)(weights, column, bits);
                            UNROLL for (int t = 0; t < T; t++) {
                                part_sum[t] = NAME(dot)(
                                    part_sum[t], w, inputs[plane] + t * RK_BLOCK + column * 4,
                                    bits, zero);
                            }
                        }
                        UNROLL for (int t = 0; t < T; t++) {
                            sum[t] = !NIBBLES_APART || bits != 4
                                ? part_sum[t]
                                : (sum[t] << 7) + finish_nibbles(part_sum[t]);
                        }
                    }
                }
                // Stored integers stand `zero` above their value; the sum of the inputs takes
                // that out.
                if (zero != 0 && (zero != 128 || WIDE_ZERO)) {
                    UNROLL for (int t = 0; t < T; t++) {
                        sum[t] += zeros[t * 3 + (scale_sets == 1 ? 0 : 1 + set)];
                    }
                }
                vf d = half_to_float(block_scales + set * 16 * (has_min ? 2 : 1) + part * LANES);
                UNROLL for (int t = 0; t < T; t++) {
                    vf scale = d * scales[t];
                    total[t] = fma_(__builtin_convertvector(sum[t], vf), scale, total[t]);
                }
                if (has_min) {
                    vf m = half_to_float(block_scales + set * 32 + 16 + part * LANES);
                    UNROLL for (int t = 0; t < T; t++) {
                        float s = scale_sets == 1 ? sums[t]
                            : set == 0            ? halves[t]
                                                  : sums[t] - halves[t];
                        total[t] = fma_(m, splat(s), total[t]);
                    }
                }
            }
            block += scale_bytes;
            weights += quant_bytes;
            inputs[0] += width * RK_BLOCK;
            inputs[1] += width * RK_BLOCK;
            scales += width;
            sums += width;
            halves += width;
            zeros += width * 3;
        }
        UNROLL for (int t = 0; t < T; t++) {
            float *target = output + t * stride + part * LANES;
            store(target, add ? load(target) + total[t] : total[t]);
        }
    }
}

typedef void (*NAME(int_tile_function))(
    const rk_tile *tile, const uint8_t *group, float *output, int64_t stride, bool add,
    int32_t width);

// Where the register tile is as wide as the stored tile, the width is a constant too.
#define TILE_WIDTH(T) (TOKEN_TILE >= RK_TILE ? (T) : width)
#define INT_TILE(T, BITS, SETS, MIN, ZERO, PLANES)                                             \
    static __attribute__((noinline)) void                                                      \
        NAME(int_tile_##T##_##BITS##_##SETS##_##MIN##_##ZERO##_##PLANES)(                      \
            const rk_tile *tile, const uint8_t *group, float *output, int64_t stride,          \
            bool add, int32_t width) {                                                         \
        (void)width;                                                                           \
        NAME(int_tile)(tile, group, output, stride, add, TILE_WIDTH(T), T, BITS, SETS, MIN,    \
                       ZERO, PLANES);                                                          \
    }
#define INT_TILES(T)                                                                           \
    INT_TILE(T, 4, 1, 0, 8, 1) INT_TILE(T, 4, 1, 1, 0, 1) INT_TILE(T, 8, 1, 0, 128, 1)         \
    INT_TILE(T, 8, 1, 1, 0, 1) INT_TILE(T, 4, 2, 0, 8, 1) INT_TILE(T, 4, 2, 1, 0, 1)           \
    INT_TILE(T, 8, 2, 0, 128, 1)                                                               \
    INT_TILE(T, 4, 1, 0, 8, 2) INT_TILE(T, 4, 1, 1, 0, 2) INT_TILE(T, 8, 1, 0, 128, 2)         \
    INT_TILE(T, 8, 1, 1, 0, 2) INT_TILE(T, 4, 2, 0, 8, 2) INT_TILE(T, 4, 2, 1, 0, 2)           \
    INT_TILE(T, 8, 2, 0, 128, 2)
#define INT_TILE_KINDS(T, P)                                                                   \
    {NAME(int_tile_##T##_4_1_0_8_##P), NAME(int_tile_##T##_4_1_1_0_##P),                       \
     NAME(int_tile_##T##_8_1_0_128_##P), NAME(int_tile_##T##_8_1_1_0_##P),                     \
     NAME(int_tile_##T##_4_2_0_8_##P), NAME(int_tile_##T##_4_2_1_0_##P),                       \
     NAME(int_tile_##T##_8_2_0_128_##P)}
#define INT_TILE_ROW(T) {INT_TILE_KINDS(T, 1), INT_TILE_KINDS(T, 2)}

INT_TILES(1)
INT_TILES(2)
INT_TILES(3)
INT_TILES(4)
#if TOKEN_TILE > 4
INT_TILES(5)
INT_TILES(6)
INT_TILES(7)
INT_TILES(8)
INT_TILES(9)
INT_TILES(10)
INT_TILES(11)
INT_TILES(12)
#endif

static const NAME(int_tile_function) NAME(int_tiles)[TOKEN_TILE][2][7] = {
    INT_TILE_ROW(1), INT_TILE_ROW(2), INT_TILE_ROW(3), INT_TILE_ROW(4),
#if TOKEN_TILE > 4
    INT_TILE_ROW(5), INT_TILE_ROW(6), INT_TILE_ROW(7), INT_TILE_ROW(8),
    INT_TILE_ROW(9), INT_TILE_ROW(10), INT_TILE_ROW(11), INT_TILE_ROW(12),
#endif
};

INLINE int NAME(int_kind)(const rk_matrix *m) {
    if (m->scales == 1) return m->bits == 4 ? (m->has_min ? 1 : 0) : (m->has_min ? 3 : 2);
    return m->bits == 4 ? (m->has_min ? 5 : 4) : 6;
}

// ---------------------------------------------------------------- float products

INLINE vf NAME(load_weights)(const uint8_t *p, const int layout) {
    if (layout == RK_LAYOUT_F16) return half_to_float((const uint16_t *)p);
    if (layout == RK_LAYOUT_BF16) return bf16_to_float((const uint16_t *)p);
    return load((const float *)p);
}

INLINE void NAME(float_tile)(
    const uint8_t *group, int32_t cols, const float *values, float *output, int64_t stride,
    bool add, const int T, const int layout) {
    const int element = layout == RK_LAYOUT_F32 ? 4 : 2;
    for (int part = 0; part < RK_ROWS / LANES; part++) {
        const uint8_t *weights = group + part * LANES * element;
        vf total[TOKEN_TILE];
        UNROLL for (int t = 0; t < T; t++) total[t] = splat(0);
        for (int32_t c = 0; c < cols; c++) {
            vf w = NAME(load_weights)(weights + (int64_t)c * RK_ROWS * element, layout);
            UNROLL for (int t = 0; t < T; t++) {
                total[t] = fma_(w, splat(values[(int64_t)t * cols + c]), total[t]);
            }
        }
        UNROLL for (int t = 0; t < T; t++) {
            float *target = output + t * stride + part * LANES;
            store(target, add ? load(target) + total[t] : total[t]);
        }
    }
}

typedef void (*NAME(float_tile_function))(
    const uint8_t *group, int32_t cols, const float *values, float *output, int64_t stride,
    bool add);

#define FLOAT_TILE(T, LAYOUT)                                                                  \
    static __attribute__((noinline)) void NAME(float_tile_##T##_##LAYOUT)(                                               \
        const uint8_t *group, int32_t cols, const float *values, float *output,                \
        int64_t stride, bool add) {                                                            \
        NAME(float_tile)(group, cols, values, output, stride, add, T, LAYOUT);                 \
    }
#define FLOAT_TILES(T) FLOAT_TILE(T, 2) FLOAT_TILE(T, 3) FLOAT_TILE(T, 4)
#define FLOAT_TILE_ROW(T)                                                                      \
    {NAME(float_tile_##T##_2), NAME(float_tile_##T##_3), NAME(float_tile_##T##_4)}

FLOAT_TILES(1)
FLOAT_TILES(2)
FLOAT_TILES(3)
FLOAT_TILES(4)
#if TOKEN_TILE > 4
FLOAT_TILES(5)
FLOAT_TILES(6)
FLOAT_TILES(7)
FLOAT_TILES(8)
FLOAT_TILES(9)
FLOAT_TILES(10)
FLOAT_TILES(11)
FLOAT_TILES(12)
#endif

static const NAME(float_tile_function) NAME(float_tiles)[TOKEN_TILE][3] = {
    FLOAT_TILE_ROW(1), FLOAT_TILE_ROW(2), FLOAT_TILE_ROW(3), FLOAT_TILE_ROW(4),
#if TOKEN_TILE > 4
    FLOAT_TILE_ROW(5), FLOAT_TILE_ROW(6), FLOAT_TILE_ROW(7), FLOAT_TILE_ROW(8),
    FLOAT_TILE_ROW(9), FLOAT_TILE_ROW(10), FLOAT_TILE_ROW(11), FLOAT_TILE_ROW(12),
#endif
};

static void NAME(multiply)(
    const rk_matrix *m, const rk_activations *set, int32_t first, int32_t count, float *output,
    int64_t stride, bool add) {
    if (m->layout == RK_LAYOUT_RAW) {
        rk_kernels_get(RK_KERNELS_REFERENCE)->multiply(m, set, first, count, output, stride, add);
        return;
    }
    int32_t blocks = m->cols / RK_BLOCK;
    for (int32_t g = first; g < first + count; g++) {
        const uint8_t *group = m->data + m->stride * g;
        bool partial = (g + 1) * RK_ROWS > m->rows;
        for (int32_t tile = 0; tile < set->tokens; tile += RK_TILE) {
            int32_t width = rk_tile_width(set->tokens, tile);
            float *out = output + (int64_t)tile * stride + (int64_t)g * RK_ROWS;
            // The last rows of a matrix may not fill a group; then the tile goes to the side.
            float side[RK_TILE * RK_ROWS];
            float *target = partial ? side : out;
            int64_t step = partial ? RK_ROWS : stride;
            bool sum = partial ? false : add;
            const int32_t *zeros = m->zero == 8 ? set->zeros8 : set->zeros128;
            int32_t T;
            for (int32_t done = 0; done < width; done += T) {
                T = width - done < TOKEN_TILE ? width - done : TOKEN_TILE;
                float *cells = target + done * step;
                if (m->layout == RK_LAYOUT_INT) {
                    int64_t at = (int64_t)tile * blocks + done;
                    rk_tile inputs = {
                        .blocks = blocks, .quants = set->quants + at * RK_BLOCK,
                        .low_quants = set->low_quants + at * RK_BLOCK,
                        .scales = set->scales + at, .sums = set->sums + at,
                        .half_sums = set->half_sums + at, .zeros = zeros + at * 3};
                    NAME(int_tiles)[T - 1][set->planes - 1][NAME(int_kind)(m)](
                        &inputs, group, cells, step, sum, width);
                } else {
                    NAME(float_tiles)[T - 1][m->layout - RK_LAYOUT_F16](
                        group, m->cols, set->values + (int64_t)(tile + done) * m->cols, cells,
                        step, sum);
                }
            }
            if (partial) {
                int32_t rows = m->rows - g * RK_ROWS;
                for (int32_t t = 0; t < width; t++) {
                    for (int32_t r = 0; r < rows; r++) {
                        float *cell = out + t * stride + r;
                        *cell = add ? *cell + side[t * RK_ROWS + r] : side[t * RK_ROWS + r];
                    }
                }
            }
        }
    }
}

// ---------------------------------------------------------------- rows of floats

static void NAME(normalize)(
    int32_t kind, const float *x, const float *weight, const float *bias, float epsilon,
    int32_t n, float *out) {
    int32_t whole = n - n % LANES;
    float mean = 0;
    if (kind == RK_NORM_LAYER) {
        vf sum = splat(0);
        for (int32_t i = 0; i < whole; i += LANES) sum += load(x + i);
        mean = sum_lanes(sum);
        for (int32_t i = whole; i < n; i++) mean += x[i];
        mean /= (float)n;
    }
    vf squares = splat(0);
    for (int32_t i = 0; i < whole; i += LANES) {
        vf v = load(x + i) - mean;
        squares = fma_(v, v, squares);
    }
    float total = sum_lanes(squares);
    for (int32_t i = whole; i < n; i++) total += (x[i] - mean) * (x[i] - mean);
    float scale = 1.0f / sqrtf(total / (float)n + epsilon);
    for (int32_t i = 0; i < whole; i += LANES) {
        vf v = (load(x + i) - mean) * scale;
        if (weight) v *= load(weight + i);
        if (bias) v += load(bias + i);
        store(out + i, v);
    }
    for (int32_t i = whole; i < n; i++) {
        float v = (x[i] - mean) * scale;
        if (weight) v *= weight[i];
        if (bias) v += bias[i];
        out[i] = v;
    }
}

INLINE vf NAME(act)(const int kind, vf x) {
    if (kind == RK_ACT_SILU) return x / (1.0f + exp_(-x));
    if (kind == RK_ACT_RELU) return max_(x, splat(0));
    // GELU, tanh form: x · σ(2z), z = √(2/π)(x + 0.044715 x³).
    vf z = 0.7978845608028654f * (x + 0.044715f * x * x * x);
    return x / (1.0f + exp_(-2.0f * z));
}

INLINE void NAME(activate_rows)(const int kind, float *gate, const float *up, int32_t n) {
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf v = NAME(act)(kind, load(gate + i));
        store(gate + i, up ? v * load(up + i) : v);
    }
    if (i < n) {
        float rest[LANES] = {0};
        memcpy(rest, gate + i, sizeof(float) * (size_t)(n - i));
        vf v = NAME(act)(kind, load(rest));
        for (int32_t k = 0; i + k < n; k++) gate[i + k] = up ? v[k] * up[i + k] : v[k];
    }
}

static void NAME(activate)(int32_t kind, float *gate, const float *up, int32_t n) {
    switch (kind) {
    case RK_ACT_SILU: NAME(activate_rows)(RK_ACT_SILU, gate, up, n); break;
    case RK_ACT_GELU_TANH: NAME(activate_rows)(RK_ACT_GELU_TANH, gate, up, n); break;
    case RK_ACT_RELU: NAME(activate_rows)(RK_ACT_RELU, gate, up, n); break;
    default: rk_kernels_get(RK_KERNELS_REFERENCE)->activate(kind, gate, up, n);
    }
}

static void NAME(rotate)(
    float *head, int32_t rotary, bool interleaved, const float *cosines, const float *sines) {
    int32_t half = rotary / 2;
    if (interleaved || half % LANES) {
        rk_kernels_get(RK_KERNELS_REFERENCE)->rotate(head, rotary, interleaved, cosines, sines);
        return;
    }
    for (int32_t i = 0; i < half; i += LANES) {
        vf a = load(head + i), b = load(head + half + i);
        vf c = load(cosines + i), s = load(sines + i);
        store(head + i, a * c - b * s);
        store(head + half + i, a * s + b * c);
    }
}

static void NAME(axpy)(float a, const float *x, float *y, int32_t n) {
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) store(y + i, fma_(splat(a), load(x + i), load(y + i)));
    for (; i < n; i++) y[i] += a * x[i];
}

static float NAME(log_sum_exp)(const float *x, int32_t n, int32_t *argmax) {
    vf most = splat(-INFINITY);
    int32_t whole = n - n % LANES;
    for (int32_t i = 0; i < whole; i += LANES) {
        most = max_(most, load(x + i));
    }
    float largest = max_lanes(most);
    for (int32_t i = whole; i < n; i++) largest = x[i] > largest ? x[i] : largest;
    vf sum = splat(0);
    for (int32_t i = 0; i < whole; i += LANES) sum += exp_(load(x + i) - largest);
    float total = sum_lanes(sum);
    for (int32_t i = whole; i < n; i++) total += expf(x[i] - largest);
    if (argmax) {
        int32_t at = 0;
        while (at < n - 1 && x[at] != largest) at++;
        *argmax = at;
    }
    return largest + logf(total);
}

#include "kernel_attention.h"

#define KERNEL_TABLE(LABEL)                                                                    \
    {.name = LABEL, .packed = true, .planes = PLANES, .prepare = NAME(prepare), .multiply = NAME(multiply),      \
     .normalize = NAME(normalize), .activate = NAME(activate), .rotate = NAME(rotate),         \
     .store = NAME(store), .attend = NAME(attend), .merge = NAME(merge),                   \
     .log_sum_exp = NAME(log_sum_exp), .axpy = NAME(axpy)}
