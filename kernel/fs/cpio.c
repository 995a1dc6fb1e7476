/* newc cpio archives: 110 bytes of hexadecimal header, the name, the data, each padded to four
 * bytes (cpio(5)). Owns the parser's state; never keeps a pointer into what it was fed. */
#include "kernel/fs/cpio.h"
#include "kernel/lib/errno.h"

#define HEADER_BYTES 110u

void cpio_init(struct cpio *c, const struct cpio_sink *sink)
{
    c->sink = *sink;
    c->state = CPIO_IDLE;
    c->why = "";
    c->done = false;
}

static int corrupt(struct cpio *c, const char *why)
{
    c->why = why;
    return -EINVAL;
}

static int hex8(const char *p, uint32_t *out)
{
    uint32_t v = 0;

    for (int i = 0; i < 8; i++) {
        char ch = p[i];
        unsigned digit;

        if (ch >= '0' && ch <= '9')
            digit = ch - '0';
        else if ((ch | 32) >= 'a' && (ch | 32) <= 'f')
            digit = (ch | 32) - 'a' + 10;
        else
            return -EINVAL;
        v = v << 4 | digit;
    }
    *out = v;
    return 0;
}

static int parse_header(struct cpio *c)
{
    struct cpio_entry *e = &c->entry;
    uint32_t f[13];

    if (__builtin_memcmp(c->head, "070701", 6) && __builtin_memcmp(c->head, "070702", 6))
        return corrupt(c, "no newc magic");
    for (int i = 0; i < 13; i++)
        if (hex8(c->head + 6 + 8 * i, &f[i]))
            return corrupt(c, "header is not hexadecimal");
    *e = (struct cpio_entry){f[0], f[1], f[2], f[3], f[4],  f[5],
                             f[6], f[7], f[8], f[9], f[10], c->name};
    c->namesize = f[11];
    if (!c->namesize || c->namesize > CPIO_NAME_MAX)
        return corrupt(c, "bad length of a name");
    return 0;
}

/* Collects up to `want` bytes at dst; bytes used. */
static size_t collect(struct cpio *c, char *dst, unsigned want, const uint8_t *p, size_t n)
{
    size_t take = want - c->have < n ? want - c->have : n;

    __builtin_memcpy(dst + c->have, p, take);
    c->have += take;
    return take;
}

static unsigned name_bytes(const struct cpio *c)
{
    return ((HEADER_BYTES + c->namesize + 3) & ~3u) - HEADER_BYTES;
}

static int end_entry(struct cpio *c)
{
    int err = c->sink.end(c->sink.arg, &c->entry);

    c->pad = -c->entry.size & 3;
    c->state = c->pad ? CPIO_PAD : CPIO_IDLE;
    return err;
}

static int begin_entry(struct cpio *c)
{
    int err;

    if (c->name[c->namesize - 1])
        return corrupt(c, "name without its end");
    if (!__builtin_strcmp(c->name, "TRAILER!!!")) {
        c->state = CPIO_IDLE;
        c->done = true;
        return 0;
    }
    c->left = c->entry.size;
    err = c->sink.begin(c->sink.arg, &c->entry);
    if (err)
        return err;
    if (!c->left)
        return end_entry(c);
    c->state = CPIO_DATA;
    return 0;
}

static int idle(struct cpio *c, const uint8_t *p)
{
    if (!*p)
        return 0;
    c->done = false;
    c->state = CPIO_HEADER;
    c->have = 0;
    return 1;
}

/* One step; *used bytes were taken. */
static int step(struct cpio *c, const uint8_t *p, size_t n, size_t *used)
{
    size_t take;
    int err;

    switch (c->state) {
    case CPIO_IDLE:
        *used = !idle(c, p);
        return 0;
    case CPIO_HEADER:
        *used = collect(c, c->head, HEADER_BYTES, p, n);
        if (c->have < HEADER_BYTES)
            return 0;
        c->state = CPIO_NAME;
        c->have = 0;
        return parse_header(c);
    case CPIO_NAME:
        *used = collect(c, c->name, name_bytes(c), p, n);
        return c->have < name_bytes(c) ? 0 : begin_entry(c);
    case CPIO_DATA:
        take = c->left < n ? c->left : n;
        err = c->sink.data(c->sink.arg, p, take);
        *used = take;
        c->left -= take;
        return err || c->left ? err : end_entry(c);
    default:
        take = c->pad < n ? c->pad : n;
        *used = take;
        c->pad -= take;
        if (!c->pad)
            c->state = CPIO_IDLE;
        return 0;
    }
}

ptrdiff_t cpio_feed(struct cpio *c, const uint8_t *p, size_t n)
{
    size_t at = 0;

    c->done = false;
    while (at < n && !c->done) {
        size_t used = 0;
        int err = step(c, p + at, n - at, &used);

        if (err)
            return err;
        at += used;
    }
    return at;
}

int cpio_finish(struct cpio *c)
{
    return c->state == CPIO_IDLE || c->state == CPIO_PAD ? 0 : corrupt(c, "truncated");
}
