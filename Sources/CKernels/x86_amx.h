// What the files of AMX kernels share.
#ifndef RK_X86_AMX_H
#define RK_X86_AMX_H

#include "internal.h"

#if defined(RK_HAS_AMX)
#include "x86_avx512_vectors.h"

/// What the functions of such a file are compiled for.
#define RK_AMX_TARGET                                                                          \
    __attribute__((target(                                                                     \
        "amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c")))

enum {
    /// Columns of a tile whose rows are those of a left factor, and bytes of one of its rows.
    TILE_COLS = 32,
    TILE_ROW = 2 * TILE_COLS,
    /// Rows of such a tile at most; bytes of a whole tile. One of a right factor holds
    /// TILE_COLS of its rows and 16 of its columns, as [pair of rows][column][2].
    TILE_ROWS = 16,
    TILE_BYTES = TILE_ROW * TILE_ROWS,
};

/// rk_kernels.attend where the form is RK_INPUTS_BF16.
void rk_amx_attend(const rk_attention *attention, const rk_attention_item *item, int32_t kv_head);

#endif
#endif
