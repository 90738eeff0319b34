// What a row of a quantised matrix holds in its file, block by block; part of pack.c.
//
// The blocks are ggml's, see dequantize.c, which has their formulas.

enum {
    TYPE_F32 = 0, TYPE_F16 = 1, TYPE_Q4_0 = 2, TYPE_Q4_1 = 3, TYPE_Q5_0 = 6, TYPE_Q5_1 = 7,
    TYPE_Q8_0 = 8, TYPE_Q2_K = 10, TYPE_Q3_K = 11, TYPE_Q4_K = 12, TYPE_Q5_K = 13,
    TYPE_Q6_K = 14, TYPE_IQ4_NL = 20, TYPE_IQ4_XS = 23, TYPE_BF16 = 30, TYPE_MXFP4 = 39,
};

typedef struct {
    int32_t bits, scales, has_min, has_factors, zero;
    /// Columns and bytes of a block in the file.
    int32_t columns, bytes;
    const uint8_t *values;
} int_format;

// What integers of 4 bits stand for, 128 above: of the IQ4 types -127, -104, … 113, of MXFP4
// 0, 1, 2, 3, 4, 6, 8, 12 (twice the value), then the same negative.
static const _Alignas(16) uint8_t iq4_values[16]
    = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};
static const _Alignas(16) uint8_t mxfp4_values[16]
    = {128, 129, 130, 131, 132, 134, 136, 140, 128, 127, 126, 125, 124, 122, 120, 116};

/// By type.
static const int_format formats[] = {
    [TYPE_Q4_0] = {4, 1, 0, 0, 8, 32, 18, NULL},
    [TYPE_Q4_1] = {4, 1, 1, 0, 0, 32, 20, NULL},
    [TYPE_Q5_0] = {5, 1, 0, 0, 16, 32, 22, NULL},
    [TYPE_Q5_1] = {5, 1, 1, 0, 0, 32, 24, NULL},
    [TYPE_Q8_0] = {8, 1, 0, 0, 128, 32, 34, NULL},
    [TYPE_Q2_K] = {2, 2, 1, 1, 0, 256, 84, NULL},
    [TYPE_Q3_K] = {3, 2, 0, 1, 4, 256, 110, NULL},
    [TYPE_Q4_K] = {4, 1, 1, 1, 0, 256, 144, NULL},
    [TYPE_Q5_K] = {5, 1, 1, 1, 0, 256, 176, NULL},
    [TYPE_Q6_K] = {6, 2, 0, 1, 32, 256, 210, NULL},
    [TYPE_IQ4_NL] = {4, 1, 0, 0, 128, 32, 18, iq4_values},
    [TYPE_IQ4_XS] = {4, 1, 0, 0, 128, 256, 136, iq4_values},
    [TYPE_MXFP4] = {4, 1, 0, 0, 128, 32, 17, mxfp4_values},
};

static const int_format *find_format(int32_t type) {
    const int32_t count = sizeof formats / sizeof *formats;
    return type >= 0 && type < count && formats[type].bits ? &formats[type] : NULL;
}

typedef struct {
    uint8_t q[RK_BLOCK];
    /// float16: scale and minimum, or the units of those below.
    uint16_t d, m;
    int8_t scales[2], minima[2];
} exploded;

static uint16_t half_at(const uint8_t *p) {
    uint16_t bits;
    memcpy(&bits, p, 2);
    return bits;
}

static uint16_t negative(uint16_t half) { return half ^ 0x8000; }

static inline void q4_k_scale(const uint8_t *s, int j, int8_t *scale, int8_t *minimum) {
    if (j < 4) {
        *scale = s[j] & 63;
        *minimum = s[j + 4] & 63;
    } else {
        *scale = (int8_t)((s[j + 4] & 15) | ((s[j - 4] >> 6) << 4));
        *minimum = (int8_t)((s[j + 4] >> 4) | ((s[j] >> 6) << 4));
    }
}

typedef uint32_t four_words __attribute__((vector_size(16)));

// Adds bits [shift, shift + width) of 32 bytes to the integers above the `below` bits they have.
static inline void add_bits(
    const uint8_t *bytes, const int shift, const int width, const int below, exploded *e) {
    const uint32_t mask = ((1u << width) - 1) * 0x01010101u;
    for (int half = 0; half < RK_BLOCK; half += 16) {
        four_words x, q = {0};
        memcpy(&x, bytes + half, 16);
        if (below) memcpy(&q, e->q + half, 16);
        q |= (x >> (uint32_t)shift & mask) << (uint32_t)below;
        memcpy(e->q + half, &q, 16);
    }
}

static inline void put_nibbles(const uint8_t *nibbles, exploded *e) {
    for (int j = 0; j < 16; j++) e->q[j] = nibbles[j] & 15;
    for (int j = 0; j < 16; j++) e->q[j + 16] = nibbles[j] >> 4;
}

// Sets bit 4 of each integer where the file's word has its bit.
static inline void add_fifth_bits(const uint8_t *word, exploded *e) {
    for (int i = 0; i < 4; i++) {
        // The bit of each byte's own number is kept, then brought down from wherever it stands.
        uint64_t bits = word[i] * 0x0101010101010101u & 0x8040201008040201u, q;
        bits = (bits + 0x7f7f7f7f7f7f7f7fu) >> 3 & 0x1010101010101010u;
        memcpy(&q, e->q + i * 8, 8);
        q |= bits;
        memcpy(e->q + i * 8, &q, 8);
    }
}

// Columns [32·b, 32·b + 32) of a row as stored integers, scales and minima. The type is a constant
// at each call; of those that are moved word by word there is none.
static inline __attribute__((always_inline)) void explode(
    const int type, const uint8_t *row, int32_t b, exploded *e) {
    const int32_t columns = formats[type].columns;
    const uint8_t *x = row + (int64_t)(b * RK_BLOCK / columns) * formats[type].bytes;
    const int s = b % (columns / RK_BLOCK);
    switch (type) {
    case TYPE_Q5_0:
    case TYPE_Q5_1:
        e->d = half_at(x);
        if (type == TYPE_Q5_1) e->m = half_at(x + 2);
        x += type == TYPE_Q5_1 ? 4 : 2;
        put_nibbles(x + 4, e);
        add_fifth_bits(x, e);
        break;
    case TYPE_Q2_K:
        e->d = half_at(x + 80);
        e->m = negative(half_at(x + 82));
        for (int h = 0; h < 2; h++) {
            e->scales[h] = x[2 * s + h] & 15;
            e->minima[h] = x[2 * s + h] >> 4;
        }
        add_bits(x + 16 + 32 * (s / 4), 2 * (s % 4), 2, 0, e);
        break;
    case TYPE_Q3_K: {
        const uint8_t *scales = x + 96;
        e->d = half_at(x + 108);
        for (int h = 0; h < 2; h++) {
            int i = 2 * s + h;
            int low = i < 8 ? scales[i] & 15 : scales[i - 8] >> 4;
            int high = (scales[8 + i % 4] >> (2 * (i / 4))) & 3;
            e->scales[h] = (int8_t)((low | (high << 4)) - 32);
        }
        add_bits(x + 32 + 32 * (s / 4), 2 * (s % 4), 2, 0, e);
        add_bits(x, s, 1, 2, e);
        break;
    }
    case TYPE_Q4_K:
    case TYPE_Q5_K:
        q4_k_scale(x + 4, s, &e->scales[0], &e->minima[0]);
        e->d = half_at(x);
        e->m = negative(half_at(x + 2));
        add_bits(x + (type == TYPE_Q4_K ? 16 : 48) + 32 * (s / 2), s % 2 * 4, 4, 0, e);
        if (type == TYPE_Q5_K) add_bits(x + 16, s, 1, 4, e);
        break;
    case TYPE_Q6_K:
        e->d = half_at(x + 208);
        for (int h = 0; h < 2; h++) e->scales[h] = (int8_t)x[192 + 2 * s + h];
        add_bits(x + 64 * (s / 4) + 32 * (s % 2), s % 4 / 2 * 4, 4, 0, e);
        add_bits(x + 128 + 32 * (s / 4), 2 * (s % 4), 2, 4, e);
        break;
    case TYPE_IQ4_NL:
    case TYPE_IQ4_XS:
    case TYPE_MXFP4: {
        const uint8_t *nibbles = x + 2;
        if (type == TYPE_IQ4_NL) {
            e->d = half_at(x);
        } else if (type == TYPE_IQ4_XS) {
            uint16_t high;
            memcpy(&high, x + 2, 2);
            int scale = ((x[4 + s / 2] >> (4 * (s % 2))) & 15) | (((high >> (2 * s)) & 3) << 4);
            // Rounded: as bytes and factors they would save a fortieth of the weights.
            e->d = rk_f32_to_f16(rk_f16_to_f32(half_at(x)) * (float)(scale - 32));
            nibbles = x + 8 + 16 * s;
        } else {
            // 2^(x - 128) by its exponent; what is too small for that is nothing as float16.
            const uint32_t bits = x[0] > 1 ? (x[0] - 1u) << 23 : 0;
            float power;
            memcpy(&power, &bits, sizeof power);
            e->d = rk_f32_to_f16(power);
            nibbles = x + 1;
        }
        put_nibbles(nibbles, e);
        break;
    }
    default: break;
    }
}
