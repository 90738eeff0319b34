// NEON with the dot-product extension: Apple silicon, Graviton 2 onwards.
#include "internal.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod,fp16"))), apply_to = function)

#define LANES 4
#define REGISTERS 32
#define NAME(x) x##_neon
#define TOKEN_TILE 12
#define INT_TOKENS 6
#define INT_GROUPS 1
#define ROW_VECTORS 1
#define VALUE_TILE 6
#define WIDE_ZERO 0
#define dot(a, w, x)                                                                           \
    ((vi)vdotq_s32((int32x4_t)(a), (int8x16_t)(w), (int8x16_t)(x)))
#define dot_wide(a, w, x)                                                                      \
    ((vi)vdotq_s32((int32x4_t)(a), (int8x16_t)((w) ^ 0x80), (int8x16_t)(x)))
#define lookup(table, v) ((vb)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)(v)))
#define half_to_float(p) ((vf)vcvt_f32_f16((float16x4_t)vld1_u16(p)))
#define float_to_half(p, v) vst1_u16((p), (uint16x4_t)vcvt_f16_f32((float32x4_t)(v)))
#define bytes_to_words(p) ((vi)vmovl_s8(vld1_s8((const int8_t *)(p))))
#define dot_words(a, w, x)                                                                     \
    ((a)                                                                                       \
     + (vi)vpaddq_s32(                                                                         \
         vmull_s16(vget_low_s16((int16x8_t)(w)), vget_low_s16((int16x8_t)(x))),                \
         vmull_high_s16((int16x8_t)(w), (int16x8_t)(x))))
#define round_to_int(v) ((vi)vcvtnq_s32_f32((float32x4_t)(v)))
#define pack_block(p, v)                                                                       \
    UNROLL for (int i_ = 0; i_ < 8; i_ += 2) {                                                 \
        int16x4_t first_ = vmovn_s32((int32x4_t)(v)[i_]);                                      \
        int16x4_t last_ = vmovn_s32((int32x4_t)(v)[i_ + 1]);                                   \
        vst1_s8((p) + i_ * 4, vmovn_s16(vcombine_s16(first_, last_)));                         \
    }
#define max_(a, b) ((vf)vmaxnmq_f32((float32x4_t)(a), (float32x4_t)(b)))
#define min_(a, b) ((vf)vminnmq_f32((float32x4_t)(a), (float32x4_t)(b)))

#include "kernel_body.h"

#pragma clang attribute pop

const rk_kernels rk_neon_table = KERNEL_TABLE("neon");
#endif
