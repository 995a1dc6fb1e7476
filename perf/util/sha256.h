// SHA-256 (FIPS 180-4), for the identity record. Offers a stream and two one-call forms; never used
// for secrets.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX 65 // 64 digits and the NUL

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_end(struct sha256 *s, char hex[SHA256_HEX]);
// The file's digest; false (errno set) when it cannot be read.
bool sha256_file(const char *path, char hex[SHA256_HEX]);
