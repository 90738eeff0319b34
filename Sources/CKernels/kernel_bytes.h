// Integer products for instruction sets that multiply four pairs of bytes into a 32-bit lane, part
// of kernel_body.h.
//   dot_wide(a, w, x)   dot for bytes that stand 128 above their value
//   WIDE_ZERO        1 where dot_wide leaves the 128 in, to be taken out by the totals
//   ALONE_FROM       where defined, tiles of one group and so many tokens ask for weights as if
//                    they were the only piece
//   PARTS_BESIDE(T)  where defined, how many vectors of a group's rows a tile of T tokens takes at
//                    once, MOST_BESIDE at most; elsewhere one after the other

#ifndef PARTS_BESIDE
#define PARTS_BESIDE(T) 1
#define MOST_BESIDE 1
#endif

#ifdef ALONE_FROM
#define IS_ALONE(V, T) ((V) == 1 && (T) >= ALONE_FROM)
#else
#define IS_ALONE(V, T) false
#endif

// What dot_wide takes out of weights that stand `zero` above their value; the totals do the rest.
INLINE int NAME(above)(const int zero) { return zero == 128 && !WIDE_ZERO ? 128 : 0; }

// Vectors of weights that a tile takes at once, at most.
enum { NAME(MOST_VECTORS) = INT_GROUPS * MOST_BESIDE };

// Whether the products of weights that stand above their value begin with the excess, where there
// are registers for it: at the end it takes eight tokens' product of 6 bits a fifth longer.
#define EXCESS_FIRST (REGISTERS == 32)

// The products of a block: columns `set` of `words` quads. V vectors, `beside` of each group.
INLINE void NAME(byte_products)(
    vi (*sum)[NAME(MOST_VECTORS)], const uint8_t *const *weights, const int8_t *inputs,
    const rk_outliers *outliers, const int32_t *totals, const int V, const int beside,
    const int T, const int bits, const uint8_t *values, const int set, const int words,
    const int zero) {
    const uint8_t *rows[NAME(MOST_VECTORS)];
    UNROLL for (int v = 0; v < V; v++) rows[v] = weights[v / beside] + v % beside * LANES * 4;
    const int above = NAME(above)(zero);
    UNROLL for (int t = 0; t < T; t++) {
        const vi excess
            = NAME(excess)(totals + t * 3, 8 / words, set, EXCESS_FIRST ? zero - above : 0);
        UNROLL for (int v = 0; v < V; v++) sum[t][v] = -excess;
    }
    UNROLL for (int j = 0; j < words; j++) {
        const int column = set * 4 + j;
        vb w[NAME(MOST_VECTORS)];
        UNROLL for (int v = 0; v < V; v++) w[v] = unpack(rows[v], column, bits, values);
        UNROLL for (int t = 0; t < T; t++) {
            vi x = NAME(spread)(inputs + t * RK_BLOCK + column * 4);
            // Vectors share it, where the compiler would have each multiplication load it.
            if (V > 1) KEEP(x);
            UNROLL for (int v = 0; v < V; v++) {
                sum[t][v] = zero == 128 ? dot_wide(sum[t][v], w[v], x) : dot(sum[t][v], w[v], x);
                // Else the compiler takes token by token up to its outliers, and has too few
                // registers for the weights.
                KEEP(sum[t][v]);
            }
        }
    }
    UNROLL for (int t = 0; t < T; t++) {
        NAME(add_outliers)(sum[t], V, rows, &outliers[t], bits, values, set, words, above);
    }
}

// `groups` groups of 16 rows times one tile of `T` tokens. Where inputs that are spread over a
// vector as they are loaded bound a tile, vectors of several groups share them. All parameters
// but the pointers are constants at each call, so that the loops unroll into straight register
// code.
INLINE void NAME(int_tile)(
    const rk_tile *tile, const uint8_t *group, int64_t group_bytes, float *output,
    int64_t stride, bool add, const int32_t width, const int groups, const int T,
    const int bits, const int scale_sets, const int has_min, const int zero,
    const int has_factors) {
    enum { PARTS = RK_ROWS / LANES };
    const int beside = PARTS_BESIDE(T), vectors = groups * beside;
    const rk_block_shape shape = rk_block_shape_of(bits, scale_sets, has_min, has_factors);
    const int steps = 12;
    const int64_t ahead = steps * (shape.head / shape.sharing + shape.quants) / 64 * 64;
    const int unit = has_factors ? 1 : 2;
    const int32_t blocks = tile->blocks;
    // One token is always one piece; as a constant the pass leaves more registers to the loop.
    const bool alone = T == 1 || IS_ALONE(groups, T);
    const rk_pass pass = alone ? (rk_pass){.count = 1, .is_cold = true} : tile->pass;
    const bool asks_far = !alone || (T > 1 && bits < 8) || rk_tuned.group_ahead;
    const bool near = rk_tuned.near || (pass.count == 1 && rk_tuned.near_alone);
    // Columns of four that one scale covers.
    const int words = scale_sets == 1 ? 8 : 4;
    const uint8_t *const values = bits == 4 && zero == 128 ? tile->values : NULL;
    for (int part = 0; part < PARTS; part += beside) {
        const uint8_t *block[INT_GROUPS], *weights[INT_GROUPS];
        UNROLL for (int g = 0; g < groups; g++) {
            block[g] = group + g * group_bytes + part * LANES * unit;
            weights[g] = group + g * group_bytes + rk_quants_at(0, shape) + part * LANES * 4;
        }
        vf factors[NAME(MOST_VECTORS)][2];
        const int8_t *inputs = tile->quants;
        const rk_outliers *outliers = tile->outliers;
        const float *scales = tile->scales, *sums = tile->sums, *halves = tile->half_sums;
        const int32_t *totals = tile->totals;
        vf total[INT_TOKENS][NAME(MOST_VECTORS)];
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int v = 0; v < vectors; v++) total[t][v] = splat(0);
        }
        for (int32_t b = 0; b < blocks; b++) {
            // From one common counter, all addresses would have an index, and a multiplication
            // with one is two operations to the processor: 4 to 7 % at few tokens.
            KEEP_POINTER(inputs);
            KEEP_POINTER(outliers);
            KEEP_POINTER(scales);
            KEEP_POINTER(sums);
            UNROLL for (int g = 0; g < groups; g++) {
                KEEP_POINTER(block[g]);
                KEEP_POINTER(weights[g]);
            }
            const bool at_head = has_factors && b % shape.sharing == 0;
            if (at_head) {
                UNROLL for (int v = 0; v < vectors; v++) {
                    const uint8_t *head = weights[v / beside] - shape.head
                        - part * LANES * 2 + v % beside * LANES * 2;
                    factors[v][0] = half_to_float((const uint16_t *)head);
                    factors[v][1] = half_to_float((const uint16_t *)head + (has_min ? RK_ROWS : 0));
                }
                UNROLL for (int g = 0; g < groups; g++) {
                    block[g] = weights[g] - shape.head + shape.factors - part * LANES * 3;
                }
            }
            if (part == 0 && asks_far) {
                UNROLL for (int g = 0; g < groups; g++) {
                    const int64_t next = groups * group_bytes;
                    fetch_next(block[g] + next, weights[g] + next, shape.quants, pass, near);
                }
            }
            if (part == 0 && pass.is_cold) {
                // Behind the end of these groups stand the next ones.
                const int64_t behind = b + steps >= blocks ? (groups - 1) * group_bytes : 0;
                UNROLL for (int g = 0; g < groups; g++) {
                    fetch_block(weights[g] + behind, shape, at_head, ahead, near);
                }
            }
            UNROLL for (int set = 0; set < scale_sets; set++) {
                vi sum[INT_TOKENS][NAME(MOST_VECTORS)];
                NAME(byte_products)(
                    sum, weights, inputs, outliers, totals, vectors, beside, T, bits, values, set,
                    words, zero);
                UNROLL for (int v = 0; v < vectors; v++) {
                    const int lane = v % beside * LANES;
                    const uint8_t *p = block[v / beside]
                        + (set * RK_ROWS * (has_min ? 2 : 1) + lane) * unit;
                    NAME(add_scaled)(
                        &total[0][v], &sum[0][v], NAME(MOST_VECTORS), p,
                        factors[v], scales, sums, halves, totals, T, scale_sets, set, has_min,
                        EXCESS_FIRST ? 0 : zero - NAME(above)(zero), has_factors);
                }
            }
            UNROLL for (int g = 0; g < groups; g++) {
                block[g] += has_factors ? shape.scales : rk_scales_step(b, shape);
                weights[g] += rk_quants_step(b, shape);
            }
            inputs += width * RK_BLOCK;
            outliers += width;
            scales += width;
            sums += width;
            halves += width;
            totals += width * 3;
        }
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int v = 0; v < vectors; v++) {
                float *target = output + t * stride + v / beside * RK_ROWS
                    + (part + v % beside) * LANES;
                store(target, add ? load(target) + total[t][v] : total[t][v]);
            }
        }
    }
}
