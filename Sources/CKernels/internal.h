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

/// Bytes that a block of 16 rows has of scales, and of integers.
static inline int32_t rk_scale_bytes(const rk_matrix *m) {
    return 32 * m->scales * (m->has_min ? 2 : 1);
}
static inline int32_t rk_quant_bytes(const rk_matrix *m) { return m->bits * 64; }
/// Blocks whose scales share a cache line.
static inline int32_t rk_blocks_sharing(int32_t scale_bytes) {
    return scale_bytes < 64 ? 64 / scale_bytes : 1;
}
/// Where in its group of rows the scales of block `b` begin, and its integers. Scales stand before
/// the integers of the blocks that share their cache line, so that a group is read as one stream:
/// with all scales in front, memory gave an eighth less on Zen 3.
static inline int64_t rk_scales_at(int32_t b, int32_t scale_bytes, int32_t quant_bytes) {
    int32_t sharing = rk_blocks_sharing(scale_bytes), inside = b % sharing;
    return (int64_t)(b - inside) * (scale_bytes + quant_bytes) + inside * scale_bytes;
}
static inline int64_t rk_quants_at(int32_t b, int32_t scale_bytes, int32_t quant_bytes) {
    int32_t sharing = rk_blocks_sharing(scale_bytes), inside = b % sharing;
    return (int64_t)b * quant_bytes + (int64_t)(b - inside + sharing) * scale_bytes;
}
/// From block `b` to the next.
static inline int64_t rk_scales_step(int32_t b, int32_t scale_bytes, int32_t quant_bytes) {
    return rk_scales_at(b % 2 + 1, scale_bytes, quant_bytes)
        - rk_scales_at(b % 2, scale_bytes, quant_bytes);
}
static inline int64_t rk_quants_step(int32_t b, int32_t scale_bytes, int32_t quant_bytes) {
    return rk_quants_at(b % 2 + 1, scale_bytes, quant_bytes)
        - rk_quants_at(b % 2, scale_bytes, quant_bytes);
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
