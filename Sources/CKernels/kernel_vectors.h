// Vectors of LANES float32 or int32 lanes and what all fast kernels do with them; see
// kernel_body.h for what the including file defines before: LANES, max_ and min_.

#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef float vf_loose __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef int32_t vi_loose __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint8_t vb __attribute__((vector_size(4 * LANES)));
typedef int8_t vc_loose __attribute__((vector_size(LANES), aligned(1)));
typedef uint16_t vs_loose __attribute__((vector_size(2 * LANES), aligned(2)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint16_t vw __attribute__((vector_size(4 * LANES)));

// x − 0 is x, also for −0; x + 0 would be an addition.
INLINE vf splat(float x) { return x - (vf){}; }
INLINE vf load(const float *p) { return *(const vf_loose *)p; }
INLINE void store(float *p, vf v) { *(vf_loose *)p = v; }
INLINE vf fma_(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }

// Over the lanes of a vector, in halves: one after the other they would wait for each other. As
// whole vectors: of single lanes the compiler makes twice as many instructions.
INLINE vf swap_halves(vf v, const int half) {
    vf swapped;
    UNROLL for (int i = 0; i < LANES; i++) swapped[i] = v[i ^ half];
    return swapped;
}
INLINE float sum_lanes(vf v) {
    UNROLL for (int half = LANES / 2; half > 0; half /= 2) v += swap_halves(v, half);
    return v[0];
}
INLINE float max_lanes(vf v) {
    UNROLL for (int half = LANES / 2; half > 0; half /= 2) v = max_(v, swap_halves(v, half));
    return v[0];
}

// 2^f of |f| ≤ ½ by a polynomial of degree 6. Not by fma_, which is a call where sampling.c has no
// instruction for it.
INLINE vf power_of_two(vf f) {
    vf p = splat(1.540353039338160e-4f);
    p = p * f + splat(1.333355814642844e-3f);
    p = p * f + splat(9.618129107628477e-3f);
    p = p * f + splat(5.550410866482158e-2f);
    p = p * f + splat(2.402265069591007e-1f);
    p = p * f + splat(6.931471805599453e-1f);
    return p * f + splat(1.0f);
}

// e^x: 2^n · p(f) with x·log2 e = n + f, |f| ≤ ½; relative error below 2^-22. Below -87 zero.
INLINE vf exp_(vf x) {
    vf z = x * 1.44269504088896341f;
    z = min_(max_(z, splat(-126.0f)), splat(127.0f));
    vf n = __builtin_elementwise_roundeven(z);
    vf p = power_of_two(z - n);
    vi exponent = (__builtin_convertvector(n, vi) + 127) << 23;
    vi keep = x >= -87.0f;
    return (vf)((vi)(p * (vf)exponent) & keep);
}
