/* Random bytes: a ChaCha20 generator per CPU with fast key erasure, seeded from one base key. Any
 * context but NMI. */
#pragma once
#include "kernel/lib/types.h"
void random_init(void); /* boot CPU, once: gathers the seed */
void get_random_bytes(void *buf,
                      size_t n); /* after random_init(); before it the seed is only the TSC */
void add_entropy(const void *buf,
                 size_t n); /* mixes bytes into the base key: writes to /dev/random */
/* One ChaCha20 block (RFC 8439, 2.3) of key, 64-bit counter, 64-bit nonce; for the generator and
 * its test. */
void chacha20_block(const u32 key[8], u64 counter, u64 nonce, u32 out[16]);
