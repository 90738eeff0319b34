#include "sgemm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Blocks: a slice of k for which one panel of A and of B fit the first-level cache, a block of A
// for the second level, a block of B for the third.
#define SGEMM_BLOCK_K 256
#define SGEMM_BLOCK_M 192
#define SGEMM_BLOCK_N 1536
#define SGEMM_SCRATCH_A ((SGEMM_BLOCK_M + 16) * SGEMM_BLOCK_K)
#define SGEMM_SCRATCH_B ((SGEMM_BLOCK_N + 64) * SGEMM_BLOCK_K)

#define SGEMM_NAME(x) sgemm_generic_##x
#define SGEMM_TARGET
#define SGEMM_LANES 4
#define SGEMM_ROWS 4
#define SGEMM_VECTORS 2
#include "sgemm_kernel.inc"

#if defined(__x86_64__)
#define SGEMM_NAME(x) sgemm_avx2_##x
#define SGEMM_TARGET __attribute__((target("avx2,fma")))
#define SGEMM_LANES 8
#define SGEMM_ROWS 6
#define SGEMM_VECTORS 2
#include "sgemm_kernel.inc"

#define SGEMM_NAME(x) sgemm_avx512_##x
#define SGEMM_TARGET __attribute__((target("avx512f,avx2,fma")))
#define SGEMM_LANES 16
#define SGEMM_ROWS 12
#define SGEMM_VECTORS 2
#include "sgemm_kernel.inc"

// A narrow tile for products of few columns (adapters of low rank).
#define SGEMM_NAME(x) sgemm_avx512_narrow_##x
#define SGEMM_TARGET __attribute__((target("avx512f,avx2,fma")))
#define SGEMM_LANES 16
#define SGEMM_ROWS 12
#define SGEMM_VECTORS 1
#include "sgemm_kernel.inc"
#endif

#if defined(__aarch64__)
#define SGEMM_NAME(x) sgemm_neon_##x
#define SGEMM_TARGET
#define SGEMM_LANES 4
#define SGEMM_ROWS 8
#define SGEMM_VECTORS 3
#include "sgemm_kernel.inc"
#endif

// The yardstick: one multiply and add at a time, in order.
static void sgemm_reference(bool ta, bool tb, long m, long n, long k, float alpha, const float *a,
                            long lda, const float *b, long ldb, float beta, float *c, long ldc) {
    for (long i = 0; i < m; i++)
        for (long j = 0; j < n; j++) {
            double sum = 0;
            for (long p = 0; p < k; p++)
                sum += (double)(ta ? a[p * lda + i] : a[i * lda + p]) *
                       (double)(tb ? b[j * ldb + p] : b[p * ldb + j]);
            const float value = (float)(alpha * sum);
            c[i * ldc + j] = beta == 0 ? value : value + beta * c[i * ldc + j];
        }
}

bool rk_sgemm_supports(int kind) {
    switch (kind) {
    case RK_SGEMM_AUTO:
    case RK_SGEMM_REFERENCE:
    case RK_SGEMM_GENERIC:
        return true;
#if defined(__x86_64__)
    case RK_SGEMM_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case RK_SGEMM_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") &&
               __builtin_cpu_supports("fma");
#endif
#if defined(__aarch64__)
    case RK_SGEMM_NEON:
        return true;
#endif
    default:
        return false;
    }
}

int rk_sgemm_best(void) {
    static const int order[] = {RK_SGEMM_AVX512, RK_SGEMM_AVX2, RK_SGEMM_NEON};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (rk_sgemm_supports(order[i])) return order[i];
    return RK_SGEMM_GENERIC;
}

// Each thread keeps its packing space (2.1 MB) for its lifetime.
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static void make_scratch_key(void) { pthread_key_create(&scratch_key, free); }
static float *thread_scratch(void) {
    pthread_once(&scratch_once, make_scratch_key);
    float *space = pthread_getspecific(scratch_key);
    if (space == NULL) {
        void *memory = NULL;
        if (posix_memalign(&memory, 64, (SGEMM_SCRATCH_A + SGEMM_SCRATCH_B) * sizeof(float)) != 0)
            abort();
        space = memory;
        pthread_setspecific(scratch_key, space);
    }
    return space;
}

void rk_sgemm_with(int kind, bool ta, bool tb, long m, long n, long k, float alpha, const float *a,
                   long lda, const float *b, long ldb, float beta, float *c, long ldc) {
    if (m <= 0 || n <= 0) return;
    if (k <= 0 || alpha == 0) {
        for (long i = 0; i < m; i++)
            for (long j = 0; j < n; j++)
                c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
        return;
    }
    if (kind == RK_SGEMM_AUTO || !rk_sgemm_supports(kind)) kind = rk_sgemm_best();
    switch (kind) {
    case RK_SGEMM_REFERENCE:
        sgemm_reference(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        return;
#if defined(__x86_64__)
    case RK_SGEMM_AVX2:
        sgemm_avx2_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, thread_scratch());
        return;
    case RK_SGEMM_AVX512:
        if (n <= 16)
            sgemm_avx512_narrow_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                                        thread_scratch());
        else
            sgemm_avx512_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                                 thread_scratch());
        return;
#endif
#if defined(__aarch64__)
    case RK_SGEMM_NEON:
        sgemm_neon_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, thread_scratch());
        return;
#endif
    default:
        sgemm_generic_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                              thread_scratch());
    }
}

struct part {
    bool ta, tb;
    long m, n, k;
    float alpha, beta;
    const float *a, *b;
    float *c;
    long lda, ldb, ldc;
    long parts;
    bool by_rows;
};

static void run_part(void *context, long index) {
    const struct part *w = context;
    const long whole = w->by_rows ? w->m : w->n;
    // Multiples of 48 rows or 64 columns keep register tiles whole on every instruction set.
    const long unit = w->by_rows ? 24 : 32;
    const long units = (whole + unit - 1) / unit;
    const long start = units * index / w->parts * unit;
    long end = units * (index + 1) / w->parts * unit;
    if (end > whole) end = whole;
    if (start >= end) return;
    if (w->by_rows)
        rk_sgemm_with(RK_SGEMM_AUTO, w->ta, w->tb, end - start, w->n, w->k, w->alpha,
                      w->ta ? w->a + start : w->a + start * w->lda, w->lda, w->b, w->ldb, w->beta,
                      w->c + start * w->ldc, w->ldc);
    else
        rk_sgemm_with(RK_SGEMM_AUTO, w->ta, w->tb, w->m, end - start, w->k, w->alpha, w->a, w->lda,
                      w->tb ? w->b + start * w->ldb : w->b + start, w->ldb, w->beta, w->c + start,
                      w->ldc);
}

static int core_count(void) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 64 ? 64 : (int)cores;
}

void rk_sgemm(bool ta, bool tb, long m, long n, long k, float alpha, const float *a, long lda,
              const float *b, long ldb, float beta, float *c, long ldc, int threads) {
    if (threads <= 0) threads = core_count();
    // Below about 2 MFLOP a thread, waking others costs more than it saves.
    const double work = 2.0 * (double)m * (double)n * (double)k;
    const int useful = work < 4e6 ? 1 : (int)(work / 2e6);
    if (threads > useful) threads = useful;
    struct part work_item = {ta, tb, m, n, k, alpha, beta, a, b, c, lda, ldb, ldc, threads, m > n};
    if (threads == 1) {
        rk_sgemm_with(RK_SGEMM_AUTO, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    rk_fork_join(threads, threads, run_part, &work_item);
}
