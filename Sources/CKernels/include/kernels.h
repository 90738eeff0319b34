#ifndef RK_KERNELS_H
#define RK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "team.h"

// The kernels of the forward pass. Every operation stands in a table, one table an
// instruction set; `rk_kernels_reference` is plain C over float32 and the yardstick.
//
// Words: a *matrix* has `rows` outputs and `cols` inputs; an *activation set* holds the
// inputs of several tokens. Results do not depend on how many tokens are computed together,
// nor on the number of threads: each output is summed in one fixed order. They do depend on the
// form of the inputs, which the caller chooses: see rk_inputs.

enum {
    /// Rows that stand interleaved in a packed matrix: one vector of int32 or float32 lanes.
    RK_ROWS = 16,
    /// Weights and activations share a scale over this many columns.
    RK_BLOCK = 32,
    /// Tokens of one register tile.
    RK_TILE = 12,
    /// Tokens of one AMX tile.
    RK_TILE_MOST = 16,
    /// Positions of one page of the key-value cache.
    RK_PAGE = 64,
    /// Positions that one attention item covers; partial results are merged in order.
    RK_CHUNK = 256,
};

// ---------------------------------------------------------------- matrices

typedef enum {
    /// The file's own blocks, read row by row through rk_dequantize_row.
    RK_LAYOUT_RAW = 0,
    /// Integers of `bits` bits in 16-row groups with scales.
    RK_LAYOUT_INT = 1,
    /// Float types in 16-row groups, column by column.
    RK_LAYOUT_F16 = 2,
    RK_LAYOUT_BF16 = 3,
    RK_LAYOUT_F32 = 4,
} rk_layout;

typedef struct {
    int32_t rows, cols;
    int32_t layout;
    /// ggml type id of the source.
    int32_t type;
    // RK_LAYOUT_INT only.
    int32_t bits;      // 2 to 6, or 8
    int32_t scales;    // scale sets in 32 columns: 1 or 2 (groups of 16)
    int32_t has_min;   // a minimum beside each scale
    int32_t has_factors;  // both are signed bytes, in units of a float16 each that is the row's
                          // over 256 columns; otherwise they are float16 themselves
    int32_t zero;      // subtracted from each stored integer: 0 (with minima), 4, 8, 16, 32 or 128
    /// Where this is not NULL, the integers of 4 bits are places in it: 16 numbers that stand
    /// `zero` above their value.
    const uint8_t *values;
    /// Bytes of 16 rows (packed) or of one row (raw).
    int64_t stride;
    uint8_t *data;
} rk_matrix;

/// Fills in everything but `data` for a packed copy of a matrix of the ggml type, and
/// returns its size in bytes; 0 where the type or the shape has no packed layout.
int64_t rk_matrix_plan(rk_matrix *matrix, int32_t type, int32_t rows, int32_t cols);

/// Packs rows [first, first + count) from the file's rows, whose addresses (of any alignment)
/// are given; `first` is a multiple of 16, and so is `count` but for the matrix's last rows.
void rk_matrix_pack(
    rk_matrix *matrix, const uint8_t *const *sources, int32_t first, int32_t count);

/// One row as float32.
void rk_matrix_row(const rk_matrix *matrix, int32_t row, float *output);

/// Groups of 16 rows [first, first + count), and where `apart` is not 0 as many beside them, which
/// stand so many bytes behind in memory, and their results `outputs_apart` numbers: of the same
/// matrix or of another of its type and shape.
typedef struct {
    int32_t first, count;
    int64_t apart, outputs_apart;
} rk_groups;

// ---------------------------------------------------------------- activations

/// How an activation set holds inputs for RK_LAYOUT_INT, and 16-bit floats.
typedef enum {
    RK_INPUTS_INT = 0,
    /// As bf16, for kernels whose `prompt_form` this is; for 16-bit float layouts in two parts.
    RK_INPUTS_BF16 = 1,
} rk_inputs;

/// Inputs that outweigh the others of their block: the square of one is more than four ninths of
/// the sum of all squares, then perhaps another's of what is left. The others are quantised without
/// them, as 8 bits of their size would leave next to none, and they have 16 bits in the same unit.
/// On the default model one block in four has one, one in twenty two, and log-probabilities move
/// by .018 nats on average; with 8 bits of the largest everywhere it is .054.
typedef struct {
    /// The larger one first; 0 where there is none.
    int16_t value[2];
    /// Their places in the block.
    uint8_t column[2];
} rk_outliers;

/// The inputs of `tokens` tokens, ready for the matrices that read them. Tokens stand in
/// tiles of `tile`, RK_TILE at most (RK_TILE_MOST of RK_INPUTS_BF16); the last one may hold fewer.
typedef struct {
    int32_t tokens, cols, tile;
    rk_inputs form;
    /// float32 [tokens][cols], for float and raw layouts.
    float *values;
    /// Quantised inputs as [tile][block][token of the tile][32] in int8, without outliers, and in
    /// `words` as int16, with them, where the instruction set multiplies some weights best by those.
    int8_t *quants;
    /// RK_INPUTS_BF16 has its numbers in `words`, what rounding took from them in `low_words`, in
    /// the memory of `quants`, and nothing of what follows.
    int16_t *words, *low_words;
    /// [tile][block][token].
    rk_outliers *outliers;
    /// [tile][block][token]: scale, scale × sum of the quants, the same over the first 16.
    float *scales, *sums, *half_sums;
    /// [tile][block][token][3]: sum of the quants over 32, and over the first and last 16.
    int32_t *totals;
} rk_activations;

/// Bytes for an activation set of up to `tokens` × `cols`.
int64_t rk_activations_bytes(int32_t tokens, int32_t cols);
/// Points an activation set into memory of that size, aligned to 64.
void rk_activations_place(
    rk_activations *set, void *memory, int32_t tokens, int32_t cols, rk_inputs form);
/// The width of pieces of up to `most` that `tokens` are cut into: all of one width, as a last
/// piece of few tokens would take all weights for itself.
static inline int32_t rk_even_width(int32_t tokens, int32_t most) {
    int32_t parts = (tokens + most - 1) / most;
    return parts > 0 ? (tokens + parts - 1) / parts : most;
}
/// Tokens of the tile that starts at token `first`.
static inline int32_t rk_tile_width(const rk_activations *set, int32_t first) {
    int32_t left = set->tokens - first;
    return left < set->tile ? left : set->tile;
}

// ---------------------------------------------------------------- norms, activations

typedef enum { RK_NORM_RMS = 0, RK_NORM_LAYER = 1 } rk_norm_kind;
typedef enum {
    RK_ACT_SILU = 0, RK_ACT_GELU_TANH = 1, RK_ACT_GELU = 2, RK_ACT_RELU = 3
} rk_activation_kind;

// ---------------------------------------------------------------- attention

typedef enum { RK_CACHE_F32 = 0, RK_CACHE_F16 = 1, RK_CACHE_Q8 = 2 } rk_cache_type;

/// Geometry of a layer's keys and values inside a page. A page holds, layer by layer and key
/// head by key head: keys as [RK_PAGE / 16][head_size][16], values as [RK_PAGE][value_size].
/// With 8-bit elements the two factors of a pair that products sum stand side by side: keys as
/// [RK_PAGE / 16][head_size / 2][16][2], values as [RK_PAGE / 2][value_size][2]; behind them
/// float32 scales of each position.
typedef struct {
    int32_t type;
    int32_t kv_heads, head_size, value_size;
    /// Bytes of one head's keys, of its values, and of the whole layer in a page.
    int64_t key_bytes, value_bytes, layer_bytes;
} rk_cache_layout;

/// Where the scales of a page's positions begin in one head's keys, or its values, of so many
/// bytes.
static inline int64_t rk_cache_scales(int64_t bytes) {
    return bytes - RK_PAGE * (int64_t)sizeof(float);
}

void rk_cache_layout_make(
    rk_cache_layout *layout, int32_t type, int32_t kv_heads, int32_t head_size,
    int32_t value_size);

/// One token's place: the pages of its sequence and its position.
typedef struct {
    uint8_t *const *pages;
    int32_t position;
} rk_row;

/// A piece of attention work: rows that read the same chunk of positions. Of RK_INPUTS_BF16 they
/// are neighbours also in the pass, have one sequence's pages, and positions in ascending order.
typedef struct {
    int32_t first_row, row_count;  // into `row_index`
    int32_t chunk;
} rk_attention_item;

typedef struct {
    rk_cache_layout cache;
    /// Where the layer's keys and values begin in a page.
    int64_t layer_offset;
    int32_t heads;
    float scale;
    /// 0: none. Otherwise scores become cap · tanh(score / cap).
    float soft_cap;
    /// 0: all earlier positions. Otherwise only the last `window`, the own one included.
    int32_t window;
    const rk_row *rows;
    const int32_t *row_index;
    /// Queries, [row][heads · head_size], with `query_stride` floats between rows.
    const float *queries;
    int64_t query_stride;
    /// How the pass's products read their inputs; attention may follow them.
    rk_inputs form;
    /// Partial results, [chunk][row_count][heads][value_size + 2]: sums, then maximum, then
    /// weight. Chunk by chunk, so that memory for contexts that nobody reaches stays untouched.
    float *partials;
    int32_t row_count;
} rk_attention;

static inline float *rk_partial(
    const rk_attention *a, int32_t row, int32_t head, int32_t chunk) {
    int64_t index = ((int64_t)chunk * a->row_count + row) * a->heads + head;
    return a->partials + index * (a->cache.value_size + 2);
}

// ---------------------------------------------------------------- the table

typedef struct {
    const char *name;
    /// Whether packed matrices and quantised activations are used; false for the reference.
    bool packed;
    /// How inputs of the tokens of long prompts may be held, which these kernels multiply faster
    /// then. Sums have other last digits than with RK_INPUTS_INT.
    rk_inputs prompt_form;

    /// Whether one token's product takes groups that stand apart at once, where memory gives more
    /// of two streams. All of them are whole then, and packed.
    bool reads_apart;

    /// Readies columns [first, first + count) of token `token` from a row of floats: quantised
    /// and/or copied. `first` is a multiple of RK_BLOCK, and so is `count` where it quantises.
    void (*prepare)(
        const rk_activations *set, int32_t token, const float *row, int32_t first,
        int32_t count, bool quantize, bool copy);

    /// output[token][row0 + r] (+)= Σ matrix[r][c] · set[token][c], for groups of rows.
    /// `output` is at the matrix's first row; `stride` in floats. Groups apart are for one token
    /// of kernels that read them so.
    void (*multiply)(
        const rk_matrix *matrix, const rk_activations *set, rk_groups groups, float *output,
        int64_t stride, bool add);

    /// out = norm(x) · weight (+ bias), over n floats. RMS: arXiv 1910.07467.
    void (*normalize)(
        int32_t kind, const float *x, const float *weight, const float *bias, float epsilon,
        int32_t n, float *out);

    /// gate[i] = act(gate[i]) · up[i], or act(gate[i]) where up is NULL.
    void (*activate)(int32_t kind, float *gate, const float *up, int32_t n);

    /// Rotates pairs of the first `rotary` of head_size: (i, i + rotary/2), or (2i, 2i + 1)
    /// when interleaved, by the angles whose cosines and sines are given (rotary/2 each).
    void (*rotate)(
        float *head, int32_t rotary, bool interleaved, const float *cosines,
        const float *sines);

    /// Writes the keys and values of one head and one token into its page.
    void (*store)(
        const rk_cache_layout *layout, int64_t layer_offset, const rk_row *row,
        int32_t kv_head, const float *key, const float *value);

    /// One item for one key head and the query heads that share it.
    void (*attend)(const rk_attention *attention, const rk_attention_item *item, int32_t kv_head);

    /// Merges the partial results of one row's heads [first, first + count) into their places
    /// in out[heads · value_size].
    void (*merge)(
        const rk_attention *attention, int32_t row, int32_t first, int32_t count, float *out);

    /// Writes log Σ exp(x − max) + max over n floats, and the index of the first maximum.
    float (*log_sum_exp)(const float *x, int32_t n, int32_t *argmax);

    /// y += a · x over n floats.
    void (*axpy)(float a, const float *x, float *y, int32_t n);

    /// Multiplies bytes as fast as the instruction set can, and returns how many operations
    /// that were (a multiply-add counts as two); NULL for the reference.
    double (*peak)(int64_t steps);
    /// The same with bf16; NULL where `prompt_form` is not that.
    double (*prompt_peak)(int64_t steps);
} rk_kernels;

typedef enum {
    RK_KERNELS_AUTO = 0,
    RK_KERNELS_REFERENCE = 1,
    RK_KERNELS_AVX2 = 2,
    RK_KERNELS_AVX512 = 3,
    RK_KERNELS_NEON = 4,
    /// RK_KERNELS_AVX512 with tiles for prompts.
    RK_KERNELS_AMX = 5,
    /// RK_KERNELS_AVX2 with products of four bytes at once.
    RK_KERNELS_AVX_VNNI = 6,
} rk_kernel_choice;

/// The table of an instruction set; NULL where this processor has it not.
const rk_kernels *rk_kernels_get(rk_kernel_choice choice);

/// Measured limits of the machine with this team: bytes a second read from a buffer of `bytes`
/// in large pages, again and again; multiply-adds ×2 a second of the given kernels in int8, and in the form of
/// their prompts (0 where they have no other).
double rk_measure_read_bandwidth(rk_team *team, int64_t bytes);
double rk_measure_int8_rate(rk_team *team, const rk_kernels *kernels);
double rk_measure_prompt_rate(rk_team *team, const rk_kernels *kernels);

/// Attention probabilities of one query head over its sequence, for looking inside:
/// out[position + 1].
void rk_attention_probabilities(
    const rk_attention *attention, int32_t row, int32_t head, float *out);

#endif
