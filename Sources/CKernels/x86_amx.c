// AMX tiles (Sapphire Rapids onwards) for prompts: weights and inputs as bf16, sums in float32.
//
// Tiles of integers are twice as wide, but a scale every 32 columns leaves them half empty, and
// what lies between them and the sums (storing, scaling, adding) takes what they save: products of
// 24 to 96 tokens came 1.0 to 1.4 times as fast as without. As bf16 the scales are in the weights,
// which many tokens share, and the same products come 1.6 to 3 times as fast. Both roundings are
// to 8 significant bits. A token's log-probability moves by .014 nats on average on the default
// model, with integer inputs by .020. Weights of 16-bit floats are not rounded: they and their
// inputs are taken in two parts, see x86_amx_parts.h.
//
// Everything else is done as in x86_avx512.c, one token's products too: replies have the same bits
// with either table where what they follow has.
#include "x86_amx.h"

#if defined(RK_HAS_AMX)
#include <sys/syscall.h>
#include <unistd.h>

#pragma clang attribute push(RK_AMX_TARGET, apply_to = function)

#include "x86_amx_parts.h"
#include "x86_amx_products.h"
#include "kernel_integers.h"

enum {
    /// Columns of GROUPS groups of rows that are turned into bf16 at once: they stay near the core until
    /// all tokens have passed.
    PANEL_COLS = 1536,
};

bool rk_amx_permitted(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

// ---------------------------------------------------------------- inputs

static void prepare(
    const rk_activations *set, int32_t token, const float *row, int32_t first, int32_t count,
    bool quantize, bool copy) {
    bool is_int = set->form != RK_INPUTS_BF16;
    rk_avx512_table.prepare(set, token, row, first, count, quantize && is_int, copy);
    if (is_int || set->cols % RK_BLOCK) return;
    int32_t tile = token - token % set->tile;
    int32_t width = rk_tile_width(set, tile);
    int64_t base = (int64_t)tile * (set->cols / RK_BLOCK) + (token - tile);
    for (int32_t b = first / RK_BLOCK; b < (first + count) / RK_BLOCK; b++) {
        vf x0 = load(row + b * RK_BLOCK), x1 = load(row + b * RK_BLOCK + LANES);
        int64_t at = (base + (int64_t)b * width) * RK_BLOCK;
        // Integers are multiplied by the high parts alone.
        if (copy) split_row(x0, x1, set->words + at, set->low_words + at);
        else put(set->words + at, (vi)round_row(x0, x1));
    }
}

// ---------------------------------------------------------------- weights

// Four columns of 16 rows, a byte each in a lane, as two rows of a tile.
INLINE void store_pairs(uint8_t *tile, __m512i bytes, __m512 scale, __m512 least) {
    // The conversion leaves one column behind the other.
    const __m512i side_by_side = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
        19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i low = _mm512_set1_epi32(255);
    UNROLL for (int pair = 0; pair < 2; pair++) {
        __m512 column[2];
        UNROLL for (int i = 0; i < 2; i++) {
            __m512i q = _mm512_and_si512(_mm512_srli_epi32(bytes, 16 * pair + 8 * i), low);
            column[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(q), scale, least);
        }
        __m512bh both = _mm512_cvtne2ps_pbh(column[1], column[0]);
        _mm512_store_si512(
            tile + pair * 64, _mm512_permutexvar_epi16(side_by_side, (__m512i)both));
    }
}

INLINE void expand(
    const rk_matrix *m, const uint8_t *group, int32_t first, int32_t blocks, uint8_t *panel,
    const int bits, const uint8_t *values, const int sets, const bool has_min,
    const bool has_factors) {
    const rk_block_shape shape = rk_block_shape_of(bits, sets, has_min, has_factors);
    const int unit = has_factors ? 1 : 2;
    const vf zero = splat((float)-m->zero);
    for (int32_t b = 0; b < blocks; b++) {
        const uint16_t *head = (const uint16_t *)(group + rk_head_at(first + b, shape));
        const uint8_t *s = group + rk_scales_at(first + b, shape);
        const uint8_t *q = group + rk_quants_at(first + b, shape);
        UNROLL for (int line = 0; line < shape.quants; line += 64) {
            __builtin_prefetch(q + m->stride * GROUPS + line, 0, 2);
        }
        UNROLL for (int set = 0; set < sets; set++) {
            const uint8_t *p = s + set * RK_ROWS * (has_min ? 2 : 1) * unit;
            vf scale = scales_of(p, half_to_float(head), has_factors);
            // The zero point is a power of two, or 0: this is exact.
            vf least = has_min
                ? scales_of(p + RK_ROWS * unit, half_to_float(head + RK_ROWS), has_factors)
                : scale * zero;
            UNROLL for (int j = 0; j < 8 / sets; j++) {
                const int column = set * 4 + j;
                __m512i bytes = (__m512i)unpack(q, column, bits, values);
                store_pairs(panel + b * TILE_BYTES + column * 128, bytes, (__m512)scale, (__m512)least);
            }
        }
    }
}

// 16-bit floats, which stand column by column.
static void expand_halves(
    const rk_matrix *m, const uint16_t *weights, int32_t blocks, uint8_t *panel, uint8_t *low) {
    bool is_f16 = m->layout == RK_LAYOUT_F16;
    for (int64_t at = 0; at < (int64_t)blocks * TILE_BYTES; at += 64) {
        const uint16_t *w = weights + at / 2;
        __builtin_prefetch((const uint8_t *)w + m->stride * GROUPS, 0, 2);
        if (is_f16) {
            split_rows(half_to_float(w), half_to_float(w + RK_ROWS), panel + at, low + at);
        } else {
            vi first = words(_mm256_loadu_si256((const __m256i *)w));
            vi second = words(_mm256_loadu_si256((const __m256i *)(w + RK_ROWS)));
            put(panel + at, first | second << 16);
        }
    }
}

// Columns of one group of rows, whole blocks from `first` on, as tiles of bf16; of float16 what
// that leaves stands in `low`.
static void expand_group(
    const rk_matrix *m, int32_t g, int32_t first, int32_t blocks, uint8_t *panel, uint8_t *low) {
    const uint8_t *group = m->data + m->stride * g;
    if (m->layout != RK_LAYOUT_INT) {
        const uint16_t *columns = (const uint16_t *)group + (int64_t)first * RK_BLOCK * RK_ROWS;
        expand_halves(m, columns, blocks, panel, low);
        return;
    }
#define EXPAND(BITS, VALUES, SETS, MIN, FACTORS)                                               \
    expand(m, group, first, blocks, panel, BITS, VALUES, SETS, MIN, FACTORS)
    const bool has_min = m->has_min, has_factors = m->has_factors;
    if (m->values) EXPAND(4, m->values, 1, false, false);
    else if (m->bits == 8) EXPAND(8, NULL, 1, false, false);
    else if (m->bits == 6) EXPAND(6, NULL, 2, false, true);
    else if (m->bits == 5 && has_factors) EXPAND(5, NULL, 1, true, true);
    else if (m->bits == 5 && has_min) EXPAND(5, NULL, 1, true, false);
    else if (m->bits == 5) EXPAND(5, NULL, 1, false, false);
    else if (m->bits == 3) EXPAND(3, NULL, 2, false, true);
    else if (m->bits == 2) EXPAND(2, NULL, 2, true, true);
    else if (has_factors) EXPAND(4, NULL, 1, true, true);
    else if (has_min) EXPAND(4, NULL, 1, true, false);
    else EXPAND(4, NULL, 1, false, false);
#undef EXPAND
}

// ---------------------------------------------------------------- products

INLINE void multiply_parts(
    const token_tile *t, int tiles, weight_panel panel, int groups, int32_t blocks, bool add,
    int64_t stride, const int parts) {
    if (tiles == 2 && groups == 2) {
        multiply_tiles(t, panel, blocks, add, stride, 2, 2, parts);
    } else if (tiles == 2) {
        multiply_tiles(t, panel, blocks, add, stride, 2, 1, parts);
    } else if (groups == 2) {
        multiply_tiles(t, panel, blocks, add, stride, 1, 2, parts);
    } else {
        multiply_tiles(t, panel, blocks, add, stride, 1, 1, parts);
    }
}

static void multiply_step(
    const token_tile *t, int tiles, weight_panel panel, int groups, int32_t blocks, bool add,
    int64_t stride) {
    if (panel.parts == 1) multiply_parts(t, tiles, panel, groups, blocks, add, stride, 1);
    else if (panel.parts == 2) multiply_parts(t, tiles, panel, groups, blocks, add, stride, 2);
    else multiply_parts(t, tiles, panel, groups, blocks, add, stride, 3);
}

// All tokens times `groups` of rows in the panel.
static void multiply_panel(
    const rk_matrix *m, const rk_activations *set, int32_t g, int groups, weight_panel panel,
    int32_t first, int32_t blocks, float *output, int64_t stride, bool add, int32_t shape[2]) {
    int32_t all = m->cols / RK_BLOCK;
    // The last rows of a matrix may not fill a group; then its sums go to the side.
    float side[RK_TILE_MOST * RK_ROWS];
    int32_t rows = m->rows - g * RK_ROWS;
    bool is_partial = groups == 1 && rows < RK_ROWS;
    int32_t count = is_partial ? 1 : 2;
    for (int32_t token = 0; token < set->tokens;) {
        token_tile t[2];
        int tiles = 0;
        int32_t start = token;
        for (; tiles < count && token < set->tokens; tiles++) {
            int32_t width = rk_tile_width(set, token);
            float *out = output + (int64_t)token * stride + (int64_t)g * RK_ROWS;
            int64_t at = ((int64_t)token * all + (int64_t)first * width) * RK_BLOCK;
            t[tiles] = (token_tile){
                .width = width, .inputs = set->words + at, .low_inputs = set->low_words + at,
                .output = {out, out + RK_ROWS}};
            token += width;
        }
        int32_t second = tiles == 2 ? t[1].width : t[0].width;
        if (shape[0] != t[0].width || shape[1] != second) {
            shape[0] = t[0].width;
            shape[1] = second;
            shape_tiles(shape[0], shape[1]);
        }
        if (!is_partial) {
            multiply_step(t, tiles, panel, groups, blocks, add, stride);
            continue;
        }
        t[0].output[0] = side;
        multiply_step(t, 1, panel, 1, blocks, false, RK_ROWS);
        for (int32_t at = 0; at < t[0].width; at++) {
            float *cells = output + (start + at) * stride + (int64_t)g * RK_ROWS;
            for (int32_t r = 0; r < rows; r++) {
                cells[r] = add ? cells[r] + side[at * RK_ROWS + r] : side[at * RK_ROWS + r];
            }
        }
    }
}

// 16-bit floats go through tiles in two parts, which is faster than in vectors; wider ones would
// lose what a file that has them is for.
static bool is_tiled(const rk_matrix *m, const rk_activations *set) {
    bool is_wide = m->layout == RK_LAYOUT_RAW || m->layout == RK_LAYOUT_F32;
    return set->form == RK_INPUTS_BF16 && !is_wide && m->cols % RK_BLOCK == 0;
}

static void multiply(
    const rk_matrix *m, const rk_activations *set, rk_groups span, float *output, int64_t stride,
    bool add) {
    if (!is_tiled(m, set)) {
        rk_avx512_table.multiply(m, set, span, output, stride, add);
        return;
    }
    static _Thread_local _Alignas(64) uint8_t memory[2][GROUPS * PANEL_COLS * RK_ROWS * 2];
    int32_t all = m->cols / RK_BLOCK, whole = m->rows / RK_ROWS, shape[2] = {0, 0};
    int32_t most = rk_even_width(all, PANEL_COLS / RK_BLOCK);
    weight_panel panel = {
        .high = memory[0], .low = memory[1], .stride = (int64_t)most * TILE_BYTES,
        .parts = m->layout == RK_LAYOUT_INT ? 1 : m->layout == RK_LAYOUT_BF16 ? 2 : 3};
    // All rows pass these columns of the inputs while a core's second-level cache has them.
    for (int32_t from = 0; from < all; from += most) {
        int32_t blocks = all - from < most ? all - from : most;
        const int32_t last = span.first + span.count, end = last < whole ? last : whole;
        for (int32_t g = span.first, groups; g < last; g += groups) {
            groups = g + GROUPS <= end ? GROUPS : 1;
            for (int32_t i = 0; i < groups; i++) {
                expand_group(
                    m, g + i, from, blocks, memory[0] + i * panel.stride,
                    memory[1] + i * panel.stride);
            }
            multiply_panel(
                m, set, g, groups, panel, from, blocks, output, stride, add || from > 0, shape);
        }
    }
    // Tiles in use would be saved whenever the thread is interrupted.
    _tile_release();
}

static void attend(const rk_attention *a, const rk_attention_item *item, int32_t kv_head) {
    if (a->form == RK_INPUTS_BF16) rk_amx_attend(a, item, kv_head);
    else rk_avx512_table.attend(a, item, kv_head);
}

// Independent sums, nothing loaded.
static double peak(int64_t steps) {
    shape_tiles(TILE_ROWS, TILE_ROWS);
    _tile_zero(4);
    _tile_zero(6);
    // A tile does the work of a few hundred vectors.
    int64_t rounds = steps / 64;
    for (int64_t s = 0; s < rounds; s++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 6);
        _tile_dpbf16ps(2, 4, 6);
        _tile_dpbf16ps(3, 4, 6);
    }
    _tile_release();
    return 2.0 * 4 * RK_TILE_MOST * RK_ROWS * TILE_COLS * (double)rounds;
}

#pragma clang attribute pop

rk_kernels rk_amx_table;

// Before anything else runs: from then on nobody writes it.
__attribute__((constructor)) static void fill_table(void) {
    rk_amx_table = rk_avx512_table;
    rk_amx_table.name = "amx";
    rk_amx_table.prompt_form = RK_INPUTS_BF16;
    rk_amx_table.prepare = prepare;
    rk_amx_table.multiply = multiply;
    rk_amx_table.attend = attend;
    rk_amx_table.prompt_peak = peak;
}
#endif
