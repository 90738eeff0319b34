// Passes over one row of logits, in vectors of eight. They are C so that a debug build of the
// Swift code does not pay a function call an element on vocabularies of 256k.

#include "sampling.h"

#include <math.h>
#include <string.h>

typedef float f32x8 __attribute__((vector_size(32)));
typedef int32_t i32x8 __attribute__((vector_size(32)));

// Everything that passes a vector by value is inlined: there is no call whose ABI could change.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

INLINE f32x8 load8(const float *p) {
    f32x8 v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE f32x8 splat8(float x) { return (f32x8){x, x, x, x, x, x, x, x}; }

INLINE int any8(i32x8 m) {
    int64_t w[4];
    memcpy(w, &m, sizeof w);
    return (w[0] | w[1] | w[2] | w[3]) != 0;
}

INLINE f32x8 select8(i32x8 m, f32x8 a, f32x8 b) {
    return (f32x8)((m & (i32x8)a) | (~m & (i32x8)b));
}

// exp for x <= 0: x = n ln2 + r with |r| <= ln2/2, then a polynomial of degree 6 in r (Cephes
// expf). Below -87 the result would be denormal and is 0.
INLINE f32x8 exp8(f32x8 x) {
    const f32x8 magic = splat8(12582912.0f); // 1.5 * 2^23: adding it rounds to an integer
    i32x8 in_range = x > splat8(-87.0f);
    x = select8(in_range, x, splat8(0.0f));
    f32x8 t = x * splat8(1.44269504f) + magic;
    f32x8 n = t - magic;
    f32x8 r = x - n * splat8(0.693359375f) - n * splat8(-2.12194440e-4f);
    f32x8 p = splat8(1.9875691500e-4f);
    p = p * r + splat8(1.3981999507e-3f);
    p = p * r + splat8(8.3334519073e-3f);
    p = p * r + splat8(4.1665795894e-2f);
    p = p * r + splat8(1.6666665459e-1f);
    p = p * r + splat8(5.0000001201e-1f);
    p = p * r * r + r + splat8(1.0f);
    i32x8 exponent = ((i32x8)t - (i32x8)magic) << 23;
    f32x8 result = (f32x8)((i32x8)p + exponent);
    return select8(in_range, result, splat8(0.0f));
}

INLINE double sum_exp(const float *logits, int32_t count, float maximum) {
    double total = 0;
    f32x8 max8 = splat8(maximum);
    int32_t i = 0;
    while (i + 16 <= count) {
        // Short float runs, summed in double: the error does not grow with the vocabulary.
        int32_t end = i + 512 < count ? i + 512 : count;
        f32x8 a = splat8(0), b = splat8(0);
        for (; i + 16 <= end; i += 16) {
            a += exp8(load8(logits + i) - max8);
            b += exp8(load8(logits + i + 8) - max8);
        }
        a += b;
        for (int j = 0; j < 8; j++) total += a[j];
    }
    for (; i < count; i++) {
        float x = logits[i] - maximum;
        if (x > -87.0f) total += expf(x);
    }
    return total;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static double sum_exp_avx2(
    const float *logits, int32_t count, float maximum) {
    return sum_exp(logits, count, maximum);
}
#endif

double ck_sum_exp(const float *logits, int32_t count, float maximum) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return sum_exp_avx2(logits, count, maximum);
#endif
    return sum_exp(logits, count, maximum);
}

int32_t ck_argmax(const float *logits, int32_t count) {
    float best = -INFINITY;
    int32_t index = -1;
    int32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        f32x8 b = splat8(best);
        if (any8((load8(logits + i) > b) | (load8(logits + i + 8) > b)))
            for (int32_t j = i; j < i + 16; j++)
                if (logits[j] > best) best = logits[j], index = j;
    }
    for (; i < count; i++)
        if (logits[i] > best) best = logits[i], index = i;
    return index;
}

// The heap's root is the entry to give up first: the smallest logit, of equals the highest id.
INLINE int gives_up(float a, int32_t ia, float b, int32_t ib) {
    return a < b || (a == b && ia > ib);
}

static void sift_down(float *heap, int32_t *ids, int32_t size, int32_t at) {
    float value = heap[at];
    int32_t id = ids[at];
    for (;;) {
        int32_t child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && gives_up(heap[child + 1], ids[child + 1], heap[child], ids[child]))
            child++;
        if (!gives_up(heap[child], ids[child], value, id)) break;
        heap[at] = heap[child];
        ids[at] = ids[child];
        at = child;
    }
    heap[at] = value;
    ids[at] = id;
}

int32_t ck_top_k(const float *logits, int32_t count, int32_t k, int32_t *ids, float *heap) {
    if (k <= 0) return 0;
    int32_t size = 0;
    int32_t i = 0;
    for (; i < count && size < k; i++) {
        if (!(logits[i] > -INFINITY)) continue;
        heap[size] = logits[i];
        ids[size] = i;
        size++;
    }
    for (int32_t at = size / 2; at-- > 0;) sift_down(heap, ids, size, at);
    if (size < k) i = count;
    // Ids come in ascending order, so an equal logit never displaces one that is there.
    for (; i + 16 <= count; i += 16) {
        f32x8 threshold = splat8(heap[0]);
        if (!any8((load8(logits + i) > threshold) | (load8(logits + i + 8) > threshold))) continue;
        for (int32_t j = i; j < i + 16; j++) {
            if (logits[j] > heap[0]) {
                heap[0] = logits[j];
                ids[0] = j;
                sift_down(heap, ids, size, 0);
            }
        }
    }
    for (; i < count; i++) {
        if (logits[i] > heap[0]) {
            heap[0] = logits[i];
            ids[0] = i;
            sift_down(heap, ids, size, 0);
        }
    }
    // What is given up first goes to the end.
    for (int32_t last = size - 1; last > 0; last--) {
        float value = heap[0];
        int32_t id = ids[0];
        heap[0] = heap[last], ids[0] = ids[last];
        heap[last] = value, ids[last] = id;
        sift_down(heap, ids, last, 0);
    }
    return size;
}

int32_t ck_at_least(const float *logits, int32_t count, float threshold, int32_t *ids) {
    int32_t found = 0;
    int32_t i = 0;
    f32x8 t = splat8(threshold);
    for (; i + 16 <= count; i += 16) {
        if (!any8((load8(logits + i) >= t) | (load8(logits + i + 8) >= t))) continue;
        for (int32_t j = i; j < i + 16; j++)
            if (logits[j] >= threshold && logits[j] > -INFINITY) ids[found++] = j;
    }
    for (; i < count; i++)
        if (logits[i] >= threshold && logits[i] > -INFINITY) ids[found++] = i;
    return found;
}

void ck_apply_mask(float *logits, int32_t count, const uint64_t *words) {
    for (int32_t base = 0; base < count; base += 64) {
        uint64_t word = words[base / 64];
        int32_t end = base + 64 < count ? base + 64 : count;
        if (word == 0) {
            for (int32_t i = base; i < end; i++) logits[i] = -INFINITY;
        } else if (word != ~(uint64_t)0) {
            for (int32_t i = base; i < end; i++)
                if (!(word >> (i - base) & 1)) logits[i] = -INFINITY;
        }
    }
}
