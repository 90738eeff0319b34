// The integers and scales of packed matrices, for kernels that read them four columns of a vector
// of rows at a time; see kernel_vectors.h for the vectors. The including file defines before:
//   lookup(table, v)   the bytes of a table of 16 at places v, in each byte of a vector
//   half_to_float(p)   a vector of float16
//
// A block of 16 rows and RK_BLOCK columns has 64 · `bits` bytes, in lines of 64: a row's lane of 32
// bits holds four neighbouring columns, a *quad*, of the eight there are. 8 bits are a line for each
// quad. Fewer are parts of 4, 2 and 1 bit, as the number is of powers of two, the widest one lowest
// in the integer and first in memory. Where a part has n bits, n quads share each bit's line: bytes
// of a line hold quads 0 to 8 / n - 1, the first one lowest, those of the next line the next ones;
// but of 4 bits line i holds quads i and i + 4, as files have them. With `values` integers are
// places in a table.

// Adds a part of `width` bits to a quad's integers above the `below` bits that they have.
INLINE vu add_part(
    vu integers, const uint8_t *lines, const int quad, const int width, const int below) {
    const int line = quad * width / 8, at = quad * width % 8;
    const vu packed = *(const vu *)(lines + line * 64);
    const vu moved = at < below ? packed << (below - at) : packed >> (at - below);
    const uint32_t mask = ((1u << width) - 1) << below;
    return integers | (moved & mask * 0x01010101u);
}

// A quad of a vector of rows as bytes.
INLINE vb unpack(const uint8_t *weights, const int quad, const int bits, const uint8_t *values) {
    if (bits == 8) return *(const vb *)(weights + quad * 64);
    vu q = {};
    if (bits & 4) {
        const vu packed = *(const vu *)(weights + quad % 4 * 64);
        q = (quad < 4 ? packed : packed >> 4) & 0x0f0f0f0fu;
    }
    const int below = bits & 4;
    if (bits & 2) q = add_part(q, weights + below * 64, quad, 2, below);
    if (bits & 1) q = add_part(q, weights + (bits - 1) * 64, quad, 1, bits - 1);
    return values ? lookup(values, (vb)q) : (vb)q;
}

// One column of a vector of rows, in lanes of 32 bits.
INLINE vi unpack_column(
    const uint8_t *weights, const int column, const int bits, const uint8_t *values) {
    const int quad = column / 4, byte = column % 4 * 8;
    if (bits == 8) return (vi)(*(const vu *)(weights + quad * 64) >> byte & 255);
    vu q = {};
    if (bits & 4) q = *(const vu *)(weights + quad % 4 * 64) >> (byte + quad / 4 * 4) & 15;
    weights += (bits & 4) * 64;
    if (bits & 2) {
        const vu part = *(const vu *)(weights + quad / 4 * 64) >> (byte + quad % 4 * 2) & 3;
        q |= part << (bits & 4);
        weights += 2 * 64;
    }
    if (bits & 1) q |= (*(const vu *)weights >> (byte + quad) & 1) << (bits - 1);
    return values ? (vi)((vu)lookup(values, (vb)q) & 255) : (vi)q;
}

// The scales of a vector of rows, or their minima: bytes at `p` in units of `factors`, or float16.
INLINE vf scales_of(const uint8_t *p, vf factors, const bool has_factors) {
    if (!has_factors) return half_to_float((const uint16_t *)p);
    return factors * __builtin_convertvector(*(const vc_loose *)p, vf);
}
