#ifndef CKERNELS_SGEMM_H
#define CKERNELS_SGEMM_H

// Single-precision matrix product for training: C = alpha * op(A) * op(B) + beta * C.
//
// All matrices are row-major; op(A) is m x k, op(B) is k x n, C is m x n, and a leading
// dimension is the distance between rows as stored. With beta = 0, C is not read. Each element
// of C is summed over k in the same order whatever the number of threads, so results repeat.

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rk_sgemm_kind {
    RK_SGEMM_AUTO = 0,
    RK_SGEMM_REFERENCE = 1,
    RK_SGEMM_AVX2 = 2,
    RK_SGEMM_AVX512 = 3,
    RK_SGEMM_NEON = 4,
    // Four-lane vectors every processor has: the fallback of AUTO.
    RK_SGEMM_GENERIC = 5,
};

// Whether this processor can run a kind.
bool rk_sgemm_supports(int kind);
// The kind that AUTO stands for on this processor.
int rk_sgemm_best(void);

// Runs on up to `threads` threads (0: one a core), fewer where the product is small.
void rk_sgemm(bool transpose_a, bool transpose_b, long m, long n, long k, float alpha,
              const float *a, long lda, const float *b, long ldb, float beta, float *c, long ldc,
              int threads);

// As above with a chosen kind, on the calling thread.
void rk_sgemm_with(int kind, bool transpose_a, bool transpose_b, long m, long n, long k,
                   float alpha, const float *a, long lda, const float *b, long ldb, float beta,
                   float *c, long ldc);

// Calls body(context, i) for each i below count, on up to `threads` threads (0: one a core);
// returns when all have ended. Items are handed out in order, one at a time. A call from inside
// a body, or while another thread's call runs, does all its items on the calling thread.
void rk_fork_join(long count, int threads, void (*body)(void *context, long index), void *context);

#ifdef __cplusplus
}
#endif
#endif
