// Integer products over inputs of 15 bits in 16-bit words, part of kernel_body.h where
// INPUT_WORDS is defined: for instruction sets whose widest exact product is that of 16-bit
// pairs. One multiplication then does for a pair what two planes of bytes need two for, sums
// stand in 32 bits at once, and stored bytes may use all their 8 bits.
//   madd(w, x)       in each 32-bit lane, the sum of two products of 16-bit words
//
// Words of a quad of columns stand as 0, 2, 1, 3: a packed 32-bit lane holds four columns of
// a row as bytes, and masking it gives columns 0 and 2, shifting it columns 1 and 3.

INLINE void NAME(store_quants)(const rk_activations *set, int64_t at, const vi *quants) {
    int16_t *words = set->words + at * RK_BLOCK;
    int32_t q[RK_BLOCK];
    memcpy(q, quants, sizeof q);
    UNROLL for (int i = 0; i < RK_BLOCK; i += 4) {
        words[i] = (int16_t)q[i];
        words[i + 1] = (int16_t)q[i + 2];
        words[i + 2] = (int16_t)q[i + 1];
        words[i + 3] = (int16_t)q[i + 3];
    }
}

// Two columns of a quad as 16-bit words, from four bytes a row: first 0 and 2, then 1 and 3.
INLINE vi NAME(pair)(vb packed, const int nibble, const int odd, const int bits) {
    vw lanes = (vw)packed;
    if (bits == 8) return (vi)(odd ? lanes >> 8 : lanes & 0xff);
    if (nibble == 0) return (vi)(odd ? lanes >> 8 & 15 : lanes & 15);
    return (vi)(odd ? lanes >> 12 : lanes >> 4 & 15);
}

// One group of 16 rows times one tile of `T` tokens. All parameters but the pointers are
// constants at each call, so that the loops unroll into straight register code.
INLINE void NAME(int_tile)(
    const rk_tile *tile, const uint8_t *group, int64_t group_bytes, float *output,
    int64_t stride, bool add, const int32_t width, const int groups, const int T,
    const int bits, const int scale_sets, const int has_min, const int zero) {
    enum { PARTS = RK_ROWS / LANES };
    (void)groups;
    const int quant_bytes = bits == 4 ? 256 : 512;
    const int scale_bytes = 32 * scale_sets * (has_min ? 2 : 1);
    const int32_t blocks = tile->blocks;
    const bool near = rk_tuned.near;
    const uint8_t *block = group;
    // Scales stand before the integers, padded to whole cache lines.
    const uint8_t *weights = group + ((int64_t)blocks * scale_bytes + 63) / 64 * 64;
    const int16_t *inputs = tile->words;
    const float *scales = tile->scales, *sums = tile->sums, *halves = tile->half_sums;
    const int32_t *totals = tile->totals;
    vf total[INT_TOKENS][PARTS];
    UNROLL for (int t = 0; t < T; t++) {
        UNROLL for (int r = 0; r < PARTS; r++) total[t][r] = splat(0);
    }
    for (int32_t b = 0; b < blocks; b++) {
        fetch_next(block + group_bytes, weights + group_bytes, quant_bytes, tile->pass, near);
        if (tile->pass.is_cold) fetch_ahead(weights, quant_bytes, 4096, near);
        const uint16_t *block_scales = (const uint16_t *)block;
        UNROLL for (int set = 0; set < scale_sets; set++) {
            vi sum[INT_TOKENS][PARTS];
            UNROLL for (int t = 0; t < T; t++) {
                UNROLL for (int r = 0; r < PARTS; r++) sum[t][r] = (vi){};
            }
            // Quads of columns that one scale covers: of the nibbles of a line, low ones are
            // the first 16 columns, high ones the last.
            const int first = scale_sets == 1 ? 0 : set * 4;
            const int last = scale_sets == 1 ? 8 : set * 4 + 4;
            UNROLL for (int step = first; step < last; step++) {
                // With one scale, both nibbles of a line are used while it is loaded.
                const bool paired = bits == 4 && scale_sets == 1;
                const int quad = paired ? step / 2 + step % 2 * 4 : step;
                const int line = bits == 4 ? quad % 4 : quad;
                UNROLL for (int odd = 0; odd < 2; odd++) {
                    vi w[PARTS];
                    UNROLL for (int r = 0; r < PARTS; r++) {
                        vb packed = *(const vb *)(weights + line * 64 + r * LANES * 4);
                        w[r] = NAME(pair)(packed, quad / 4, odd, bits);
                    }
                    UNROLL for (int t = 0; t < T; t++) {
                        int32_t word;
                        memcpy(&word, inputs + t * RK_BLOCK + quad * 4 + odd * 2, 4);
                        vi x = (vi){} + word;
                        UNROLL for (int r = 0; r < PARTS; r++) {
                            sum[t][r] += madd(w[r], x);
                            // Integer sums may be taken in any order, and the compiler's
                            // needs more registers than there are.
                            KEEP(sum[t][r]);
                        }
                    }
                }
            }
            UNROLL for (int r = 0; r < PARTS; r++) {
                const uint16_t *p = block_scales + set * 16 * (has_min ? 2 : 1) + r * LANES;
                vf d = half_to_float(p);
                UNROLL for (int t = 0; t < T; t++) {
                    // Stored integers stand `zero` above their value; the sum of the inputs
                    // takes that out.
                    if (zero) {
                        sum[t][r] -= totals[t * 3 + (scale_sets == 1 ? 0 : 1 + set)] * zero;
                    }
                    vf scale = d * scales[t];
                    total[t][r]
                        = fma_(__builtin_convertvector(sum[t][r], vf), scale, total[t][r]);
                }
                if (!has_min) continue;
                vf m = half_to_float(p + 16);
                UNROLL for (int t = 0; t < T; t++) {
                    float s = scale_sets == 1 ? sums[t]
                        : set == 0            ? halves[t]
                                              : sums[t] - halves[t];
                    total[t][r] = fma_(m, splat(s), total[t][r]);
                }
            }
        }
        block += scale_bytes;
        weights += quant_bytes;
        inputs += width * RK_BLOCK;
        scales += width;
        sums += width;
        halves += width;
        totals += width * 3;
    }
    UNROLL for (int t = 0; t < T; t++) {
        UNROLL for (int r = 0; r < PARTS; r++) {
            float *target = output + t * stride + r * LANES;
            store(target, add ? load(target) + total[t][r] : total[t][r]);
        }
    }
}
