#ifndef CKERNELS_TRAINING_ROWS_H
#define CKERNELS_TRAINING_ROWS_H

// Row operations of one instruction set, for the files of the training pass.

#include <stdbool.h>
#include <stddef.h>

struct row_kernels {
    void (*rms_norm)(long, long, float, const float *, const float *, float *);
    void (*rms_norm_backward)(long, long, float, const float *, const float *, const float *, bool,
                              float *);
    void (*gated)(long, int, const float *, const float *, float *);
    void (*gated_backward)(long, int, const float *, const float *, const float *, float *,
                           float *);
    void (*softmax_row)(long, long, long, float, float *, float *);
    void (*softmax_row_backward)(long, float, const float *, const float *, float *);
    void (*add_scaled)(long, float, const float *, float *);
    void (*adamw)(long, float, float, float, float, float, float, float, const float *, float *,
                  float *, float *);
};

// The best of this processor.
const struct row_kernels *rk_row_kernels(void);

// At least `floats` floats that belong to this thread; a later call may move them.
float *rk_row_scratch(size_t floats);

#endif
