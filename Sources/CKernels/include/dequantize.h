#ifndef RIPOSTE_DEQUANTIZE_H
#define RIPOSTE_DEQUANTIZE_H

#include <stdint.h>

// Conversions between float32 and ggml's tensor types, in plain portable C. Types are ggml's
// ids (F32 0, F16 1, Q4_0 2, Q4_1 3, ...); block layouts are those of ggml-common.h.

// Writes a row of n weights to dst. src needs no alignment; n is a multiple of the type's
// block size. Returns 0, or -1 for a type that is not supported, and then writes nothing.
int rk_dequantize_row(int ggml_type, const void *src, float *dst, int64_t n);

// The reverse, with ggml's reference formulas, for F32, F16, BF16, Q8_0 and Q4_1. Returns the
// number of bytes written, or -1 for other types.
int64_t rk_quantize_row(int ggml_type, const float *src, void *dst, int64_t n);

// IEEE 754 half precision; to_f16 rounds to nearest, ties to even.
float rk_f16_to_f32(uint16_t half);
uint16_t rk_f32_to_f16(float value);

#endif
