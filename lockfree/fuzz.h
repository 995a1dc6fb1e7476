/* fuzz.h: what the fuzz targets share: bytes of the input as numbers, a check that names its place. A target, X_fuzz.c beside what it
 * tests, runs the structure and a simple reference side by side over operations that the input spells. Host only; ci/fuzz builds and runs.
 * No header of the C library but freestanding ones: the kernel's types stand in for them in its targets. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);
int dprintf(int fd, const char *format, ...);
__attribute__((noreturn)) void abort(void);

#define FUZZ_CHECK(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            dprintf(2, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #cond);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct fuzz_input {
    const uint8_t *p;
    size_t n;
};

/* Zero when the input is used up. */
static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
    if (!in->n)
        return 0;
    in->n--;
    return *in->p++;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
    uint16_t low = fuzz_u8(in);

    return (uint16_t)(low | fuzz_u8(in) << 8);
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
    uint32_t low = fuzz_u16(in);

    return low | (uint32_t)fuzz_u16(in) << 16;
}
