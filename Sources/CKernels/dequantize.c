#include "dequantize.h"

#include <math.h>
#include <string.h>

// Every product is rounded before it is added, as in ggml and its Python package: the same
// numbers on every processor.
#pragma STDC FP_CONTRACT OFF

// ggml type ids.
enum {
    TYPE_F32 = 0, TYPE_F16 = 1, TYPE_Q4_0 = 2, TYPE_Q4_1 = 3, TYPE_Q5_0 = 6, TYPE_Q5_1 = 7,
    TYPE_Q8_0 = 8, TYPE_Q2_K = 10, TYPE_Q3_K = 11, TYPE_Q4_K = 12, TYPE_Q5_K = 13,
    TYPE_Q6_K = 14, TYPE_IQ4_NL = 20, TYPE_IQ4_XS = 23, TYPE_BF16 = 30, TYPE_MXFP4 = 39,
};

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float rk_f16_to_f32(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 0x1f;
    uint32_t mantissa = half & 0x3ff;
    if (exponent == 0) {
        // Zero and subnormals: mantissa * 2^-24, exact in float32.
        float magnitude = (float)mantissa * 0x1p-24f;
        return float_of_bits(sign | bits_of_float(magnitude));
    }
    if (exponent == 31) return float_of_bits(sign | 0x7f800000 | mantissa << 13);
    return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t rk_f32_to_f16(float value) {
    uint32_t bits = bits_of_float(value);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return sign | 0x7e00;
    // 65520 and above round to infinity.
    if (bits >= 0x477ff000) return sign | 0x7c00;
    if (bits < 0x38800000) {
        // Subnormal: adding 0.5 lets the float unit round to a multiple of 2^-24.
        float shifted = float_of_bits(bits) + 0.5f;
        return sign | (uint16_t)(bits_of_float(shifted) - 0x3f000000);
    }
    uint32_t rounded = bits + 0xfff + (bits >> 13 & 1);
    return sign | (uint16_t)((rounded - 0x38000000) >> 13);
}

static float half_at(const uint8_t *bytes) {
    return rk_f16_to_f32((uint16_t)(bytes[0] | bytes[1] << 8));
}

// The 16 levels of IQ4_NL and IQ4_XS, and twice the values of E2M1.
static const int8_t iq4_levels[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
};
static const int8_t mxfp4_levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

static void q4_0(const uint8_t *block, float *y) {
    float d = half_at(block);
    const uint8_t *q = block + 2;
    for (int j = 0; j < 16; j++) {
        y[j] = (float)((q[j] & 15) - 8) * d;
        y[j + 16] = (float)((q[j] >> 4) - 8) * d;
    }
}

static void q4_1(const uint8_t *block, float *y) {
    float d = half_at(block), m = half_at(block + 2);
    const uint8_t *q = block + 4;
    for (int j = 0; j < 16; j++) {
        y[j] = (float)(q[j] & 15) * d + m;
        y[j + 16] = (float)(q[j] >> 4) * d + m;
    }
}

static uint32_t word_at(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void q5_0(const uint8_t *block, float *y) {
    float d = half_at(block);
    uint32_t high = word_at(block + 2);
    const uint8_t *q = block + 6;
    for (int j = 0; j < 16; j++) {
        int low = (q[j] & 15) | (int)(high >> j & 1) << 4;
        int top = (q[j] >> 4) | (int)(high >> (j + 16) & 1) << 4;
        y[j] = (float)(low - 16) * d;
        y[j + 16] = (float)(top - 16) * d;
    }
}

static void q5_1(const uint8_t *block, float *y) {
    float d = half_at(block), m = half_at(block + 2);
    uint32_t high = word_at(block + 4);
    const uint8_t *q = block + 8;
    for (int j = 0; j < 16; j++) {
        int low = (q[j] & 15) | (int)(high >> j & 1) << 4;
        int top = (q[j] >> 4) | (int)(high >> (j + 16) & 1) << 4;
        y[j] = (float)low * d + m;
        y[j + 16] = (float)top * d + m;
    }
}

static void q8_0(const uint8_t *block, float *y) {
    float d = half_at(block);
    for (int j = 0; j < 32; j++) y[j] = (float)(int8_t)block[2 + j] * d;
}

// scales[16] qs[64] d dmin: sixteen groups of 16 weights of two bits.
static void q2_K(const uint8_t *block, float *y) {
    const uint8_t *scales = block, *q = block + 16;
    float d = half_at(block + 80), dmin = half_at(block + 82);
    for (int half = 0; half < 2; half++, q += 32) {
        for (int shift = 0; shift < 8; shift += 2) {
            for (int group = 0; group < 2; group++, scales++) {
                float dl = d * (float)(*scales & 15), ml = dmin * (float)(*scales >> 4);
                for (int l = 0; l < 16; l++) {
                    *y++ = dl * (float)(q[group * 16 + l] >> shift & 3) - ml;
                }
            }
        }
    }
}

// hmask[32] qs[64] scales[12] d: two low bits and one inverted high bit a weight; sixteen
// 6-bit scales, their low nibbles first.
static void q3_K(const uint8_t *block, float *y) {
    const uint8_t *mask = block, *q = block + 32, *packed = block + 96;
    float d = half_at(block + 108);
    int scales[16];
    for (int i = 0; i < 16; i++) {
        int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
        int high = packed[8 + i % 4] >> (2 * (i / 4)) & 3;
        scales[i] = (low | high << 4) - 32;
    }
    int group = 0;
    for (int bit = 0; bit < 8; bit++) {
        const uint8_t *bytes = q + bit / 4 * 32;
        int shift = bit % 4 * 2;
        for (int part = 0; part < 2; part++, group++) {
            float dl = d * (float)scales[group];
            for (int l = part * 16; l < part * 16 + 16; l++) {
                int value = (bytes[l] >> shift & 3) - (mask[l] >> bit & 1 ? 0 : 4);
                *y++ = dl * (float)value;
            }
        }
    }
}

// The j-th of eight 6-bit scales and minima that Q4_K and Q5_K pack in 12 bytes.
static void scale_and_min(const uint8_t *packed, int j, int *scale, int *minimum) {
    if (j < 4) {
        *scale = packed[j] & 63;
        *minimum = packed[j + 4] & 63;
    } else {
        *scale = (packed[j + 4] & 15) | packed[j - 4] >> 6 << 4;
        *minimum = packed[j + 4] >> 4 | packed[j] >> 6 << 4;
    }
}

static void q4_K(const uint8_t *block, float *y) {
    float d = half_at(block), dmin = half_at(block + 2);
    for (int group = 0; group < 8; group++) {
        int scale, minimum;
        scale_and_min(block + 4, group, &scale, &minimum);
        float dl = d * (float)scale, ml = dmin * (float)minimum;
        const uint8_t *q = block + 16 + group / 2 * 32;
        int shift = group % 2 * 4;
        for (int l = 0; l < 32; l++) *y++ = dl * (float)(q[l] >> shift & 15) - ml;
    }
}

static void q5_K(const uint8_t *block, float *y) {
    float d = half_at(block), dmin = half_at(block + 2);
    const uint8_t *high = block + 16;
    for (int group = 0; group < 8; group++) {
        int scale, minimum;
        scale_and_min(block + 4, group, &scale, &minimum);
        float dl = d * (float)scale, ml = dmin * (float)minimum;
        const uint8_t *q = block + 48 + group / 2 * 32;
        int shift = group % 2 * 4;
        for (int l = 0; l < 32; l++) {
            int value = (q[l] >> shift & 15) | (high[l] >> group & 1) << 4;
            *y++ = dl * (float)value - ml;
        }
    }
}

// ql[128] qh[64] scales[16] d.
static void q6_K(const uint8_t *block, float *y) {
    float d = half_at(block + 208);
    for (int half = 0; half < 2; half++) {
        const uint8_t *low = block + half * 64, *high = block + 128 + half * 32;
        const uint8_t *scales = block + 192 + half * 8;
        for (int part = 0; part < 4; part++) {
            const uint8_t *bytes = low + part % 2 * 32;
            for (int l = 0; l < 32; l++) {
                int value = (bytes[l] >> (part / 2 * 4) & 15) | (high[l] >> (part * 2) & 3) << 4;
                float dl = d * (float)(int8_t)scales[part * 2 + l / 16];
                *y++ = dl * (float)(value - 32);
            }
        }
    }
}

static void iq4_nl(const uint8_t *block, float *y) {
    float d = half_at(block);
    for (int j = 0; j < 16; j++) {
        y[j] = d * (float)iq4_levels[block[2 + j] & 15];
        y[j + 16] = d * (float)iq4_levels[block[2 + j] >> 4];
    }
}

// d scales_h(2) scales_l[4] qs[128]: eight groups of 32 with 6-bit scales.
static void iq4_xs(const uint8_t *block, float *y) {
    float d = half_at(block);
    int high = block[2] | block[3] << 8;
    const uint8_t *q = block + 8;
    for (int group = 0; group < 8; group++, q += 16, y += 32) {
        int scale = (block[4 + group / 2] >> (group % 2 * 4) & 15) | (high >> (2 * group) & 3) << 4;
        float dl = d * (float)(scale - 32);
        for (int j = 0; j < 16; j++) {
            y[j] = dl * (float)iq4_levels[q[j] & 15];
            y[j + 16] = dl * (float)iq4_levels[q[j] >> 4];
        }
    }
}

// An exponent of 8 bits and E2M1 values, whose table is doubled: so is the exponent halved.
static void mxfp4(const uint8_t *block, float *y) {
    uint8_t e = block[0];
    float d = float_of_bits(e < 2 ? (uint32_t)0x00200000 << e : (uint32_t)(e - 1) << 23);
    for (int j = 0; j < 16; j++) {
        y[j] = (float)mxfp4_levels[block[1 + j] & 15] * d;
        y[j + 16] = (float)mxfp4_levels[block[1 + j] >> 4] * d;
    }
}

typedef void (*block_function)(const uint8_t *block, float *y);

static void each_block(
    block_function function, const uint8_t *src, float *dst, int64_t n, int weights, int bytes) {
    for (int64_t i = 0; i < n; i += weights, src += bytes) function(src, dst + i);
}

int rk_dequantize_row(int ggml_type, const void *src, float *dst, int64_t n) {
    const uint8_t *bytes = src;
    switch (ggml_type) {
    case TYPE_F32: memcpy(dst, src, (size_t)n * sizeof(float)); return 0;
    case TYPE_F16: for (int64_t i = 0; i < n; i++) dst[i] = half_at(bytes + 2 * i); return 0;
    case TYPE_BF16:
        for (int64_t i = 0; i < n; i++) {
            dst[i] = float_of_bits(
                (uint32_t)bytes[2 * i] << 16 | (uint32_t)bytes[2 * i + 1] << 24);
        }
        return 0;
    case TYPE_Q4_0: each_block(q4_0, bytes, dst, n, 32, 18); return 0;
    case TYPE_Q4_1: each_block(q4_1, bytes, dst, n, 32, 20); return 0;
    case TYPE_Q5_0: each_block(q5_0, bytes, dst, n, 32, 22); return 0;
    case TYPE_Q5_1: each_block(q5_1, bytes, dst, n, 32, 24); return 0;
    case TYPE_Q8_0: each_block(q8_0, bytes, dst, n, 32, 34); return 0;
    case TYPE_Q2_K: each_block(q2_K, bytes, dst, n, 256, 84); return 0;
    case TYPE_Q3_K: each_block(q3_K, bytes, dst, n, 256, 110); return 0;
    case TYPE_Q4_K: each_block(q4_K, bytes, dst, n, 256, 144); return 0;
    case TYPE_Q5_K: each_block(q5_K, bytes, dst, n, 256, 176); return 0;
    case TYPE_Q6_K: each_block(q6_K, bytes, dst, n, 256, 210); return 0;
    case TYPE_IQ4_NL: each_block(iq4_nl, bytes, dst, n, 32, 18); return 0;
    case TYPE_IQ4_XS: each_block(iq4_xs, bytes, dst, n, 256, 136); return 0;
    case TYPE_MXFP4: each_block(mxfp4, bytes, dst, n, 32, 17); return 0;
    default: return -1;
    }
}

static void put_half(uint8_t *bytes, float value) {
    uint16_t half = rk_f32_to_f16(value);
    bytes[0] = (uint8_t)half;
    bytes[1] = (uint8_t)(half >> 8);
}

// NaN stays NaN; the rest rounds to nearest, ties to even.
static void put_bf16(uint8_t *bytes, float value) {
    uint32_t bits = bits_of_float(value);
    bits = (bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000
                                            : bits + 0x7fff + (bits >> 16 & 1);
    bytes[0] = (uint8_t)(bits >> 16);
    bytes[1] = (uint8_t)(bits >> 24);
}

// Rounds down, within bounds; what is not a number becomes the lower one.
static int bounded(float value, int low, int high) {
    if (!(value > (float)low)) return low;
    return value < (float)high ? (int)floorf(value) : high;
}

static void quantize_q8_0(const float *x, uint8_t *block) {
    float largest = 0;
    for (int j = 0; j < 32; j++) largest = fmaxf(largest, fabsf(x[j]));
    float d = largest / 127, inverse = d != 0 ? 1 / d : 0;
    put_half(block, d);
    for (int j = 0; j < 32; j++) {
        block[2 + j] = (uint8_t)(int8_t)bounded(roundf(x[j] * inverse), -127, 127);
    }
}

static void quantize_q4_1(const float *x, uint8_t *block) {
    float low = x[0], high = x[0];
    for (int j = 1; j < 32; j++) {
        low = fminf(low, x[j]);
        high = fmaxf(high, x[j]);
    }
    float d = (high - low) / 15, inverse = d != 0 ? 1 / d : 0;
    put_half(block, d);
    put_half(block + 2, low);
    for (int j = 0; j < 16; j++) {
        int first = bounded((x[j] - low) * inverse + 0.5f, 0, 15);
        int second = bounded((x[j + 16] - low) * inverse + 0.5f, 0, 15);
        block[4 + j] = (uint8_t)(first | second << 4);
    }
}

int64_t rk_quantize_row(int ggml_type, const float *src, void *dst, int64_t n) {
    uint8_t *bytes = dst;
    switch (ggml_type) {
    case TYPE_F32: memcpy(dst, src, (size_t)n * sizeof(float)); return n * 4;
    case TYPE_F16: for (int64_t i = 0; i < n; i++) put_half(bytes + 2 * i, src[i]); return n * 2;
    case TYPE_BF16: for (int64_t i = 0; i < n; i++) put_bf16(bytes + 2 * i, src[i]); return n * 2;
    case TYPE_Q8_0:
        for (int64_t i = 0; i < n; i += 32) quantize_q8_0(src + i, bytes + i / 32 * 34);
        return n / 32 * 34;
    case TYPE_Q4_1:
        for (int64_t i = 0; i < n; i += 32) quantize_q4_1(src + i, bytes + i / 32 * 20);
        return n / 32 * 20;
    default: return -1;
    }
}
