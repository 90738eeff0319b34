#ifndef RIPOSTE_SHA256_H
#define RIPOSTE_SHA256_H

#include <stddef.h>
#include <stdint.h>

// SHA-256 (FIPS 180-4), a piece at a time.
typedef struct {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
} rk_sha256;

void rk_sha256_begin(rk_sha256 *hash);
void rk_sha256_add(rk_sha256 *hash, const void *bytes, size_t count);
void rk_sha256_end(rk_sha256 *hash, uint8_t digest[32]);

// Takes whole blocks of 64 bytes into the state, in plain C: the yardstick of the instructions that
// rk_sha256_add uses where the processor has them.
void rk_sha256_blocks_reference(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
