/* newc cpio archives, parsed as a stream. Freestanding; also built on the host for its tests. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPIO_NAME_MAX 4096

struct cpio_entry {
    uint32_t ino, mode, uid, gid, nlink, mtime, size, major, minor, rmajor, rminor;
    const char *name; /* terminated */
};

/* Each returns 0 or a negative errno, which stops the parser. data may be called many times; end
 * once per entry. */
struct cpio_sink {
    int (*begin)(void *arg, const struct cpio_entry *e);
    int (*data)(void *arg, const uint8_t *bytes, size_t n);
    int (*end)(void *arg, const struct cpio_entry *e);
    void *arg;
};

struct cpio {
    struct cpio_sink sink;
    enum { CPIO_IDLE, CPIO_HEADER, CPIO_NAME, CPIO_DATA, CPIO_PAD } state;
    unsigned have, pad, namesize;
    uint32_t left;
    struct cpio_entry entry;
    const char *why;
    bool done; /* a trailer was read */
    char head[112];
    char name[CPIO_NAME_MAX + 8];
};

void cpio_init(struct cpio *c, const struct cpio_sink *sink);
/* Takes bytes; returns how many were used (all of them, or up to the end of an archive: c->done),
 * or a negative errno: -EINVAL with c->why set for a corrupt archive, else what the sink returned.
 * Zero bytes between archives are skipped. */
ptrdiff_t cpio_feed(struct cpio *c, const uint8_t *p, size_t n);
/* At the end of all input: 0, or -EINVAL: in the middle of an entry. */
int cpio_finish(struct cpio *c);
