// Packs matrices from the file's blocks into the layout the kernels read: 16 rows side by
// side, for some blocks of 32 columns the scales (16 rows a set; minima behind; see
// rk_block_shape) and then the integers (see kernel_integers.h). Both are those of the file, in as
// many bits as there, so products are exact.
#include "internal.h"

#include "pack_blocks.h"

static rk_block_shape shape_of(const rk_matrix *m) {
    return rk_block_shape_of(m->bits, m->scales, m->has_min, m->has_factors);
}

int64_t rk_matrix_plan(rk_matrix *m, int32_t type, int32_t rows, int32_t cols) {
    *m = (rk_matrix){.rows = rows, .cols = cols, .type = type};
    if (rows <= 0 || cols <= 0) return 0;
    int64_t groups = ((int64_t)rows + RK_ROWS - 1) / RK_ROWS;
    const int_format *format = find_format(type);
    if (format) {
        if (cols % format->columns) return 0;
        m->layout = RK_LAYOUT_INT;
        m->bits = format->bits;
        m->scales = format->scales;
        m->has_min = format->has_min;
        m->has_factors = format->has_factors;
        m->zero = format->zero;
        m->values = format->values;
        const rk_block_shape shape = shape_of(m);
        m->stride = rk_quants_at(cols / RK_BLOCK - 1, shape) + shape.quants;
    } else if (type == TYPE_F16 || type == TYPE_BF16 || type == TYPE_F32) {
        m->layout = type == TYPE_F16 ? RK_LAYOUT_F16
            : type == TYPE_BF16      ? RK_LAYOUT_BF16
                                     : RK_LAYOUT_F32;
        m->stride = (int64_t)cols * RK_ROWS * (type == TYPE_F32 ? 4 : 2);
    } else {
        return 0;
    }
    m->stride = (m->stride + 63) / 64 * 64;
    return groups * m->stride;
}

// Asks for a part of the sixteen rows that most often stand behind these in the file, as far from
// their beginning as `done` bytes of each of these: so many streams as there are rows the processor
// does not foresee (a tenth of loading, on Zen 4). It may ask for what is not there; that is
// harmless.
static inline void fetch_next_rows(const uint8_t *const *rows, int64_t done, int64_t bytes) {
    uintptr_t next = (uintptr_t)rows[RK_ROWS - 1] + ((uintptr_t)rows[1] - (uintptr_t)rows[0]);
    for (int64_t line = 0; line < bytes * RK_ROWS; line += 64) {
        __builtin_prefetch((const void *)(next + (uintptr_t)(done * RK_ROWS + line)));
    }
}

// Four words of four rows each as four rows of one word of each.
static inline void transpose_four(four_words *r) {
    four_words a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    four_words b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    four_words c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    four_words d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

// Four words of four rows each, at `offset` in the rows, to lanes [lane, lane + 4) of four
// cache lines.
static inline void transpose_words(
    const uint8_t *const *rows, int64_t offset, uint32_t flip, uint32_t *lines, int lane) {
    four_words r[4];
    for (int i = 0; i < 4; i++) memcpy(&r[i], rows[lane + i] + offset, 16);
    transpose_four(r);
    for (int w = 0; w < 4; w++) {
        r[w] ^= flip;
        memcpy(lines + w * RK_ROWS + lane, &r[w], 16);
    }
}

typedef uint16_t eight_halves __attribute__((vector_size(16)));

#define INTERLEAVE_LOW(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_HIGH(x, y) __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15)

// Eight columns of eight rows of 16-bit floats, at `offset` bytes in the rows, to lanes
// [lane, lane + 8) of eight columns of 16. Three rounds of interleaving rows that stand four
// apart bring each column together.
static inline void transpose_halves(
    const uint8_t *const *rows, int64_t offset, uint16_t *columns, int lane) {
    eight_halves a[8], b[8];
    for (int i = 0; i < 8; i++) memcpy(&a[i], rows[lane + i] + offset, 16);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            b[2 * i] = INTERLEAVE_LOW(a[i], a[i + 4]);
            b[2 * i + 1] = INTERLEAVE_HIGH(a[i], a[i + 4]);
        }
        memcpy(a, b, sizeof a);
    }
    for (int c = 0; c < 8; c++) memcpy(columns + c * RK_ROWS + lane, &a[c], 16);
}

// The columns that a vector at a time leaves over, `bytes` an element.
static void pack_columns(
    uint8_t *group, const uint8_t *const *rows, int32_t first, int32_t end, int32_t bytes) {
    for (int32_t c = first; c < end; c++) {
        for (int lane = 0; lane < RK_ROWS; lane++) {
            memcpy(group + ((int64_t)c * RK_ROWS + lane) * bytes, rows[lane] + (int64_t)c * bytes,
                   (size_t)bytes);
        }
    }
}

static void pack_floats(rk_matrix *m, uint8_t *group, const uint8_t *const rows[RK_ROWS]) {
    int32_t bytes = m->layout == RK_LAYOUT_F32 ? 4 : 2;
    int32_t step = 16 / bytes, whole = m->cols - m->cols % step;
    for (int32_t c = 0; c < whole; c += step) {
        uint8_t *columns = group + (int64_t)c * RK_ROWS * bytes;
        fetch_next_rows(rows, (int64_t)c * bytes, 16);
        for (int lane = 0; lane < RK_ROWS; lane += step) {
            if (bytes == 2) {
                transpose_halves(rows, (int64_t)c * 2, (uint16_t *)columns, lane);
            } else {
                transpose_words(rows, (int64_t)c * 4, 0, (uint32_t *)columns, lane);
            }
        }
    }
    pack_columns(group, rows, whole, m->cols, bytes);
}

// The common types are moved word by word: their nibbles and bytes already stand in order.
static inline void pack_group_fast(
    rk_matrix *m, uint8_t *group, const uint8_t *const rows[RK_ROWS], const int32_t head,
    const int32_t words, const uint32_t flip) {
    const int32_t bytes = head + words * 4;
    // Of 32 columns there are as many words as an integer has bits.
    const rk_block_shape shape = rk_block_shape_of(words, 1, head == 4, false);
    for (int32_t b = 0; b < m->cols / RK_BLOCK; b++) {
        int64_t offset = (int64_t)b * bytes;
        uint16_t *scales = (uint16_t *)(group + rk_scales_at(b, shape));
        uint32_t *lines = (uint32_t *)(group + rk_quants_at(b, shape));
        fetch_next_rows(rows, offset, bytes);
        for (int lane = 0; lane < RK_ROWS; lane++) {
            memcpy(&scales[lane], rows[lane] + offset, 2);
            if (head == 4) memcpy(&scales[16 + lane], rows[lane] + offset + 2, 2);
        }
        for (int w = 0; w < words; w += 4) {
            for (int lane = 0; lane < RK_ROWS; lane += 4) {
                transpose_words(rows, offset + head + w * 4, flip, lines + w * RK_ROWS, lane);
            }
        }
    }
}

// The integers of four rows' block, of less than 8 bits, to four lanes of its lines.
static inline void put_integers(uint32_t *lines, const exploded *rows, const int bits) {
    four_words quads[8];
    for (int i = 0; i < 4; i++) {
        memcpy(&quads[i], rows[i].q, 16);
        memcpy(&quads[4 + i], rows[i].q + 16, 16);
    }
    transpose_four(quads);
    transpose_four(quads + 4);
    // Parts of 4, 2 and 1 bit: `below` of the integers' bits are packed.
    int below = 0;
    if (bits & 4) {
        for (int i = 0; i < 4; i++) {
            four_words both = (quads[i] & 0x0f0f0f0f) | (quads[i + 4] & 0x0f0f0f0f) << 4;
            memcpy(lines + i * RK_ROWS, &both, 16);
        }
        below = 4;
    }
    for (int width = 2; width > 0; width--) {
        if (!(bits & width)) continue;
        const uint32_t low = ((1u << width) - 1) * 0x01010101u;
        four_words part[2] = {{0}, {0}};
        for (int i = 0; i < 8; i++) {
            part[i * width / 8] |= (quads[i] >> below & low) << i * width % 8;
        }
        for (int i = 0; i < width; i++) memcpy(lines + (below + i) * RK_ROWS, &part[i], 16);
        below += width;
    }
}

// Types whose integers stand otherwise in the file: one row after the other is taken apart, and
// four are put together. The type is a constant at each call.
static inline __attribute__((always_inline)) void pack_group(
    const rk_matrix *m, uint8_t *group, const uint8_t *const rows[RK_ROWS], const int type) {
    const int_format *f = &formats[type];
    const rk_block_shape shape
        = rk_block_shape_of(f->bits, f->scales, f->has_min, f->has_factors);
    const int32_t inside = f->columns / RK_BLOCK;
    for (int32_t b = 0; b < m->cols / RK_BLOCK; b++) {
        uint8_t *scales = group + rk_scales_at(b, shape);
        uint16_t *halves = (uint16_t *)(f->has_factors ? group + rk_head_at(b, shape) : scales);
        uint32_t *lines = (uint32_t *)(group + rk_quants_at(b, shape));
        if (b % inside == 0) fetch_next_rows(rows, (int64_t)(b / inside) * f->bytes, f->bytes);
        for (int first = 0; first < RK_ROWS; first += 4) {
            exploded four[4];
            for (int i = 0; i < 4; i++) {
                const int lane = first + i;
                exploded *e = &four[i];
                explode(type, rows[lane], b, e);
                halves[lane] = e->d;
                if (f->has_min) halves[RK_ROWS + lane] = e->m;
                if (!f->has_factors) continue;
                for (int set = 0; set < f->scales; set++) {
                    uint8_t *own = scales + set * RK_ROWS * (f->has_min ? 2 : 1) + lane;
                    own[0] = (uint8_t)e->scales[set];
                    if (f->has_min) own[RK_ROWS] = (uint8_t)e->minima[set];
                }
            }
            put_integers(lines + first, four, f->bits);
        }
    }
}

void rk_matrix_pack(
    rk_matrix *m, const uint8_t *const *sources, int32_t first, int32_t count) {
    int32_t end = first + count < m->rows ? first + count : m->rows;
    for (int32_t start = first; start < end; start += RK_ROWS) {
        uint8_t *group = m->data + m->stride * (start / RK_ROWS);
        int32_t lanes = end - start < RK_ROWS ? end - start : RK_ROWS;
        const uint8_t *const *rows = sources + (start - first);
        // Lanes behind the last row repeat it; nobody reads what they give.
        const uint8_t *all[RK_ROWS];
        for (int i = 0; i < RK_ROWS; i++) all[i] = rows[i < lanes ? i : lanes - 1];
        switch (m->type) {
        case TYPE_Q4_0: pack_group_fast(m, group, all, 2, 4, 0); break;
        case TYPE_Q4_1: pack_group_fast(m, group, all, 4, 4, 0); break;
        case TYPE_Q8_0: pack_group_fast(m, group, all, 2, 8, 0x80808080u); break;
        case TYPE_Q5_0: pack_group(m, group, all, TYPE_Q5_0); break;
        case TYPE_Q5_1: pack_group(m, group, all, TYPE_Q5_1); break;
        case TYPE_Q2_K: pack_group(m, group, all, TYPE_Q2_K); break;
        case TYPE_Q3_K: pack_group(m, group, all, TYPE_Q3_K); break;
        case TYPE_Q4_K: pack_group(m, group, all, TYPE_Q4_K); break;
        case TYPE_Q5_K: pack_group(m, group, all, TYPE_Q5_K); break;
        case TYPE_Q6_K: pack_group(m, group, all, TYPE_Q6_K); break;
        case TYPE_IQ4_NL: pack_group(m, group, all, TYPE_IQ4_NL); break;
        case TYPE_IQ4_XS: pack_group(m, group, all, TYPE_IQ4_XS); break;
        case TYPE_MXFP4: pack_group(m, group, all, TYPE_MXFP4); break;
        default: pack_floats(m, group, all);
        }
    }
}

// ---------------------------------------------------------------- a row of a packed matrix

// A row's scale and minimum (or 0) in a set of a block.
static void scales_at(
    const rk_matrix *m, rk_block_shape shape, const uint8_t *group, int32_t b, int set, int lane,
    float *scale, float *minimum) {
    const uint8_t *own = group + rk_scales_at(b, shape);
    const uint16_t *halves
        = (const uint16_t *)(m->has_factors ? group + rk_head_at(b, shape) : own) + lane;
    *scale = rk_f16_to_f32(halves[0]);
    *minimum = m->has_min ? rk_f16_to_f32(halves[RK_ROWS]) : 0;
    if (!m->has_factors) return;
    const int8_t *bytes = (const int8_t *)own + set * RK_ROWS * (m->has_min ? 2 : 1) + lane;
    *scale *= bytes[0];
    if (m->has_min) *minimum *= bytes[RK_ROWS];
}

// The integer of a row's column in a block.
static int integer_at(const rk_matrix *m, const uint8_t *quants, int lane, int column) {
    const int quad = column / 4, byte = lane * 4 + column % 4;
    if (m->bits == 8) return quants[quad * 64 + byte];
    int q = 0, below = m->bits & 4;
    if (below) q = quants[quad % 4 * 64 + byte] >> (quad / 4 * 4) & 15;
    for (int width = 2; width > 0; width--) {
        if (!(m->bits & width)) continue;
        const int packed = quants[(below + quad * width / 8) * 64 + byte];
        q |= (packed >> quad * width % 8 & ((1 << width) - 1)) << below;
        below += width;
    }
    return m->values ? m->values[q] : q;
}

void rk_matrix_row(const rk_matrix *m, int32_t row, float *output) {
    if (m->layout == RK_LAYOUT_RAW) {
        rk_dequantize_row(m->type, m->data + m->stride * row, output, m->cols);
        return;
    }
    const uint8_t *group = m->data + m->stride * (row / RK_ROWS);
    int lane = row % RK_ROWS;
    if (m->layout != RK_LAYOUT_INT) {
        for (int32_t c = 0; c < m->cols; c++) {
            int64_t at = (int64_t)c * RK_ROWS + lane;
            if (m->layout == RK_LAYOUT_F32) {
                output[c] = ((const float *)group)[at];
            } else if (m->layout == RK_LAYOUT_F16) {
                output[c] = rk_f16_to_f32(((const uint16_t *)group)[at]);
            } else {
                uint32_t bits = (uint32_t)((const uint16_t *)group)[at] << 16;
                memcpy(&output[c], &bits, 4);
            }
        }
        return;
    }
    const rk_block_shape shape = shape_of(m);
    for (int32_t b = 0; b < m->cols / RK_BLOCK; b++) {
        const uint8_t *quants = group + rk_quants_at(b, shape);
        for (int set = 0; set < m->scales; set++) {
            const int columns = RK_BLOCK / m->scales;
            float d, low;
            scales_at(m, shape, group, b, set, lane, &d, &low);
            for (int i = set * columns; i < (set + 1) * columns; i++) {
                int q = integer_at(m, quants, lane, i) - m->zero;
                output[b * RK_BLOCK + i] = d * (float)q + low;
            }
        }
    }
}

// ---------------------------------------------------------------- activations

static int64_t align64(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// Where the parts of an activation set begin, in bytes.
typedef struct {
    int64_t quants, scales, sums, half_sums, totals, outliers, words, end;
} activation_parts;

static activation_parts activation_parts_of(int32_t tokens, int32_t cols) {
    int64_t blocks = (int64_t)(cols / RK_BLOCK) * tokens;
    int64_t numbers = align64(blocks * RK_BLOCK), floats = align64(blocks * 4);
    activation_parts at = {.quants = align64(4ll * tokens * cols)};
    at.scales = at.quants + numbers;
    at.sums = at.scales + floats;
    at.half_sums = at.sums + floats;
    at.totals = at.half_sums + floats;
    at.outliers = at.totals + align64(blocks * 12);
    at.words = at.outliers + align64(blocks * (int64_t)sizeof(rk_outliers));
    // Low words end here.
    if (at.words < at.quants + 2 * numbers) at.words = at.quants + 2 * numbers;
    at.end = at.words + 2 * numbers;
    return at;
}

int64_t rk_activations_bytes(int32_t tokens, int32_t cols) {
    return activation_parts_of(tokens, cols).end;
}

void rk_activations_place(
    rk_activations *set, void *memory, int32_t tokens, int32_t cols, rk_inputs form) {
    const activation_parts at = activation_parts_of(tokens, cols);
    uint8_t *start = memory;
    *set = (rk_activations){
        .tokens = tokens, .cols = cols, .form = form,
        .tile = rk_even_width(tokens, form == RK_INPUTS_BF16 ? RK_TILE_MOST : RK_TILE),
        .values = memory, .quants = (int8_t *)(start + at.quants),
        .low_words = (int16_t *)(start + at.quants), .words = (int16_t *)(start + at.words),
        .outliers = (rk_outliers *)(start + at.outliers), .scales = (float *)(start + at.scales),
        .sums = (float *)(start + at.sums), .half_sums = (float *)(start + at.half_sums),
        .totals = (int32_t *)(start + at.totals)};
}
