// Integer products for instruction sets that multiply pairs only, part of kernel_body.h where
// INPUT_WORDS is defined.
//   madd(w, x)         in each 32-bit lane, the sum of two products of 16-bit words
//   madd_bytes(w, x)   in each 16-bit lane, the sum of two of a byte w and a signed byte x
//
// Weights of up to 6 bits are multiplied as bytes by inputs of a byte: a lane of 16 bits holds the
// sum of all 16 products that it gets of a block (at most 15 · 127 each with 4 bits), of 8 with 5
// bits, of 4 with 6, and becomes 32 bits then.
// Weights of 8 bits would saturate so. They are multiplied as words, outliers among the inputs.
// Words of a quad of columns stand as 0, 2, 1, 3: a packed 32-bit lane holds four columns of a row
// as bytes, and masking it gives columns 0 and 2, shifting it columns 1 and 3.

enum { NAME(PARTS) = RK_ROWS / LANES };

INLINE void NAME(store_words)(int16_t *words, const vi *q) {
    UNROLL for (int i = 0; i < RK_BLOCK / LANES; i++) {
        vi ordered;
        UNROLL for (int k = 0; k < LANES; k++) ordered[k] = q[i][k / 4 * 4 + k % 2 * 2 + k / 2 % 2];
        *(vs_loose *)(words + i * LANES) = __builtin_convertvector((vu)ordered, vs_loose);
    }
}

// The products of weights of up to 6 bits and bytes: columns `set` of `words` quads.
INLINE void NAME(byte_products)(
    vi (*sum)[NAME(PARTS)], const uint8_t *weights, const int8_t *inputs,
    const rk_outliers *outliers, const int T, const int bits, const int set, const int words) {
    // Quads whose products a lane of 16 bits holds.
    const int held = bits <= 4 ? 8 : bits == 5 ? 4 : 2;
    vw part[INT_TOKENS][NAME(PARTS)];
    const uint8_t *rows[NAME(PARTS)];
    UNROLL for (int r = 0; r < NAME(PARTS); r++) rows[r] = weights + r * LANES * 4;
    UNROLL for (int j = 0; j < words; j++) {
        const int column = set * 4 + j;
        vb w[NAME(PARTS)];
        UNROLL for (int r = 0; r < NAME(PARTS); r++) w[r] = unpack(rows[r], column, bits, NULL);
        UNROLL for (int t = 0; t < T; t++) {
            vi x = NAME(spread)(inputs + t * RK_BLOCK + column * 4);
            UNROLL for (int r = 0; r < NAME(PARTS); r++) {
                vw products = madd_bytes(w[r], x);
                part[t][r] = j % held == 0 ? products : part[t][r] + products;
                // Integer sums may be taken in any order, and the compiler's needs more
                // registers than there are.
                KEEP(part[t][r]);
                if ((j + 1) % held && j + 1 < words) continue;
                vi wide = madd(part[t][r], (vw){} + 1);
                sum[t][r] = j < held ? wide : sum[t][r] + wide;
            }
        }
    }
    UNROLL for (int t = 0; t < T; t++) {
        NAME(add_outliers)(
            sum[t], NAME(PARTS), rows, &outliers[t], bits, NULL, set, words, 0);
    }
}

// The products of bytes and words.
INLINE void NAME(word_products)(
    vi (*sum)[NAME(PARTS)], const uint8_t *weights, const uint8_t *values, const int16_t *inputs,
    const int T, const int set, const int words) {
    const int bits = values ? 4 : 8;
    UNROLL for (int t = 0; t < T; t++) {
        UNROLL for (int r = 0; r < NAME(PARTS); r++) sum[t][r] = (vi){};
    }
    UNROLL for (int quad = set * 4; quad < set * 4 + words; quad++) {
        UNROLL for (int odd = 0; odd < 2; odd++) {
            vi w[NAME(PARTS)];
            UNROLL for (int r = 0; r < NAME(PARTS); r++) {
                const vw lanes = (vw)unpack(weights + r * LANES * 4, quad, bits, values);
                w[r] = (vi)(odd ? lanes >> 8 : lanes & 0xff);
            }
            UNROLL for (int t = 0; t < T; t++) {
                vi x = NAME(spread)(inputs + t * RK_BLOCK + quad * 4 + odd * 2);
                UNROLL for (int r = 0; r < NAME(PARTS); r++) {
                    sum[t][r] += madd(w[r], x);
                    KEEP(sum[t][r]);
                }
            }
        }
    }
}

// One group of 16 rows times one tile of `T` tokens, or two groups, far apart, times one token:
// memory gives more of two streams. All parameters but the pointers are constants at each call, so
// that the loops unroll into straight register code.
INLINE void NAME(int_tile)(
    const rk_tile *tile, const uint8_t *group, int64_t group_bytes, float *output,
    int64_t stride, bool add, const int32_t width, const int groups, const int T,
    const int bits, const int scale_sets, const int has_min, const int zero,
    const int has_factors) {
    enum { PARTS = NAME(PARTS) };
    const int V = groups;
    const rk_block_shape shape = rk_block_shape_of(bits, scale_sets, has_min, has_factors);
    const int unit = has_factors ? 1 : 2;
    const int32_t blocks = tile->blocks;
    const rk_pass pass = tile->pass;
    const bool follows = rk_tuned.follows_streams, near = rk_tuned.near || follows;
    const int64_t ahead = !follows ? 4096 : T == 1 ? 768 : 2048;
    // Columns of four that one scale covers.
    const int words = scale_sets == 1 ? 8 : 4;
    const uint8_t *const values = zero == 128 && bits == 4 ? tile->values : NULL;
    const uint8_t *block[INT_GROUPS], *weights[INT_GROUPS];
    UNROLL for (int v = 0; v < V; v++) {
        block[v] = group + v * tile->apart;
        weights[v] = block[v] + rk_quants_at(0, shape);
    }
    vf factors[INT_GROUPS][PARTS][2];
    const int8_t *bytes = tile->quants;
    const int16_t *inputs = tile->words;
    const rk_outliers *outliers = tile->outliers;
    const float *scales = tile->scales, *sums = tile->sums, *halves = tile->half_sums;
    const int32_t *totals = tile->totals;
    vf total[INT_GROUPS][INT_TOKENS][PARTS];
    UNROLL for (int v = 0; v < V; v++) {
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int r = 0; r < PARTS; r++) total[v][t][r] = splat(0);
        }
    }
    for (int32_t b = 0; b < blocks; b++) {
        UNROLL for (int v = 0; v < V; v++) {
            KEEP_POINTER(block[v]);
            KEEP_POINTER(weights[v]);
            const bool at_head = has_factors && b % shape.sharing == 0;
            if (at_head) {
                const uint16_t *head = (const uint16_t *)(weights[v] - shape.head);
                UNROLL for (int r = 0; r < PARTS; r++) {
                    factors[v][r][0] = half_to_float(head + r * LANES);
                    factors[v][r][1] = half_to_float(head + (has_min ? RK_ROWS : 0) + r * LANES);
                }
                block[v] = (const uint8_t *)head + shape.factors;
            }
            if (!follows) {
                fetch_next(
                    block[v] + group_bytes, weights[v] + group_bytes, shape.quants, pass, near);
            }
            if (follows ? pass.index == 0 : pass.is_cold) {
                fetch_block(weights[v], shape, at_head, ahead, near);
            }
            UNROLL for (int set = 0; set < scale_sets; set++) {
                vi sum[INT_TOKENS][PARTS];
                if (zero == 128) {
                    NAME(word_products)(sum, weights[v], values, inputs, T, set, words);
                } else {
                    NAME(byte_products)(sum, weights[v], bytes, outliers, T, bits, set, words);
                }
                UNROLL for (int r = 0; r < PARTS; r++) {
                    const uint8_t *p
                        = block[v] + (set * RK_ROWS * (has_min ? 2 : 1) + r * LANES) * unit;
                    NAME(add_scaled)(
                        &total[v][0][r], &sum[0][r], PARTS, p, factors[v][r], scales, sums,
                        halves, totals, T, scale_sets, set, has_min, zero, has_factors);
                }
            }
            block[v] += has_factors ? shape.scales : rk_scales_step(b, shape);
            weights[v] += rk_quants_step(b, shape);
        }
        bytes += width * RK_BLOCK;
        inputs += width * RK_BLOCK;
        outliers += width;
        scales += width;
        sums += width;
        halves += width;
        totals += width * 3;
    }
    UNROLL for (int v = 0; v < V; v++) {
        UNROLL for (int t = 0; t < T; t++) {
            UNROLL for (int r = 0; r < PARTS; r++) {
                float *target = output + t * stride + v * tile->outputs_apart + r * LANES;
                store(target, add ? load(target) + total[v][t][r] : total[v][t][r]);
            }
        }
    }
}
