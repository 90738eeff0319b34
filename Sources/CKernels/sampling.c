// Passes over one row of logits, in vectors of eight. They are C so that a debug build of the
// Swift code does not pay a function call an element on vocabularies of 256k.

#include "sampling.h"

#include <math.h>
#include <string.h>

// Everything that passes a vector by value is inlined: there is no call whose ABI could change.
#pragma clang diagnostic ignored "-Wpsabi"

#define LANES 8
#define max_(a, b) __builtin_elementwise_max(a, b)
#define min_(a, b) __builtin_elementwise_min(a, b)
#include "kernel_vectors.h"

INLINE int any8(vi m) { return __builtin_reduce_or(m) != 0; }

// exp for x <= 0. Below -87 the result would be denormal and is 0, of NaN too. Rounded by addition:
// without SSE4.1, what exp_ rounds with is a call.
INLINE vf exp8(vf x) {
    const vf magic = splat(12582912.0f); // 1.5 * 2^23: adding it rounds to an integer
    const vf t = x * splat(1.44269504f) + magic, n = t - magic;
    const vf p = power_of_two(x * splat(1.44269504f) - n);
    // What the magic number adds to the bits is shifted out.
    const vu result = (vu)p + ((vu)t << 23);
    return (vf)(result & (vu)(x > splat(-87.0f)));
}

INLINE double sum_exp(const float *logits, int32_t count, float maximum) {
    double total = 0;
    vf max8 = splat(maximum);
    int32_t i = 0;
    while (i + 16 <= count) {
        // Short float runs, summed in double: the error does not grow with the vocabulary.
        int32_t end = i + 512 < count ? i + 512 : count;
        vf a = splat(0), b = splat(0);
        for (; i + 16 <= end; i += 16) {
            a += exp8(load(logits + i) - max8);
            b += exp8(load(logits + i + 8) - max8);
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

INLINE int32_t argmax(const float *logits, int32_t count) {
    float best = -INFINITY;
    int32_t index = -1;
    int32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        vf b = splat(best);
        if (any8((load(logits + i) > b) | (load(logits + i + 8) > b)))
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

INLINE int32_t top_k(
    const float *logits, int32_t count, int32_t k, int32_t *ids, float *heap) {
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
        vf threshold = splat(heap[0]);
        if (!any8((load(logits + i) > threshold) | (load(logits + i + 8) > threshold))) continue;
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

INLINE int32_t at_least(const float *logits, int32_t count, float threshold, int32_t *ids) {
    int32_t found = 0;
    int32_t i = 0;
    vf t = splat(threshold);
    for (; i + 16 <= count; i += 16) {
        if (!any8((load(logits + i) >= t) | (load(logits + i + 8) >= t))) continue;
        for (int32_t j = i; j < i + 16; j++)
            if (logits[j] >= threshold && logits[j] > -INFINITY) ids[found++] = j;
    }
    for (; i < count; i++)
        if (logits[i] >= threshold && logits[i] > -INFINITY) ids[found++] = i;
    return found;
}

// Each pass with vectors of the processor's own width, where it has them.
#if defined(__x86_64__)
#define DISPATCH(type, name, parameters, arguments)                                            \
    __attribute__((target("avx2,fma"))) static type name##_avx2 parameters {                   \
        return name arguments;                                                                 \
    }                                                                                          \
    type ck_##name parameters {                                                                \
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))                   \
            return name##_avx2 arguments;                                                      \
        return name arguments;                                                                 \
    }
#else
#define DISPATCH(type, name, parameters, arguments)                                            \
    type ck_##name parameters { return name arguments; }
#endif

DISPATCH(double, sum_exp, (const float *logits, int32_t count, float maximum),
         (logits, count, maximum))
DISPATCH(int32_t, argmax, (const float *logits, int32_t count), (logits, count))
DISPATCH(int32_t, top_k,
         (const float *logits, int32_t count, int32_t k, int32_t *ids, float *heap),
         (logits, count, k, ids, heap))
DISPATCH(int32_t, at_least,
         (const float *logits, int32_t count, float threshold, int32_t *ids),
         (logits, count, threshold, ids))

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
