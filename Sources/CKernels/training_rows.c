#include "training_rows.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sgemm.h"
#include "training.h"

#define ROWS_NAME(x) rows_generic_##x
#define ROWS_TARGET
#include "training_rows.inc"

#if defined(__x86_64__)
#define ROWS_NAME(x) rows_avx2_##x
#define ROWS_TARGET __attribute__((target("avx2,fma")))
#include "training_rows.inc"

#define ROWS_NAME(x) rows_avx512_##x
#define ROWS_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#include "training_rows.inc"
#endif

const struct row_kernels *rk_row_kernels(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return &rows_avx512_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &rows_avx2_kernels;
#endif
    return &rows_generic_kernels;
}

struct scratch {
    size_t floats;
    float *memory;
};
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static void free_scratch(void *pointer) {
    struct scratch *s = pointer;
    free(s->memory);
    free(s);
}
static void make_scratch_key(void) { pthread_key_create(&scratch_key, free_scratch); }

float *rk_row_scratch(size_t floats) {
    pthread_once(&scratch_once, make_scratch_key);
    struct scratch *s = pthread_getspecific(scratch_key);
    if (s == NULL) {
        s = calloc(1, sizeof *s);
        if (s == NULL) abort();
        pthread_setspecific(scratch_key, s);
    }
    if (s->floats < floats) {
        free(s->memory);
        void *memory = NULL;
        if (posix_memalign(&memory, 64, floats * sizeof(float)) != 0) abort();
        s->memory = memory;
        s->floats = floats;
    }
    return s->memory;
}

// Pieces of work: about 32 k elements each, so that small calls stay on one thread.
#define ELEMENTS_A_PIECE 32768

struct rows_work {
    long rows, width, rows_a_piece;
    float epsilon, factor;
    int activation;
    bool accumulate, interleaved, inverse;
    long heads, head_size, dimension;
    const int32_t *positions;
    const float *weight, *a, *b, *c;
    float *out, *out2;
};

static void each_piece(struct rows_work *work, int threads, void (*body)(void *, long)) {
    work->rows_a_piece = work->width > 0 ? ELEMENTS_A_PIECE / work->width : 1;
    if (work->rows_a_piece < 1) work->rows_a_piece = 1;
    rk_fork_join((work->rows + work->rows_a_piece - 1) / work->rows_a_piece, threads, body, work);
}

static long piece(const struct rows_work *work, long index, long *first) {
    *first = index * work->rows_a_piece;
    const long left = work->rows - *first;
    return left < work->rows_a_piece ? left : work->rows_a_piece;
}

static void norm_piece(void *context, long index) {
    const struct rows_work *w = context;
    long first;
    const long rows = piece(w, index, &first), at = first * w->width;
    rk_row_kernels()->rms_norm(rows, w->width, w->epsilon, w->weight, w->a + at, w->out + at);
}

void rk_rms_norm_rows(long rows, long width, float epsilon, const float *weight, const float *x,
                      float *y, int threads) {
    struct rows_work work = {.rows = rows, .width = width, .epsilon = epsilon, .weight = weight,
                             .a = x, .out = y};
    each_piece(&work, threads, norm_piece);
}

static void norm_backward_piece(void *context, long index) {
    const struct rows_work *w = context;
    long first;
    const long rows = piece(w, index, &first), at = first * w->width;
    rk_row_kernels()->rms_norm_backward(rows, w->width, w->epsilon, w->weight, w->a + at,
                                        w->b + at, w->accumulate, w->out + at);
}

void rk_rms_norm_rows_backward(long rows, long width, float epsilon, const float *weight,
                               const float *x, const float *dy, bool accumulate, float *dx,
                               int threads) {
    struct rows_work work = {.rows = rows, .width = width, .epsilon = epsilon, .weight = weight,
                             .a = x, .b = dy, .accumulate = accumulate, .out = dx};
    each_piece(&work, threads, norm_backward_piece);
}

static void rotate_piece(void *context, long index) {
    const struct rows_work *w = context;
    long first;
    const long rows = piece(w, index, &first), half = w->dimension / 2;
    const long step = w->interleaved ? 2 : 1, partner = w->interleaved ? 1 : half;
    for (long r = first; r < first + rows; r++) {
        const float *cosines = w->a + w->positions[r] * half;
        const float *sines = w->b + w->positions[r] * half;
        for (long h = 0; h < w->heads; h++) {
            float *x = w->out + r * w->width + h * w->head_size;
            for (long i = 0; i < half; i++) {
                const float c = cosines[i], s = w->inverse ? -sines[i] : sines[i];
                const float first_of = x[i * step], second_of = x[i * step + partner];
                x[i * step] = first_of * c - second_of * s;
                x[i * step + partner] = first_of * s + second_of * c;
            }
        }
    }
}

void rk_rotate_rows(long rows, long heads, long head_size, long dimension, bool interleaved,
                    const float *cosines, const float *sines, const int32_t *positions,
                    bool inverse, float *x, int threads) {
    struct rows_work work = {.rows = rows, .width = heads * head_size, .heads = heads,
                             .head_size = head_size, .dimension = dimension,
                             .interleaved = interleaved, .a = cosines, .b = sines,
                             .positions = positions, .inverse = inverse, .out = x};
    each_piece(&work, threads, rotate_piece);
}

static void gated_piece(void *context, long index) {
    const struct rows_work *w = context;
    long at;
    const long count = piece(w, index, &at);
    rk_row_kernels()->gated(count, w->activation, w->a + at, w->b + at, w->out + at);
}

void rk_gated_activation(long count, int activation, const float *gate, const float *up,
                         float *out, int threads) {
    struct rows_work work = {.rows = count, .width = 1, .activation = activation, .a = gate,
                             .b = up, .out = out};
    each_piece(&work, threads, gated_piece);
}

static void gated_backward_piece(void *context, long index) {
    const struct rows_work *w = context;
    long at;
    const long count = piece(w, index, &at);
    rk_row_kernels()->gated_backward(count, w->activation, w->a + at, w->b + at, w->c + at,
                                     w->out + at, w->out2 + at);
}

void rk_gated_activation_backward(long count, int activation, const float *gate, const float *up,
                                  const float *dout, float *dgate, float *dup, int threads) {
    struct rows_work work = {.rows = count, .width = 1, .activation = activation, .a = gate,
                             .b = up, .c = dout, .out = dgate, .out2 = dup};
    each_piece(&work, threads, gated_backward_piece);
}

static void add_scaled_piece(void *context, long index) {
    const struct rows_work *w = context;
    long at;
    const long count = piece(w, index, &at);
    rk_row_kernels()->add_scaled(count, w->factor, w->a + at, w->out + at);
}

void rk_add_scaled(long count, float factor, const float *x, float *y, int threads) {
    struct rows_work work = {.rows = count, .width = 1, .factor = factor, .a = x, .out = y};
    each_piece(&work, threads, add_scaled_piece);
}

static void add_row_piece(void *context, long index) {
    const struct rows_work *w = context;
    long first;
    const long rows = piece(w, index, &first);
    for (long r = first; r < first + rows; r++)
        rk_row_kernels()->add_scaled(w->width, 1, w->a, w->out + r * w->width);
}

void rk_add_row(long rows, long width, const float *row, float *y, int threads) {
    struct rows_work work = {.rows = rows, .width = width, .a = row, .out = y};
    each_piece(&work, threads, add_row_piece);
}

void rk_adamw(long count, float rate, float beta1, float beta2, float epsilon, float decay,
              float correction1, float correction2, const float *gradient, float *parameter,
              float *first_moment, float *second_moment) {
    rk_row_kernels()->adamw(count, rate, beta1, beta2, epsilon, decay, correction1, correction2,
                            gradient, parameter, first_moment, second_moment);
}
