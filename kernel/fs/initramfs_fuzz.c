/* initramfs_fuzz.c: any bytes as an initramfs, newc or gzip. The stream parser must tell the same entries and the same end, however the
 * bytes are cut, as a plain parser that sees all of them at once. */
#include <stdbool.h>
#include "lockfree/fuzz.h"
#include "kernel/fs/inflate.c"
#define corrupt cpio_corrupt
#include "kernel/fs/cpio.c"

/* What was told: a hash of every entry and every byte of data. */
struct told {
    uint64_t hash;
    uint32_t entries;
};

static void tell(struct told *t, uint64_t v)
{
    t->hash = (t->hash ^ v) * 0x100000001b3ull;
}

static void tell_bytes(struct told *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tell(t, p[i]);
}

static int tell_begin(void *arg, const struct cpio_entry *e)
{
    struct told *t = arg;

    t->entries++;
    tell(t, e->mode);
    tell(t, e->size);
    tell_bytes(t, (const uint8_t *)e->name, __builtin_strlen(e->name));
    return 0;
}

static int tell_data(void *arg, const uint8_t *p, size_t n)
{
    tell_bytes(arg, p, n);
    return 0;
}

static int tell_end(void *arg, const struct cpio_entry *e)
{
    tell(arg, 0xe0d);
    return 0;
}

/* ---- the plain parser ---- */

static bool plain_header(const uint8_t *p, uint32_t f[13])
{
    if (__builtin_memcmp(p, "070701", 6) && __builtin_memcmp(p, "070702", 6))
        return false;
    for (unsigned i = 0; i < 13 * 8; i++) {
        uint8_t c = p[6 + i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (digit < 0)
            return false;
        f[i / 8] = f[i / 8] << 4 | (uint32_t)digit;
    }
    return f[11] && f[11] <= CPIO_NAME_MAX;
}

/* True: a sound archive, or several. Padding behind the last entry may be missing. */
static bool plain_parse(struct told *t, const uint8_t *p, size_t n)
{
    size_t at = 0;

    while (at < n) {
        uint32_t f[13] = {0};
        size_t data;

        if (!p[at]) {
            at++;
            continue;
        }
        if (n - at < 110 || !plain_header(p + at, f))
            return false;
        data = (110 + (size_t)f[11] + 3) & ~3ul;
        if (n - at < data || p[at + 110 + f[11] - 1])
            return false;
        if (!__builtin_strcmp((const char *)p + at + 110, "TRAILER!!!")) {
            at += data;
            continue;
        }
        tell_begin(t, &(struct cpio_entry){.mode = f[1], .size = f[6], .name = (const char *)p + at + 110});
        if (n - at - data < f[6]) {
            tell_bytes(t, p + at + data, n - at - data);
            return false;
        }
        tell_data(t, p + at + data, f[6]);
        tell_end(t, NULL);
        at += data + f[6];
        at += n - at < (-f[6] & 3) ? n - at : -f[6] & 3;
    }
    return true;
}

/* ---- the parser under test ---- */

static int feed_all(void *arg, const uint8_t *p, size_t n)
{
    while (n) {
        ptrdiff_t used = cpio_feed(arg, p, n);

        if (used < 0)
            return used;
        FUZZ_CHECK(used && (size_t)used <= n);
        p += used;
        n -= used;
    }
    return 0;
}

/* In pieces of at most `piece` bytes. True: a sound archive. */
static bool stream_parse(struct told *t, const uint8_t *p, size_t n, size_t piece)
{
    static struct cpio c;
    struct cpio_sink sink = {tell_begin, tell_data, tell_end, t};

    cpio_init(&c, &sink);
    while (n) {
        size_t take = n < piece ? n : piece;

        if (feed_all(&c, p, take))
            return false;
        p += take;
        n -= take;
    }
    return !cpio_finish(&c);
}

static void check_newc(const uint8_t *p, size_t n)
{
    static const size_t pieces[] = {1, 7, 113, SIZE_MAX};
    struct told want = {0};
    bool sound = plain_parse(&want, p, n);

    for (unsigned i = 0; i < 4; i++) {
        struct told told = {0};

        FUZZ_CHECK(stream_parse(&told, p, n, pieces[i]) == sound);
        FUZZ_CHECK(told.hash == want.hash && told.entries == want.entries);
    }
}

int snprintf(char *to, size_t size, const char *format, ...);

/* Archives that are nearly sound: the input spells entries, and now and then a byte between them or one that is wrong. */
static size_t spell(struct fuzz_input *in, char *to, size_t room)
{
    size_t at = 0;

    while (in->n && room - at > 1200) {
        unsigned op = fuzz_u8(in), name = 1 + fuzz_u8(in) % 40, size = fuzz_u16(in) % 600;
        bool trailer = op % 8 == 0;

        if (op > 240) {
            to[at++] = (char)(op % 3);
            continue;
        }
        name = trailer ? 11 : name;
        size = trailer ? 0 : size;
        at += (size_t)snprintf(to + at, 111, "07070%d%08x%08x%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x%08x", 1 + op % 2, 1, op * 257, 0, 0, 1,
                               0xabcdefu, size, 0, 0, 0, 0, name, 0);
        __builtin_memset(to + at, 'n', name + 3);
        __builtin_memcpy(to + at, trailer ? "TRAILER!!!" : "a/b", trailer ? 10 : 3);
        to[at + name - 1] = op == 7 ? 'x' : 0;
        at = (at + name + 3) & ~3ul;
        for (unsigned i = 0; i < size; i++)
            to[at++] = (char)(i < 8 ? fuzz_u8(in) : i);
        for (unsigned i = 0; i < (-size & 3) && op != 9; i++)
            to[at++] = 0;
        if (op == 10)
            to[fuzz_u16(in) % at] ^= (char)fuzz_u8(in);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct cpio c;
    static char spelled[8192];
    static uint64_t work[INFLATE_WORK_BYTES / 8];
    struct told told = {0};
    struct cpio_sink sink = {tell_begin, tell_data, tell_end, &told};
    const char *why;
    size_t used;

    if (n < 2 || p[0] != 0x1f || p[1] != 0x8b) {
        struct fuzz_input in = {p, n};

        check_newc(p, n);
        check_newc((const uint8_t *)spelled, spell(&in, spelled, sizeof(spelled)));
        return 0;
    }
    cpio_init(&c, &sink);
    if (!gunzip_member(work, p, n, &used, feed_all, NULL, &c, &why))
        FUZZ_CHECK(used <= n);
    (void)cpio_finish(&c);
    return 0;
}
