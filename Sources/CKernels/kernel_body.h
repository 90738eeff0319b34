// The fast kernels, written once over vectors of LANES float32 or int32 lanes and compiled
// for each instruction set by the file that includes this one. It defines before:
//   LANES            4-byte lanes of a vector
//   NAME(x)          x with the instruction set's suffix
//   TOKEN_TILE       widest register tile, in tokens, of a float product
//   INT_TOKENS       widest one of an integer product
//   INT_GROUPS       groups of 16 rows that an integer product takes at once, 1 or 2
//   PAIR_TOKENS      with 2 that are neighbours, widest one of an integer product of two
//   FAR_GROUPS       where defined, one token's product takes two groups that stand apart, also of
//                    floats, and those of more tokens take one
//   ROW_VECTORS      vectors of rows that a tile of a float product holds beside
//   VALUE_TILE       rows of a register tile in the values part of attention
//   REGISTERS        vector registers, 16 or 32. Tiles must leave room for their operands: a
//                    sum that goes through memory with each step takes three times as long
//   INPUT_WORDS      where products are of pairs, in 16 or 32 bits: see kernel_words.h; elsewhere
//                    they are of four bytes: see kernel_bytes.h. Both say what else they need
//   dot(a, w, x)     a + products of bytes w (unsigned, small) and signed bytes x, in each lane the
//                    sum of four, as the integer products sum them
//   pack_block(p, v) the lanes of RK_BLOCK / LANES vectors as signed bytes, which they fit
//   lookup(table, v), half_to_float(p)   see kernel_integers.h
//   float_to_half(p, v), round_to_int(v)
//   max_(a, b), min_(a, b)   by lanes; a where b is not a number. In one instruction: the
//                            compiler's own follow fmax, which takes three

#include "kernel_vectors.h"
#include "kernel_integers.h"

// Asks for a line. Most processors are asked to bring it to the second-level cache: on Zen 4, 24
// lines at most are on their way to the first at once. Integers came at 23 GB/s there and at 38
// into the second, 16-bit floats at 26 and at 30, where memory gave 31. Zen 5 has more on their
// way, and `near` ones come faster: a token took 4 to 8 % less time so where others used the
// memory as well, a fifth less where nobody did.
INLINE void fetch(const uint8_t *line, bool near) {
    if (near) __builtin_prefetch(line, 0, 3);
    else __builtin_prefetch(line, 0, 2);
}
// Asks for the weights of a later step, `ahead` bytes behind these; a step has `bytes`. With few
// tokens a product waits for memory, and the processor's own look-ahead ends at each page: without
// this, one token's product of Q4_1 took half as long again on Zen 3, and eight tokens' twice as
// long on Zen 5. The address may lie behind the matrix; that is harmless.
INLINE void fetch_ahead(const uint8_t *weights, const int bytes, int64_t ahead, bool near) {
    UNROLL for (int line = 0; line < bytes; line += 64) fetch(weights + ahead + line, near);
}
// The same of a block's integers and the head before them: its own, or that of the blocks that
// begin here. Short heads that blocks share come of themselves.
INLINE void fetch_block(
    const uint8_t *weights, const rk_block_shape shape, const bool at_head, int64_t ahead,
    bool near) {
    if (at_head) fetch_ahead(weights, shape.head, ahead - shape.head, near);
    const int lead = shape.sharing == 1 ? shape.head : 0;
    fetch_ahead(weights, shape.quants + lead, ahead - lead, near);
}
// Asks for one piece's part of a block of the weights that come next, a whole group ahead: so far
// that memory has work also while a thread has none for it. Its scales are a line.
INLINE void fetch_next(
    const uint8_t *scales, const uint8_t *weights, const int bytes, rk_pass pass, bool near) {
    if (pass.index >= pass.count) return;
    if (pass.index == 0) fetch(scales, near);
    if (pass.count == 1) {
        fetch_ahead(weights, bytes, 0, near);
        return;
    }
    for (int32_t line = pass.index * 64; line < bytes; line += pass.count * 64) {
        fetch(weights + line, near);
    }
}
// Hides a value from the optimiser.
#if defined(__x86_64__)
#define KEEP(v) __asm__ volatile("" : "+v"(v))
#else
#define KEEP(v) __asm__ volatile("" : "+w"(v))
#endif
#define KEEP_POINTER(p) __asm__("" : "+r"(p))
INLINE vf bf16_to_float(const uint16_t *p) {
    vu wide = __builtin_convertvector(*(const vs_loose *)p, vu);
    return (vf)(wide << 16);
}

// ---------------------------------------------------------------- integer products

// Sum of the inputs that one of a block's scales covers.
INLINE float NAME(covered_sum)(float sum, float half, const int scale_sets, const int set) {
    if (scale_sets == 1) return sum;
    return set == 0 ? half : sum - half;
}

// What weights that stand `zero` above their value add to the products of a token's inputs: from
// the totals of the columns that one of a block's scales covers.
INLINE vi NAME(excess)(const int32_t *totals, const int scale_sets, const int set, const int zero) {
    if (!zero) return (vi){};
    return (vi){} + totals[scale_sets == 1 ? 0 : 1 + set] * zero;
}

// Adds products of a block and a vector of rows, in the unit of the scales at `p`, to each of T
// tokens' sums; `sum` and `total` go on `apart` vectors behind. Weights stand `zero` above their
// value, which is taken out. `factors` are of scales and of minima.
INLINE void NAME(add_scaled)(
    vf *total, vi *sum, const int apart, const uint8_t *p, const vf *factors,
    const float *scales, const float *sums, const float *halves, const int32_t *totals,
    const int T, const int scale_sets, const int set, const int has_min, const int zero,
    const int has_factors) {
    vf d = scales_of(p, factors[0], has_factors);
    UNROLL for (int t = 0; t < T; t++) {
        if (zero) sum[t * apart] -= NAME(excess)(totals + t * 3, scale_sets, set, zero);
        vf scale = d * scales[t], products = __builtin_convertvector(sum[t * apart], vf);
        total[t * apart] = fma_(products, scale, total[t * apart]);
    }
    if (!has_min) return;
    vf m = scales_of(p + RK_ROWS * (has_factors ? 1 : 2), factors[1], has_factors);
    UNROLL for (int t = 0; t < T; t++) {
        float s = NAME(covered_sum)(sums[t], halves[t], scale_sets, set);
        total[t * apart] = fma_(m, splat(s), total[t * apart]);
    }
}

// Adds the products of the outliers that columns `set` of `words` quads have, in a vector of rows.
// Weights stand `zero` above their value. Few blocks have one, and mostly the same of every token:
// a branch costs less than a list of them.
INLINE void NAME(add_outliers)(
    vi *sum, const int vectors, const uint8_t *const *weights, const rk_outliers *outliers,
    const int bits, const uint8_t *values, const int set, const int words, const int zero) {
    UNROLL for (int i = 0; i < 2; i++) {
        if (!outliers->value[i]) break;
        const int column = outliers->column[i];
        if (words == 4 && column / 16 != set) continue;
        const vi value = (vi){} + (uint16_t)outliers->value[i];
        UNROLL for (int v = 0; v < vectors; v++) {
            const vi lanes = unpack_column(weights[v], column, bits, values);
            sum[v] = dot_words(sum[v], lanes - zero, value);
        }
    }
}

// Four bytes of inputs in every lane.
INLINE vi NAME(spread)(const void *inputs) {
    int32_t word;
    memcpy(&word, inputs, sizeof word);
    return (vi){} + word;
}

#ifdef INPUT_WORDS
#include "kernel_words.h"
#else
#include "kernel_bytes.h"
#endif

#include "kernel_inputs.h"

typedef void (*NAME(int_tile_function))(
    const rk_tile *tile, const uint8_t *group, int64_t group_bytes, float *output,
    int64_t stride, bool add, int32_t width);

// Tiles of G groups of rows. Where 4 bits stand 128 above their value, they are places in a table.
#define INT_TILE(G, T, BITS, SETS, MIN, ZERO, FACTORS)                                         \
    static __attribute__((noinline)) void                                                      \
    NAME(int_tile_##G##_##T##_##BITS##_##MIN##_##ZERO##_##FACTORS)(                            \
        const rk_tile *tile, const uint8_t *group, int64_t group_bytes, float *output,         \
        int64_t stride, bool add, int32_t width) {                                             \
        NAME(int_tile)(tile, group, group_bytes, output, stride, add, width, G, T, BITS, SETS, \
                       MIN, ZERO, FACTORS);                                                    \
    }
#define INT_TILES(G, T)                                                                        \
    INT_TILE(G, T, 2, 2, 1, 0, 1) INT_TILE(G, T, 3, 2, 0, 4, 1) INT_TILE(G, T, 4, 1, 0, 8, 0)  \
    INT_TILE(G, T, 4, 1, 1, 0, 0) INT_TILE(G, T, 4, 1, 1, 0, 1)                                \
    INT_TILE(G, T, 4, 1, 0, 128, 0) INT_TILE(G, T, 5, 1, 0, 16, 0)                             \
    INT_TILE(G, T, 5, 1, 1, 0, 0) INT_TILE(G, T, 5, 1, 1, 0, 1)                                \
    INT_TILE(G, T, 6, 2, 0, 32, 1) INT_TILE(G, T, 8, 1, 0, 128, 0)
#define INT_TILE_ROW(G, T)                                                                     \
    {NAME(int_tile_##G##_##T##_2_1_0_1), NAME(int_tile_##G##_##T##_3_0_4_1),                   \
     NAME(int_tile_##G##_##T##_4_0_8_0), NAME(int_tile_##G##_##T##_4_1_0_0),                   \
     NAME(int_tile_##G##_##T##_4_1_0_1), NAME(int_tile_##G##_##T##_4_0_128_0),                 \
     NAME(int_tile_##G##_##T##_5_0_16_0), NAME(int_tile_##G##_##T##_5_1_0_0),                  \
     NAME(int_tile_##G##_##T##_5_1_0_1), NAME(int_tile_##G##_##T##_6_0_32_1),                  \
     NAME(int_tile_##G##_##T##_8_0_128_0)}
#define INT_KINDS 11

// A macro for each number of tokens a register tile may hold.
#if TOKEN_TILE == 6
#define EACH_TILE(M) M(1) M(2) M(3) M(4) M(5) M(6)
#define EACH_TILE_ROW(M) M(1), M(2), M(3), M(4), M(5), M(6)
#else
#define EACH_TILE(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12)
#define EACH_TILE_ROW(M)                                                                       \
    M(1), M(2), M(3), M(4), M(5), M(6), M(7), M(8), M(9), M(10), M(11), M(12)
#endif

#define SIX_TILES(M, G) M(G, 1) M(G, 2) M(G, 3) M(G, 4) M(G, 5) M(G, 6)
#define SIX_TILES_ROW(M, G) M(G, 1), M(G, 2), M(G, 3), M(G, 4), M(G, 5), M(G, 6)
SIX_TILES(INT_TILES, 1)
#if INT_TOKENS == 8
INT_TILES(1, 7) INT_TILES(1, 8)
#endif
#if INT_GROUPS == 1
#define PAIR_TOKENS INT_TOKENS
#elif defined(FAR_GROUPS)
#define PAIR_TOKENS 1
INT_TILES(2, 1)
#else
SIX_TILES(INT_TILES, 2)
#endif

static const NAME(int_tile_function) NAME(int_tiles)[INT_GROUPS][INT_TOKENS][INT_KINDS] = {
#if INT_TOKENS == 8
    {SIX_TILES_ROW(INT_TILE_ROW, 1), INT_TILE_ROW(1, 7), INT_TILE_ROW(1, 8)},
#else
    {SIX_TILES_ROW(INT_TILE_ROW, 1)},
#endif
#ifdef FAR_GROUPS
    {INT_TILE_ROW(2, 1)},
#elif INT_GROUPS == 2
    {SIX_TILES_ROW(INT_TILE_ROW, 2)},
#endif
};

// The place of a matrix's tiles in a row of INT_TILE_ROW.
INLINE int NAME(int_kind)(const rk_matrix *m) {
    switch (m->bits) {
    case 2: return 0;
    case 3: return 1;
    case 4: return m->values ? 5 : 2 + m->has_min + m->has_factors;
    case 5: return 6 + m->has_min + m->has_factors;
    case 6: return 9;
    default: return 10;
    }
}

// The machine's best at products of bytes, as multiply-adds × 2: independent sums in registers, as
// many as two multipliers of six cycles need, nothing loaded.
static double NAME(peak)(int64_t steps) {
    enum { SUMS = 12 };
    vi sum[SUMS], w = (vi){} + 0x01020304, x = (vi){} + 0x01010101;
    UNROLL for (int i = 0; i < SUMS; i++) sum[i] = (vi){};
    for (int64_t s = 0; s < steps; s++) {
        UNROLL for (int i = 0; i < SUMS; i++) {
            sum[i] = dot(sum[i], (vb)w, x);
            KEEP(w);
        }
    }
    UNROLL for (int i = 0; i < SUMS; i++) KEEP(sum[i]);
    return 2.0 * 4 * LANES * SUMS * (double)steps;
}

// ---------------------------------------------------------------- float products

INLINE vf NAME(load_weights)(const uint8_t *p, const int layout) {
    if (layout == RK_LAYOUT_F16) return half_to_float((const uint16_t *)p);
    if (layout == RK_LAYOUT_BF16) return bf16_to_float((const uint16_t *)p);
    return load((const float *)p);
}

// `groups` groups of rows, one or two, times one tile of tokens; `apart` is the distance of the
// second one's bytes, `outputs_apart` that of its results.
INLINE void NAME(float_tile)(
    const uint8_t *group, int64_t apart, int64_t outputs_apart, int32_t cols, const float *values,
    float *output, int64_t stride, bool add, const int groups, const int T, const int layout) {
    const int element = layout == RK_LAYOUT_F32 ? 4 : 2;
    const int V = groups;
    const bool near = rk_tuned.near;
    for (int part = 0; part < RK_ROWS / LANES; part += ROW_VECTORS) {
        const uint8_t *weights = group + part * LANES * element;
        vf total[TOKEN_TILE][2][ROW_VECTORS];
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int v = 0; v < V; v++) {
                UNROLL for (int r = 0; r < ROW_VECTORS; r++) total[t][v][r] = splat(0);
            }
        }
        for (int32_t c = 0; c < cols; c++) {
            UNROLL for (int v = 0; v < V; v++) {
                const uint8_t *column = weights + v * apart + (int64_t)c * RK_ROWS * element;
                // The widest weights come in so plain a stream that the processor does better
                // alone.
                if (element == 2) fetch_ahead(column, RK_ROWS * 2, 8192, near);
                vf w[ROW_VECTORS];
                UNROLL for (int r = 0; r < ROW_VECTORS; r++) {
                    w[r] = NAME(load_weights)(column + r * LANES * element, layout);
                }
                UNROLL for (int t = 0; t < T; t++) {
                    vf x = splat(values[(int64_t)t * cols + c]);
                    UNROLL for (int r = 0; r < ROW_VECTORS; r++) {
                        total[t][v][r] = fma_(w[r], x, total[t][v][r]);
                    }
                }
            }
        }
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int v = 0; v < V; v++) {
                UNROLL for (int r = 0; r < ROW_VECTORS; r++) {
                    float *target = output + t * stride + v * outputs_apart + (part + r) * LANES;
                    store(target, add ? load(target) + total[t][v][r] : total[t][v][r]);
                }
            }
        }
    }
}

typedef void (*NAME(float_tile_function))(
    const uint8_t *group, int64_t apart, int64_t outputs_apart, int32_t cols, const float *values,
    float *output, int64_t stride, bool add);

#define FLOAT_TILE_OF(G, T, LAYOUT)                                                            \
    static __attribute__((noinline)) void NAME(float_tile_##G##_##T##_##LAYOUT)(               \
        const uint8_t *group, int64_t apart, int64_t outputs_apart, int32_t cols,              \
        const float *values, float *output, int64_t stride, bool add) {                        \
        NAME(float_tile)(                                                                      \
            group, apart, outputs_apart, cols, values, output, stride, add, G, T, LAYOUT);     \
    }
#define FLOAT_TILE(T, LAYOUT) FLOAT_TILE_OF(1, T, LAYOUT)
#define FLOAT_TILES(T) FLOAT_TILE(T, 2) FLOAT_TILE(T, 3) FLOAT_TILE(T, 4)
#define FLOAT_TILE_ROW(T)                                                                      \
    {NAME(float_tile_1_##T##_2), NAME(float_tile_1_##T##_3), NAME(float_tile_1_##T##_4)}

EACH_TILE(FLOAT_TILES)

static const NAME(float_tile_function) NAME(float_tiles)[TOKEN_TILE][3] = {
    EACH_TILE_ROW(FLOAT_TILE_ROW)};

#ifdef FAR_GROUPS
FLOAT_TILE_OF(2, 1, 2) FLOAT_TILE_OF(2, 1, 3) FLOAT_TILE_OF(2, 1, 4)
static const NAME(float_tile_function) NAME(far_tiles)[3] = {
    NAME(float_tile_2_1_2), NAME(float_tile_2_1_3), NAME(float_tile_2_1_4)};
#endif

// ---------------------------------------------------------------- the product of a matrix

enum {
    // As many pieces as a block of nibbles has cache lines.
    NAME(MOST_ASKING) = 4,
    // Inputs that stay in a core's second-level cache while all rows are taken past them.
    NAME(INPUT_BYTES) = 160 << 10,
    NAME(MOST_TILES) = 16,
    // A stored tile is one or two pieces.
    NAME(MOST_PIECES) = 2 * NAME(MOST_TILES),
};

// The tokens of one register tile, which passes all rows.
typedef struct {
    rk_tile inputs;
    const float *values;
    int32_t first, count;
    /// Tokens of the stored tile they are from.
    int32_t width;
} NAME(piece);

// Cuts the tokens [from, to) into pieces of `most` tokens; returns how many.
static int32_t NAME(cut)(
    const rk_matrix *m, const rk_activations *set, int32_t from, int32_t to, int32_t most,
    rk_groups groups, NAME(piece) *pieces) {
    int32_t blocks = m->cols / RK_BLOCK, count = 0;
    for (int32_t tile = from; tile < to; tile += set->tile) {
        int32_t width = rk_tile_width(set, tile), even = rk_even_width(width, most);
        for (int32_t done = 0; done < width; done += even) {
            int64_t at = (int64_t)tile * blocks + done;
            NAME(piece) *piece = &pieces[count++];
            piece->first = tile + done;
            piece->count = width - done < even ? width - done : even;
            piece->width = width;
            piece->values = set->values + (int64_t)piece->first * m->cols;
            piece->inputs = (rk_tile){
                .blocks = blocks, .apart = groups.apart, .outputs_apart = groups.outputs_apart,
                .values = m->values,
                .quants = set->quants + at * RK_BLOCK,
                .words = set->words + at * RK_BLOCK, .outliers = set->outliers + at,
                .scales = set->scales + at, .sums = set->sums + at,
                .half_sums = set->half_sums + at, .totals = set->totals + at * 3};
        }
    }
    int32_t asking = count < NAME(MOST_ASKING) ? count : NAME(MOST_ASKING);
    for (int32_t i = 0; i < count; i++) {
        pieces[i].inputs.pass = (rk_pass){.index = i, .count = asking, .is_cold = i == 0};
    }
    return count;
}

// `groups` groups of 16 rows times one piece; `output` is at the first of these rows.
INLINE void NAME(multiply_piece)(
    const rk_matrix *m, const uint8_t *group, int32_t groups, const NAME(piece) *piece, int kind,
    float *output, int64_t stride, bool add) {
    const rk_tile *inputs = &piece->inputs;
    if (m->layout == RK_LAYOUT_INT) {
        NAME(int_tiles)[groups - 1][piece->count - 1][kind](
            inputs, group, m->stride, output, stride, add, piece->width);
        return;
    }
    NAME(float_tile_function) tile
        = NAME(float_tiles)[piece->count - 1][m->layout - RK_LAYOUT_F16];
#ifdef FAR_GROUPS
    if (groups == 2) tile = NAME(far_tiles)[m->layout - RK_LAYOUT_F16];
#endif
    tile(group, inputs->apart, inputs->outputs_apart, m->cols, piece->values, output, stride, add);
}

// The same of the last rows of a matrix, which do not fill their group: its sums go to the side.
static void NAME(multiply_rest)(
    const rk_matrix *m, const uint8_t *group, int32_t rows, const NAME(piece) *piece, int kind,
    float *output, int64_t stride, bool add) {
    float side[RK_TILE * RK_ROWS];
    NAME(multiply_piece)(m, group, 1, piece, kind, side, RK_ROWS, false);
    for (int32_t t = 0; t < piece->count; t++) {
        for (int32_t r = 0; r < rows; r++) {
            float *cell = output + t * stride + r;
            *cell = add ? *cell + side[t * RK_ROWS + r] : side[t * RK_ROWS + r];
        }
    }
}

// How many times two groups of rows are taken at once.
INLINE int32_t NAME(couples)(const rk_matrix *m, const rk_activations *set, rk_groups groups) {
#ifdef FAR_GROUPS
    (void)m;
    (void)set;
    return groups.apart ? groups.count : 0;
#else
    if (INT_GROUPS == 1 || m->layout != RK_LAYOUT_INT) return 0;
    if (set->tokens >= rk_tuned.single_from) return 0;
    // One token's bytes come faster in a single stream on AMD's processors (66 against 56 GB/s on
    // Zen 5, of neighbouring groups); its nibbles do not.
    if (m->bits == 8 && set->tokens == 1 && !rk_tuned.pairs_of_bytes) return 0;
    int32_t end = groups.first + groups.count, whole = m->rows / RK_ROWS;
    if (end < whole) whole = end;
    return whole > groups.first ? (whole - groups.first) / 2 : 0;
#endif
}

static void NAME(multiply)(
    const rk_matrix *m, const rk_activations *set, rk_groups groups, float *output,
    int64_t stride, bool add) {
    if (m->layout == RK_LAYOUT_RAW) {
        rk_reference_table.multiply(m, set, groups, output, stride, add);
        return;
    }
    bool ints = m->layout == RK_LAYOUT_INT;
    int32_t tiles = NAME(INPUT_BYTES) / (m->cols * set->tile * (ints ? 2 : 4));
    tiles = tiles < 1 ? 1 : tiles < NAME(MOST_TILES) ? tiles : NAME(MOST_TILES);
    int32_t step = tiles * set->tile;
    int kind = ints ? NAME(int_kind)(m) : 0;
    // Couples first, then single groups.
    int32_t couples = NAME(couples)(m, set, groups);
    int32_t most = !ints ? TOKEN_TILE : couples ? PAIR_TOKENS : INT_TOKENS;
#ifdef FAR_GROUPS
    const int32_t next = 1;
#else
    const int32_t next = 2;
#endif
    int32_t steps = groups.count - couples * (next - 1);
    NAME(piece) pieces[NAME(MOST_PIECES)];
    for (int32_t from = 0; from < set->tokens; from += step) {
        int32_t to = from + step < set->tokens ? from + step : set->tokens;
        int32_t n = NAME(cut)(m, set, from, to, most, groups, pieces);
        for (int32_t i = 0; i < steps; i++) {
            int32_t taken = i < couples ? 2 : 1;
            int32_t g = groups.first + (i < couples ? i * next : i + couples * (next - 1));
            const uint8_t *group = m->data + m->stride * g;
            float *rows = output + (int64_t)g * RK_ROWS;
            int32_t left = m->rows - g * RK_ROWS;
            for (int32_t p = 0; p < n; p++) {
                float *out = rows + pieces[p].first * stride;
                if (left >= RK_ROWS) {
                    NAME(multiply_piece)(m, group, taken, &pieces[p], kind, out, stride, add);
                } else {
                    NAME(multiply_rest)(m, group, left, &pieces[p], kind, out, stride, add);
                }
            }
            // Its weights have been asked for since.
            pieces[0].inputs.pass.is_cold = n == 1;
        }
    }
}

// ---------------------------------------------------------------- everything else

#include "kernel_rows.h"
#include "kernel_attention.h"

#ifdef FAR_GROUPS
#define READS_APART true
#else
#define READS_APART false
#endif

#define KERNEL_TABLE(LABEL)                                                                    \
    {.name = LABEL, .packed = true, .reads_apart = READS_APART, .prepare = NAME(prepare),      \
     .multiply = NAME(multiply), .normalize = NAME(normalize), .activate = NAME(activate),     \
     .rotate = NAME(rotate), .store = NAME(store), .attend = NAME(attend),                     \
     .merge = NAME(merge), .log_sum_exp = NAME(log_sum_exp), .axpy = NAME(axpy),               \
     .peak = NAME(peak)}
