// Attention over packed trees. One piece of work is one key-value head of one tree: everything
// that adds to the same keys and values stays on one thread, so sums have a fixed order.

#include <string.h>

#include "sgemm.h"
#include "training.h"
#include "training_rows.h"

// Queries taken at once: their scores stay in the second-level cache.
#define QUERIES 64

struct attention_work {
    const struct rk_tree_attention *shape;
    const float *q, *k, *v, *dout;
    float *out, *dq, *dk, *dv;
};

// A block of queries of one head: rows of the packed matrices and the keys they may see.
struct block {
    const struct rk_segment *segment;
    long row, count;  // packed row of the first query, number of queries
    long own;         // own keys that at least one query sees
    long keys;        // prompt's keys and own ones
    long head, kv_head;
};

static void multiply(bool ta, bool tb, long m, long n, long k, float alpha, const float *a,
                     long lda, const float *b, long ldb, float beta, float *c, long ldc) {
    rk_sgemm_with(RK_SGEMM_AUTO, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// Probabilities of a block, count x keys; with a soft cap also the capped scores.
static void probabilities(const struct rk_tree_attention *shape, const struct block *block,
                          const float *q, const float *k, float *p, float *capped) {
    const long size = shape->head_size, qs = shape->heads * size, ks = shape->kv_heads * size;
    const struct rk_segment *segment = block->segment;
    const float *queries = q + block->row * qs + block->head * size;
    const float *parent = k + segment->parent_start * ks + block->kv_head * size;
    const float *own = k + segment->start * ks + block->kv_head * size;
    if (segment->parent_count > 0)
        multiply(false, true, block->count, segment->parent_count, size, shape->scale, queries, qs,
                 parent, ks, 0, p, block->keys);
    multiply(false, true, block->count, block->own, size, shape->scale, queries, qs, own, ks, 0,
             p + segment->parent_count, block->keys);
    for (long i = 0; i < block->count; i++) {
        // Place of the query among its keys, which are the tree's tokens from the root on.
        const long place = segment->parent_count + block->row - segment->start + i;
        const long visible = place + 1;
        long hidden = 0;
        if (shape->window > 0 && visible > shape->window) hidden = visible - shape->window;
        rk_row_kernels()->softmax_row(block->keys, hidden, visible, shape->soft_cap,
                                      p + i * block->keys,
                                      capped ? capped + i * block->keys : NULL);
    }
}

static void forward_block(const struct attention_work *work, const struct block *block) {
    const struct rk_tree_attention *shape = work->shape;
    const long size = shape->head_size, qs = shape->heads * size, ks = shape->kv_heads * size;
    const struct rk_segment *segment = block->segment;
    float *p = rk_row_scratch((size_t)(QUERIES * block->keys));
    probabilities(shape, block, work->q, work->k, p, NULL);
    float *out = work->out + block->row * qs + block->head * size;
    const float *parent = work->v + segment->parent_start * ks + block->kv_head * size;
    const float *own = work->v + segment->start * ks + block->kv_head * size;
    multiply(false, false, block->count, size, block->own, 1, p + segment->parent_count,
             block->keys, own, ks, 0, out, qs);
    if (segment->parent_count > 0)
        multiply(false, false, block->count, size, segment->parent_count, 1, p, block->keys,
                 parent, ks, 1, out, qs);
}

static void backward_block(const struct attention_work *work, const struct block *block) {
    const struct rk_tree_attention *shape = work->shape;
    const long size = shape->head_size, qs = shape->heads * size, ks = shape->kv_heads * size;
    const long area = QUERIES * block->keys;
    const struct rk_segment *segment = block->segment;
    float *p = rk_row_scratch((size_t)(3 * area));
    float *dp = p + area;
    float *capped = shape->soft_cap > 0 ? dp + area : NULL;
    probabilities(shape, block, work->q, work->k, p, capped);

    const float *queries = work->q + block->row * qs + block->head * size;
    const float *dout = work->dout + block->row * qs + block->head * size;
    float *dq = work->dq + block->row * qs + block->head * size;
    const long parts[2][2] = {{segment->parent_start, segment->parent_count},
                              {segment->start, block->own}};
    long offset = 0;
    for (int part = 0; part < 2; part++) {
        const long count = parts[part][1];
        const long at = parts[part][0] * ks + block->kv_head * size;
        if (count > 0) {
            multiply(false, true, block->count, count, size, 1, dout, qs, work->v + at, ks, 0,
                     dp + offset, block->keys);
            multiply(true, false, count, size, block->count, 1, p + offset, block->keys, dout, qs,
                     1, work->dv + at, ks);
        }
        offset += count;
    }
    for (long i = 0; i < block->count; i++)
        rk_row_kernels()->softmax_row_backward(block->keys, shape->soft_cap, p + i * block->keys,
                                               capped ? capped + i * block->keys : NULL,
                                               dp + i * block->keys);
    offset = 0;
    for (int part = 0; part < 2; part++) {
        const long count = parts[part][1];
        const long at = parts[part][0] * ks + block->kv_head * size;
        if (count > 0) {
            multiply(false, false, block->count, size, count, shape->scale, dp + offset,
                     block->keys, work->k + at, ks, offset == 0 ? 0 : 1, dq, qs);
            multiply(true, false, count, size, block->count, shape->scale, dp + offset,
                     block->keys, queries, qs, 1, work->dk + at, ks);
        }
        offset += count;
    }
}

static void each_block(const struct attention_work *work, long index,
                       void (*body)(const struct attention_work *, const struct block *)) {
    const struct rk_tree_attention *shape = work->shape;
    const long tree = index / shape->kv_heads, kv_head = index % shape->kv_heads;
    const long group = shape->heads / shape->kv_heads;
    for (int32_t s = shape->tree_starts[tree]; s < shape->tree_starts[tree + 1]; s++) {
        const struct rk_segment *segment = &shape->segments[s];
        for (long head = kv_head * group; head < (kv_head + 1) * group; head++)
            for (long first = 0; first < segment->count; first += QUERIES) {
                const long left = segment->count - first;
                struct block block = {.segment = segment, .row = segment->start + first,
                                      .count = left < QUERIES ? left : QUERIES, .head = head,
                                      .kv_head = kv_head};
                block.own = first + block.count;
                block.keys = segment->parent_count + block.own;
                body(work, &block);
            }
    }
}

static void forward_piece(void *context, long index) { each_block(context, index, forward_block); }
static void backward_piece(void *context, long index) {
    each_block(context, index, backward_block);
}

void rk_tree_attention_forward(const struct rk_tree_attention *shape, const float *q,
                               const float *k, const float *v, float *out, int threads) {
    struct attention_work work = {.shape = shape, .q = q, .k = k, .v = v, .out = out};
    rk_fork_join(shape->trees * shape->kv_heads, threads, forward_piece, &work);
}

void rk_tree_attention_backward(const struct rk_tree_attention *shape, const float *q,
                                const float *k, const float *v, const float *dout, float *dq,
                                float *dk, float *dv, int threads) {
    struct attention_work work = {.shape = shape, .q = q, .k = k, .v = v, .dout = dout,
                                  .dq = dq, .dk = dk, .dv = dv};
    rk_fork_join(shape->trees * shape->kv_heads, threads, backward_piece, &work);
}
