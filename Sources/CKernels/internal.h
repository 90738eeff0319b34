#ifndef RK_INTERNAL_H
#define RK_INTERNAL_H

#include "dequantize.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

extern const rk_kernels rk_reference_table;
#if defined(__x86_64__)
extern const rk_kernels rk_avx2_table;
extern const rk_kernels rk_avx512_table;
#endif
#if defined(__aarch64__)
extern const rk_kernels rk_neon_table;
#endif

// The inputs of one register tile, from an activation set.
typedef struct {
    int32_t blocks;
    /// Whether these tokens are the first for which the rows' weights are read.
    bool is_first;
    const int8_t *quants, *low_quants;
    const int16_t *words;
    const uint8_t *has_low;
    const float *scales, *sums, *half_sums;
    const int32_t *totals;
} rk_tile;

// Shared by all tables: storing one position is too little work for vectors.
void rk_store_cached(
    const rk_cache_layout *layout, int64_t layer_offset, const rk_row *row, int32_t kv_head,
    const float *key, const float *value);

#endif
