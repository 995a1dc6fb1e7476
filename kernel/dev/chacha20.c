/* The ChaCha20 block function (RFC 8439, section 2.3; the 64-bit counter layout of Bernstein's
 * original). Pure. */
#include "kernel/dev/random.h"

static inline u32 rotate(u32 v, unsigned n)
{
    return v << n | v >> (32 - n);
}

#define QUARTER(a, b, c, d)                                                                        \
    do {                                                                                           \
        a += b, d = rotate(d ^ a, 16);                                                             \
        c += d, b = rotate(b ^ c, 12);                                                             \
        a += b, d = rotate(d ^ a, 8);                                                              \
        c += d, b = rotate(b ^ c, 7);                                                              \
    } while (0)

void chacha20_block(const u32 key[8], u64 counter, u64 nonce, u32 out[16])
{
    u32 in[16] = {0x61707865,   0x3320646e,
                  0x79622d32,   0x6b206574,
                  key[0],       key[1],
                  key[2],       key[3],
                  key[4],       key[5],
                  key[6],       key[7],
                  (u32)counter, (u32)(counter >> 32),
                  (u32)nonce,   (u32)(nonce >> 32)};
    u32 x[16];

    for (int i = 0; i < 16; i++)
        x[i] = in[i];
    for (int round = 0; round < 10; round++) {
        QUARTER(x[0], x[4], x[8], x[12]);
        QUARTER(x[1], x[5], x[9], x[13]);
        QUARTER(x[2], x[6], x[10], x[14]);
        QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]);
        QUARTER(x[1], x[6], x[11], x[12]);
        QUARTER(x[2], x[7], x[8], x[13]);
        QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; i++)
        out[i] = x[i] + in[i];
}
