// Integer products over inputs of 15 bits in two planes of bytes (high · 128 + low), part of
// kernel_body.h: for instruction sets that multiply four pairs of bytes into a 32-bit lane.
//   dot_wide(a, w, x)   dot for bytes that stand 128 above their value
//   WIDE_ZERO        1 where dot_wide leaves the 128 in, to be taken out by zeros128
//   pack_store(p, v) the low bytes of the lanes of v

// Widest tile that keeps the sums of both planes in registers.
enum { NAME(DUAL_TILE) = 8 };

INLINE void NAME(quantize_block)(
    const rk_activations *set, int64_t at, const vf *v, float inverse, int32_t *half) {
    int8_t *quants = set->quants + at * RK_BLOCK;
    int8_t *low = set->low_quants + at * RK_BLOCK;
    UNROLL for (int i = 0; i < RK_BLOCK / LANES; i++) {
        vi q = round_to_int(v[i] * inverse);
        vi high = (q + 64) >> 7;
        pack_store(quants + i * LANES, high);
        pack_store(low + i * LANES, q - (high << 7));
        half[i * LANES / 16] += __builtin_reduce_add(q);
    }
}

// Four columns of 16 rows as bytes. With 4 bits, low nibbles are the first 16 columns, high
// nibbles the last.
INLINE vb NAME(unpack)(const uint8_t *weights, const int column, const int bits) {
    if (bits == 8) return *(const vb *)(weights + column * 64);
    vb packed = *(const vb *)(weights + column % 4 * 64);
    return column < 4 ? packed & 15 : (vb)(((vu)packed >> 4) & 0x0f0f0f0fu);
}

INLINE vi NAME(dot_word)(vi sum, vb w, const int8_t *x, const int zero) {
    int32_t word;
    memcpy(&word, x, 4);
    return zero == 128 ? dot_wide(sum, w, word) : dot(sum, w, word);
}

// One group of 16 rows times one tile of `T` tokens. All parameters but the pointers are
// constants at each call, so that the loops unroll into straight register code.
INLINE void NAME(int_tile)(
    const rk_tile *tile, const uint8_t *group, float *output, int64_t stride, bool add,
    const int32_t width, const int T, const int bits, const int scale_sets, const int has_min,
    const int zero) {
    const int quant_bytes = bits == 4 ? 256 : 512;
    const int scale_bytes = 32 * scale_sets * (has_min ? 2 : 1);
    const int32_t blocks = tile->blocks;
    // Columns of four that one scale covers.
    const int words = scale_sets == 1 ? 8 : 4;
    for (int part = 0; part < RK_ROWS / LANES; part++) {
        const uint8_t *block = group;
        // Scales stand before the integers, padded to whole cache lines.
        const uint8_t *weights
            = group + ((int64_t)blocks * scale_bytes + 63) / 64 * 64 + part * LANES * 4;
        const int8_t *inputs[2] = {tile->quants, tile->low_quants};
        const float *scales = tile->scales, *sums = tile->sums, *halves = tile->half_sums;
        const int32_t *zeros = tile->zeros;
        vf total[TOKEN_TILE];
        UNROLL for (int t = 0; t < T; t++) total[t] = splat(0);
        for (int32_t b = 0; b < blocks; b++) {
            if (part == 0) fetch_ahead(weights, quant_bytes);
            const uint16_t *block_scales = (const uint16_t *)block;
            UNROLL for (int set = 0; set < scale_sets; set++) {
                vi sum[TOKEN_TILE];
                UNROLL for (int t = 0; t < T; t++) sum[t] = (vi){};
                if (T <= NAME(DUAL_TILE)) {
                    // Few tokens: both planes at once, so that weights are unpacked once.
                    vi low[TOKEN_TILE];
                    UNROLL for (int t = 0; t < T; t++) low[t] = (vi){};
                    UNROLL for (int j = 0; j < words; j++) {
                        const int column = scale_sets == 1 ? j : set * 4 + j;
                        vb w = NAME(unpack)(weights, column, bits);
                        UNROLL for (int t = 0; t < T; t++) {
                            const int32_t at = t * RK_BLOCK + column * 4;
                            sum[t] = NAME(dot_word)(sum[t], w, inputs[0] + at, zero);
                            low[t] = NAME(dot_word)(low[t], w, inputs[1] + at, zero);
                        }
                    }
                    UNROLL for (int t = 0; t < T; t++) sum[t] = (sum[t] << 7) + low[t];
                } else {
                    UNROLL for (int plane = 0; plane < 2; plane++) {
                        UNROLL for (int t = 0; t < T; t++) sum[t] = sum[t] << 7;
                        UNROLL for (int j = 0; j < words; j++) {
                            const int column = scale_sets == 1 ? j : set * 4 + j;
                            vb w = NAME(unpack)(weights, column, bits);
                            UNROLL for (int t = 0; t < T; t++) {
                                sum[t] = NAME(dot_word)(
                                    sum[t], w, inputs[plane] + t * RK_BLOCK + column * 4, zero);
                            }
                        }
                    }
                }
                // Stored integers stand `zero` above their value; the sum of the inputs takes
                // that out.
                if (zero != 0 && (zero != 128 || WIDE_ZERO)) {
                    UNROLL for (int t = 0; t < T; t++) {
                        sum[t] += zeros[t * 3 + (scale_sets == 1 ? 0 : 1 + set)];
                    }
                }
                vf d = half_to_float(block_scales + set * 16 * (has_min ? 2 : 1) + part * LANES);
                UNROLL for (int t = 0; t < T; t++) {
                    vf scale = d * scales[t];
                    total[t] = fma_(__builtin_convertvector(sum[t], vf), scale, total[t]);
                }
                if (has_min) {
                    vf m = half_to_float(block_scales + set * 32 + 16 + part * LANES);
                    UNROLL for (int t = 0; t < T; t++) {
                        float s = scale_sets == 1 ? sums[t]
                            : set == 0            ? halves[t]
                                                  : sums[t] - halves[t];
                        total[t] = fma_(m, splat(s), total[t]);
                    }
                }
            }
            block += scale_bytes;
            weights += quant_bytes;
            inputs[0] += width * RK_BLOCK;
            inputs[1] += width * RK_BLOCK;
            scales += width;
            sums += width;
            halves += width;
            zeros += width * 3;
        }
        UNROLL for (int t = 0; t < T; t++) {
            float *target = output + t * stride + part * LANES;
            store(target, add ? load(target) + total[t] : total[t]);
        }
    }
}
