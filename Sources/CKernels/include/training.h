#ifndef CKERNELS_TRAINING_H
#define CKERNELS_TRAINING_H

// Float32 operations of a training pass: forward and backward of what stands between the matrix
// products. Matrices are row-major and contiguous unless a stride is given. Work is shared over
// up to `threads` threads (0: one a core) and gives the same result for any number of them.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rk_activation { RK_SILU = 0, RK_GELU_TANH = 1 };

// y = x / sqrt(mean(x^2) + epsilon) * weight, a row of `width`.
void rk_rms_norm_rows(long rows, long width, float epsilon, const float *weight, const float *x,
                      float *y, int threads);
// dx = (accumulate ? dx : 0) + gradient of the above with respect to x; dy may be dx itself
// where nothing is accumulated.
void rk_rms_norm_rows_backward(long rows, long width, float epsilon, const float *weight,
                               const float *x, const float *dy, bool accumulate, float *dx,
                               int threads);

// Turns pair i of each head of a row by the angle of the row's position, or back. `cosines` and
// `sines` have dimension/2 numbers a position. Interleaved pairs are 2i, 2i + 1; others are
// i, i + dimension/2.
void rk_rotate_rows(long rows, long heads, long head_size, long dimension, bool interleaved,
                    const float *cosines, const float *sines, const int32_t *positions,
                    bool inverse, float *x, int threads);

// out = act(gate) * up, element by element.
void rk_gated_activation(long count, int activation, const float *gate, const float *up,
                         float *out, int threads);
// dgate = dout * up * act'(gate), dup = dout * act(gate). They may be `gate` and `up` themselves.
void rk_gated_activation_backward(long count, int activation, const float *gate, const float *up,
                                  const float *dout, float *dgate, float *dup, int threads);

// y += factor * x.
void rk_add_scaled(long count, float factor, const float *x, float *y, int threads);
// Adds a row of `width` to each row.
void rk_add_row(long rows, long width, const float *row, float *y, int threads);

// Attention over packed trees. A tree is a prompt and replies to it; a reply's tokens see the
// whole prompt and the reply's own tokens up to themselves, a prompt's tokens see the prompt.
struct rk_segment {
    int32_t start, count;                // rows of this segment
    int32_t parent_start, parent_count;  // rows of the prompt before it; count 0: there is none
};
struct rk_tree_attention {
    const struct rk_segment *segments;
    // Tree t has segments tree_starts[t] ..< tree_starts[t + 1], parents before their replies.
    const int32_t *tree_starts;
    long trees;
    long heads, kv_heads, head_size;
    float scale;
    float soft_cap;  // s becomes cap * tanh(s / cap); 0: none
    long window;     // token i sees j with i - j < window; 0: all
};
// q, out: [rows, heads * head_size]; k, v: [rows, kv_heads * head_size].
void rk_tree_attention_forward(const struct rk_tree_attention *shape, const float *q,
                               const float *k, const float *v, float *out, int threads);
// dq is written; dk and dv are added to, and must be cleared first.
void rk_tree_attention_backward(const struct rk_tree_attention *shape, const float *q,
                                const float *k, const float *v, const float *dout, float *dq,
                                float *dk, float *dv, int threads);

// One step of AdamW (Loshchilov & Hutter 2019): decays p by rate * decay, then subtracts
// rate * (m / correction1) / (sqrt(v / correction2) + epsilon), as PyTorch does.
void rk_adamw(long count, float rate, float beta1, float beta2, float epsilon, float decay,
              float correction1, float correction2, const float *gradient, float *parameter,
              float *first_moment, float *second_moment);

#ifdef __cplusplus
}
#endif
#endif
