#ifndef RK_INTERNAL_H
#define RK_INTERNAL_H

#include "dequantize.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

extern const rk_kernels rk_reference_table;
#if defined(__x86_64__)
extern const rk_kernels rk_avx2_table;
extern const rk_kernels rk_avx_vnni_table;
extern const rk_kernels rk_avx512_table;
#if defined(__linux__)
/// Elsewhere the system has to be asked for the tiles in other ways, or has none.
#define RK_HAS_AMX
extern rk_kernels rk_amx_table;
/// Asks the system to let this process use tiles (it then has eight kilobytes more of registers
/// to save); false where it does not.
bool rk_amx_permitted(void);
#endif
#endif
#if defined(__aarch64__)
extern const rk_kernels rk_neon_table;
#endif

/// How the blocks of a group of rows stand: a head with the scales of some blocks, then the integers
/// of these, and so on, so that a group is read as one stream: with all scales in front, memory gave
/// an eighth less on Zen 3. With factors a head has them first, then each block's scales.
typedef struct {
    /// Bytes of a block's integers, of its scales, and of a head's factors.
    int32_t quants, scales, factors;
    /// Blocks behind a head, and its bytes, which are whole cache lines.
    int32_t sharing, head;
} rk_block_shape;

/// Blocks that have a factor in common: the 256 columns of a block of k-quants.
enum { RK_FACTOR_BLOCKS = 8 };

static inline rk_block_shape rk_block_shape_of(
    int32_t bits, int32_t sets, bool has_min, bool has_factors) {
    const int32_t numbers = RK_ROWS * (has_min ? 2 : 1);
    rk_block_shape s = {.quants = bits * 64};
    s.scales = numbers * sets * (has_factors ? 1 : 2);
    s.factors = has_factors ? numbers * 2 : 0;
    s.sharing = has_factors ? RK_FACTOR_BLOCKS : s.scales < 64 ? 64 / s.scales : 1;
    s.head = (s.factors + s.sharing * s.scales + 63) / 64 * 64;
    return s;
}
/// Where in its group of rows the head of block `b` begins, its scales, and its integers.
static inline int64_t rk_head_at(int32_t b, rk_block_shape s) {
    return (int64_t)(b - b % s.sharing) * s.quants + (int64_t)(b / s.sharing) * s.head;
}
static inline int64_t rk_scales_at(int32_t b, rk_block_shape s) {
    return rk_head_at(b, s) + s.factors + b % s.sharing * s.scales;
}
static inline int64_t rk_quants_at(int32_t b, rk_block_shape s) {
    return (int64_t)b * s.quants + (int64_t)(b / s.sharing + 1) * s.head;
}
/// From the scales and the integers of block `b` to those of the next.
static inline int32_t rk_scales_step(int32_t b, rk_block_shape s) {
    return (b + 1) % s.sharing ? s.scales
                               : s.scales + s.head + s.sharing * (s.quants - s.scales);
}
static inline int32_t rk_quants_step(int32_t b, rk_block_shape s) {
    return s.quants + ((b + 1) % s.sharing ? 0 : s.head);
}

/// How the kernels ask for weights on this processor, and take them; see fetch in kernel_body.h.
typedef struct {
    /// To the first-level cache: always, and in integer products of one piece of tokens.
    bool near, near_alone;
    /// Whether one token's product asks a group ahead as well, and takes bytes in pairs of groups.
    bool group_ahead, pairs_of_bytes;
    /// From how many tokens on an integer product takes one group of rows at a time.
    int32_t single_from;
    /// Whether weights are asked for a short way ahead only, and into the first-level cache: where
    /// the processor itself follows several streams well. Read by kernel_words.h.
    bool follows_streams;
} rk_tuning;
extern rk_tuning rk_tuned;

/// Pieces of the tokens go over the same weights one after the other.
typedef struct {
    /// The number of a piece, and how many of them ask for the weights that come next, a part
    /// each: were those asked for in the first piece alone, memory would be idle in the others,
    /// and the first would wait for it. On Zen 4 eight tokens' product took a sixth longer so,
    /// of 8 bits a quarter.
    int32_t index, count;
    /// Whether weights are asked for a few steps ahead as well: where nobody has done so yet, and
    /// in a piece that has its weights to itself, which would otherwise wait for them (two to six
    /// tokens a twelfth longer, one a twentieth, on Zen 5).
    bool is_cold;
} rk_pass;

// The inputs of one register tile, from an activation set.
typedef struct {
    int32_t blocks;
    /// How many bytes behind the first of two groups of rows the second stands, and its results.
    int64_t apart, outputs_apart;
    rk_pass pass;
    /// The matrix's.
    const uint8_t *values;
    const int8_t *quants;
    const int16_t *words;
    const rk_outliers *outliers;
    const float *scales, *sums, *half_sums;
    const int32_t *totals;
} rk_tile;

// Shared by all tables: storing one position is too little work for vectors.
void rk_store_cached(
    const rk_cache_layout *layout, int64_t layer_offset, const rk_row *row, int32_t kv_head,
    const float *key, const float *value);

#endif
