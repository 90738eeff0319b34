// Integer products over inputs in two planes of bytes (high · 128 + low), part of
// kernel_body.h: for instruction sets that multiply four pairs of bytes into a 32-bit lane.
// The low plane is left out for blocks in which no token of a tile has it.
//   dot_wide(a, w, x)   dot for bytes that stand 128 above their value
//   WIDE_ZERO        1 where dot_wide leaves the 128 in, to be taken out by the totals

// Widest tile that keeps the sums of both planes in registers.
enum { NAME(DUAL_TILE) = 8 };
// Whether a tile keeps a block's weights in registers instead.
#ifdef KEPT_FROM
#define KEEPS(V, T) ((V) == 1 && (T) >= KEPT_FROM)
#else
#define KEEPS(V, T) false
#endif

INLINE vi NAME(dot_word)(vi sum, vb w, const int8_t *x, const int zero) {
    int32_t word;
    memcpy(&word, x, 4);
    return zero == 128 ? dot_wide(sum, w, word) : dot(sum, w, word);
}

// Adds the products of one plane of a block: columns `set` of `words` quads.
INLINE void NAME(add_plane)(
    vi (*sum)[INT_GROUPS], const uint8_t *const *weights, const int8_t *inputs, const int V,
    const int T, const int bits, const int set, const int words, const int zero) {
    UNROLL for (int j = 0; j < words; j++) {
        const int column = set * 4 + j;
        vb w[INT_GROUPS];
        UNROLL for (int v = 0; v < V; v++) w[v] = NAME(unpack)(weights[v], column, bits);
        UNROLL for (int t = 0; t < T; t++) {
            const int32_t at = t * RK_BLOCK + column * 4;
            UNROLL for (int v = 0; v < V; v++) {
                sum[t][v] = NAME(dot_word)(sum[t][v], w[v], inputs + at, zero);
            }
        }
    }
}

// Adds the products of a block and one group, of each token with the plane it has: weights are
// unpacked once for all of them, and nobody pays for another's low plane.
INLINE void NAME(add_kept)(
    vi (*sum)[INT_GROUPS], const uint8_t *weights, const int8_t *const *inputs,
    const uint8_t *has_low, const int T, const int bits, const int set, const int words,
    const int zero) {
    vb w[RK_BLOCK / 4];
    UNROLL for (int j = 0; j < words; j++) w[j] = NAME(unpack)(weights, set * 4 + j, bits);
    UNROLL for (int j = 0; j < words; j++) {
        UNROLL for (int t = 0; t < T; t++) {
            const int8_t *x = inputs[0] + t * RK_BLOCK + (set * 4 + j) * 4;
            sum[t][0] = NAME(dot_word)(sum[t][0], w[j], x, zero);
        }
    }
    UNROLL for (int t = 0; t < T; t++) {
        sum[t][0] = sum[t][0] << 7;
        if (!has_low[t]) continue;
        UNROLL for (int j = 0; j < words; j++) {
            const int8_t *x = inputs[1] + t * RK_BLOCK + (set * 4 + j) * 4;
            sum[t][0] = NAME(dot_word)(sum[t][0], w[j], x, zero);
        }
    }
}

// `groups` groups of 16 rows times one tile of `T` tokens. Where inputs that are spread over a
// vector as they are loaded bound a tile, vectors of several groups share them. All parameters
// but the pointers are constants at each call, so that the loops unroll into straight register
// code.
INLINE void NAME(int_tile)(
    const rk_tile *tile, const uint8_t *group, int64_t group_bytes, float *output,
    int64_t stride, bool add, const int32_t width, const int groups, const int T,
    const int bits, const int scale_sets, const int has_min, const int zero) {
    enum { PARTS = RK_ROWS / LANES };
    const int V = groups;
    const int quant_bytes = bits == 4 ? 256 : 512;
    const int scale_bytes = 32 * scale_sets * (has_min ? 2 : 1);
    const int lead = scale_bytes < 64 ? 0 : scale_bytes;
    const int32_t blocks = tile->blocks;
    // One token is always one piece, and a tile that keeps weights asks as if it were: as a
    // constant the pass leaves more registers to the loop.
    const bool alone = T == 1 || KEEPS(V, T);
    const rk_pass pass = alone ? (rk_pass){.count = 1, .is_cold = true} : tile->pass;
    const bool asks_far = !alone || (T > 1 && bits == 4) || rk_tuned.group_ahead;
    const bool near = rk_tuned.near || (pass.count == 1 && rk_tuned.near_alone);
    // Columns of four that one scale covers.
    const int words = scale_sets == 1 ? 8 : 4;
    for (int part = 0; part < PARTS; part++) {
        const uint8_t *block[INT_GROUPS], *weights[INT_GROUPS];
        UNROLL for (int v = 0; v < V; v++) {
            block[v] = group + v * group_bytes + part * LANES * 2;
            weights[v] = group + v * group_bytes + rk_quants_at(0, scale_bytes, quant_bytes)
                + part * LANES * 4;
        }
        const int8_t *inputs[2] = {tile->quants, tile->low_quants};
        const uint8_t *has_low = tile->has_low;
        const float *scales = tile->scales, *sums = tile->sums, *halves = tile->half_sums;
        const int32_t *totals = tile->totals;
        vf total[INT_TOKENS][INT_GROUPS];
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int v = 0; v < V; v++) total[t][v] = splat(0);
        }
        for (int32_t b = 0; b < blocks; b++) {
            // From one common counter, all addresses would have an index, and a multiplication
            // with one is two operations to the processor: 4 to 7 % at few tokens.
            KEEP_POINTER(inputs[0]);
            KEEP_POINTER(inputs[1]);
            KEEP_POINTER(has_low);
            KEEP_POINTER(scales);
            KEEP_POINTER(sums);
            UNROLL for (int v = 0; v < V; v++) {
                KEEP_POINTER(block[v]);
                KEEP_POINTER(weights[v]);
            }
            if (part == 0 && asks_far) {
                UNROLL for (int v = 0; v < V; v++) {
                    const int64_t next = groups * group_bytes;
                    fetch_next(block[v] + next, weights[v] + next, quant_bytes, pass, near);
                }
            }
            if (part == 0 && pass.is_cold) {
                // Behind the end of these groups stand the next ones.
                const int steps = 12;
                const int64_t behind = b + steps >= blocks ? (groups - 1) * group_bytes : 0;
                UNROLL for (int v = 0; v < V; v++) {
                    fetch_ahead(
                        weights[v] + behind - lead, quant_bytes + lead,
                        steps * (scale_bytes + quant_bytes), near);
                }
            }
            // One token's product waits for memory anyway.
            uint8_t any_low = T == 1 || KEEPS(V, T);
            UNROLL for (int t = 0; t < T; t++) any_low |= has_low[t];
            UNROLL for (int set = 0; set < scale_sets; set++) {
                vi sum[INT_TOKENS][INT_GROUPS];
                UNROLL for (int t = 0; t < T; t++) {
                    UNROLL for (int v = 0; v < V; v++) sum[t][v] = (vi){};
                }
                if (KEEPS(V, T)) {
                    NAME(add_kept)(sum, weights[0], inputs, has_low, T, bits, set, words, zero);
                } else if (T * V <= NAME(DUAL_TILE) && any_low) {
                    // Few tokens: both planes at once, so that weights are unpacked once.
                    vi low[INT_TOKENS][INT_GROUPS];
                    UNROLL for (int t = 0; t < T; t++) {
                        UNROLL for (int v = 0; v < V; v++) low[t][v] = (vi){};
                    }
                    UNROLL for (int j = 0; j < words; j++) {
                        const int column = set * 4 + j;
                        vb w[V];
                        UNROLL for (int v = 0; v < V; v++) {
                            w[v] = NAME(unpack)(weights[v], column, bits);
                        }
                        UNROLL for (int t = 0; t < T; t++) {
                            const int32_t at = t * RK_BLOCK + column * 4;
                            UNROLL for (int v = 0; v < V; v++) {
                                sum[t][v] = NAME(dot_word)(sum[t][v], w[v], inputs[0] + at, zero);
                                low[t][v] = NAME(dot_word)(low[t][v], w[v], inputs[1] + at, zero);
                            }
                        }
                    }
                    UNROLL for (int t = 0; t < T; t++) {
                        UNROLL for (int v = 0; v < V; v++) {
                            sum[t][v] = (sum[t][v] << 7) + low[t][v];
                        }
                    }
                } else {
                    NAME(add_plane)(sum, weights, inputs[0], V, T, bits, set, words, zero);
                    if (any_low) {
                        UNROLL for (int t = 0; t < T; t++) {
                            UNROLL for (int v = 0; v < V; v++) sum[t][v] = sum[t][v] << 7;
                        }
                        NAME(add_plane)(sum, weights, inputs[1], V, T, bits, set, words, zero);
                    }
                }
                UNROLL for (int v = 0; v < V; v++) {
                    const uint16_t *p
                        = (const uint16_t *)block[v] + set * 16 * (has_min ? 2 : 1);
                    vf d = half_to_float(p);
                    if (!any_low) d *= 128.0f;
                    UNROLL for (int t = 0; t < T; t++) {
                        // Stored integers stand `zero` above their value; the sum of the
                        // inputs takes that out.
                        if (zero != 0 && (zero != 128 || WIDE_ZERO)) {
                            const int32_t inputs_total
                                = totals[t * 3 + (scale_sets == 1 ? 0 : 1 + set)];
                            sum[t][v] -= (any_low ? inputs_total : inputs_total >> 7) * zero;
                        }
                        vf scale = d * scales[t];
                        total[t][v]
                            = fma_(__builtin_convertvector(sum[t][v], vf), scale, total[t][v]);
                    }
                    if (!has_min) continue;
                    vf m = half_to_float(p + 16);
                    UNROLL for (int t = 0; t < T; t++) {
                        float s = NAME(covered_sum)(sums[t], halves[t], scale_sets, set);
                        total[t][v] = fma_(m, splat(s), total[t][v]);
                    }
                }
            }
            UNROLL for (int v = 0; v < V; v++) {
                block[v] += rk_scales_step(b, scale_bytes, quant_bytes);
                weights[v] += rk_quants_step(b, scale_bytes, quant_bytes);
            }
            inputs[0] += width * RK_BLOCK;
            inputs[1] += width * RK_BLOCK;
            has_low += width;
            scales += width;
            sums += width;
            halves += width;
            totals += width * 3;
        }
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int v = 0; v < V; v++) {
                float *target = output + t * stride + v * RK_ROWS + part * LANES;
                store(target, add ? load(target) + total[t][v] : total[t][v]);
            }
        }
    }
}
