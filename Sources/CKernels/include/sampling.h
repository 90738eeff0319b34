#ifndef CKERNELS_SAMPLING_H
#define CKERNELS_SAMPLING_H

#include <stdint.h>

/* Passes over one row of logits. NaN counts as minus infinity everywhere. */

/* Index of the largest value, the lowest one on ties; -1 where nothing is above -infinity. */
int32_t ck_argmax(const float *logits, int32_t count);

/* Sum of exp(logit - maximum); relative error below 1e-6. */
double ck_sum_exp(const float *logits, int32_t count, float maximum);

/* The k largest, largest first, of equals the lower index, written to `ids`; none of them is
 * -infinity. `heap` is scratch of k floats. Returns how many there are. */
int32_t ck_top_k(const float *logits, int32_t count, int32_t k, int32_t *ids, float *heap);

/* Indices of logits >= threshold and above -infinity, ascending. Returns how many. */
int32_t ck_at_least(const float *logits, int32_t count, float threshold, int32_t *ids);

/* Sets logits whose bit is 0 to -infinity; bit i of word w is token 64 w + i. */
void ck_apply_mask(float *logits, int32_t count, const uint64_t *words);

#endif
