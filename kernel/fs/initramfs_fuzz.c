/* Fuzz target: any bytes as an initramfs, newc or gzip. Build: clang
 * -fsanitize=fuzzer,address,undefined -I. this file; or gcc with -DFUZZ_MAIN, which reads one input
 * from each file named. */
#include <stdlib.h>
#include <stdio.h>
#include "kernel/fs/inflate.c"
#define corrupt cpio_corrupt
#include "kernel/fs/cpio.c"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int ignore_entry(void *arg, const struct cpio_entry *e)
{
    return 0;
}

static int ignore_data(void *arg, const uint8_t *p, size_t n)
{
    return 0;
}

static int feed_cpio(void *arg, const uint8_t *p, size_t n)
{
    while (n) {
        ptrdiff_t used = cpio_feed(arg, p, n);

        if (used < 0)
            return used;
        p += used;
        n -= used;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct cpio c;
    static uint64_t work[INFLATE_WORK_BYTES / 8];
    struct cpio_sink sink = {ignore_entry, ignore_data, ignore_entry, NULL};
    const char *why;
    size_t used;

    cpio_init(&c, &sink);
    if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b)
        (void)gunzip_member(work, p, n, &used, feed_cpio, NULL, &c, &why);
    else
        (void)feed_cpio(&c, p, n);
    (void)cpio_finish(&c);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    static uint8_t bytes[1 << 20];

    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");

        if (!f)
            return 1;
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof(bytes), f));
        fclose(f);
    }
    return 0;
}
#endif
