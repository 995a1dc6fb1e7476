/* gzip and deflate decoder. Owns nothing: all state is in the caller's work area. Bytes are read
 * through a 64-bit buffer; codes of up to FAST_BITS bits are decoded by one table look-up, longer
 * ones by canonical counting (RFC 1951, 3.2.2). Output goes to a buffer that keeps the last 32 KiB
 * in place for matches; whatever the input says, no read or write leaves these buffers. */
#include "kernel/fs/inflate.h"
#include "kernel/lib/errno.h"
#include <stdbool.h>

#define FAST_BITS     10
#define MAX_BITS      15
#define WINDOW        32768u
#define OUT_SIZE      (128u * 1024)
#define MAX_MATCH     258u
#define PROGRESS_STEP (1u << 20)

struct huffman {
    uint16_t fast[1 << FAST_BITS]; /* symbol << 4 | length, 0: longer or no code */
    uint16_t count[MAX_BITS + 1];
    uint16_t symbol[288];
};

struct inflate {
    const uint8_t *in, *end, *start;
    uint64_t bits;
    unsigned nbits; /* valid bits in `bits` */
    unsigned past;  /* zero bytes invented after the end of the input */
    inflate_sink_t sink;
    void (*progress)(void *arg, size_t used);
    void *arg;
    const char *why;
    size_t told; /* progress reported up to here */
    uint32_t crc, size;
    unsigned pos, flushed; /* in out */
    uint32_t crc_table[4][256];
    struct huffman lit, dist;
    uint8_t lengths[320];
    uint8_t out[OUT_SIZE + MAX_MATCH];
};
_Static_assert(sizeof(struct inflate) <= INFLATE_WORK_BYTES, "the work area is too small");

static int corrupt(struct inflate *s, const char *why)
{
    s->why = why;
    return -EINVAL;
}

/* ---- input ---- */
static inline void refill(struct inflate *s)
{
    if (s->end - s->in >= 8) {
        uint64_t w;

        __builtin_memcpy(&w, s->in, 8);
        s->bits |= w << s->nbits;
        s->in += (63 - s->nbits) >> 3;
        s->nbits |= 56;
        return;
    }
    while (s->nbits <= 56) {
        if (s->in < s->end)
            s->bits |= (uint64_t)*s->in++ << s->nbits;
        else
            s->past++;
        s->nbits += 8;
    }
}

static inline unsigned peek(const struct inflate *s, unsigned n)
{
    return s->bits & ((1u << n) - 1);
}

static inline void drop(struct inflate *s, unsigned n)
{
    s->bits >>= n;
    s->nbits -= n;
}

/* n <= 16, after refill. */
static inline unsigned take(struct inflate *s, unsigned n)
{
    unsigned v = peek(s, n);

    drop(s, n);
    return v;
}

static unsigned take_fresh(struct inflate *s, unsigned n)
{
    refill(s);
    return take(s, n);
}

/* Bits used that were never in the input. */
static bool truncated(const struct inflate *s)
{
    return s->past * 8 > s->nbits;
}

/* Gives whole unread bytes back; `in` then stands at the next byte. */
static int align_input(struct inflate *s)
{
    unsigned bytes;

    drop(s, s->nbits & 7);
    bytes = s->nbits / 8;
    if (truncated(s))
        return corrupt(s, "truncated");
    s->in -= bytes - s->past;
    s->bits = 0;
    s->nbits = s->past = 0;
    return 0;
}

/* ---- output ---- */
static void make_crc_table(struct inflate *s)
{
    for (unsigned i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        s->crc_table[0][i] = c;
    }
    for (unsigned i = 0; i < 256; i++)
        for (int t = 1; t < 4; t++)
            s->crc_table[t][i] =
                s->crc_table[t - 1][i] >> 8 ^ s->crc_table[0][s->crc_table[t - 1][i] & 0xff];
}

static void update_crc(struct inflate *s, const uint8_t *p, size_t n)
{
    uint32_t c = ~s->crc;

    for (; n >= 4; n -= 4, p += 4) {
        uint32_t w;

        __builtin_memcpy(&w, p, 4);
        c ^= w;
        c = s->crc_table[3][c & 0xff] ^ s->crc_table[2][c >> 8 & 0xff] ^
            s->crc_table[1][c >> 16 & 0xff] ^ s->crc_table[0][c >> 24];
    }
    while (n--)
        c = s->crc_table[0][(c ^ *p++) & 0xff] ^ c >> 8;
    s->crc = ~c;
}

/* Hands over what is new and keeps one window. */
static int flush(struct inflate *s)
{
    unsigned n = s->pos - s->flushed;
    int err;

    if (n) {
        update_crc(s, s->out + s->flushed, n);
        s->size += n;
        err = s->sink(s->arg, s->out + s->flushed, n);
        if (err)
            return err;
    }
    if (s->pos > WINDOW) {
        __builtin_memmove(s->out, s->out + s->pos - WINDOW, WINDOW);
        s->pos = WINDOW;
    }
    s->flushed = s->pos;
    if (s->progress && (size_t)(s->in - s->start) >= s->told + PROGRESS_STEP + 64) {
        s->told = s->in - s->start - 64;
        s->progress(s->arg, s->told);
    }
    return 0;
}

static void copy_match(struct inflate *s, unsigned len, unsigned dist)
{
    uint8_t *to = s->out + s->pos;
    const uint8_t *from = to - dist;

    s->pos += len;
    if (dist >= len) {
        __builtin_memcpy(to, from, len);
        return;
    }
    if (dist == 1) {
        __builtin_memset(to, *from, len);
        return;
    }
    while (len--)
        *to++ = *from++;
}

/* ---- codes ---- */
static unsigned reverse(unsigned code, unsigned len)
{
    unsigned r = 0;

    while (len--) {
        r = r << 1 | (code & 1);
        code >>= 1;
    }
    return r;
}

/* 0: complete, > 0: incomplete by so much, < 0: over-subscribed. */
static int build(struct huffman *h, const uint8_t *lengths, unsigned n)
{
    uint16_t offset[MAX_BITS + 2] = {0}, next[MAX_BITS + 2] = {0};
    int left = 1;

    __builtin_memset(h->count, 0, sizeof(h->count));
    __builtin_memset(h->fast, 0, sizeof(h->fast));
    for (unsigned i = 0; i < n; i++)
        h->count[lengths[i]]++;
    h->count[0] = 0;
    for (unsigned len = 1; len <= MAX_BITS; len++) {
        left = (left << 1) - h->count[len];
        if (left < 0)
            return left;
        offset[len + 1] = offset[len] + h->count[len];
        next[len + 1] = (next[len] + h->count[len]) << 1;
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned len = lengths[i];

        if (!len)
            continue;
        h->symbol[offset[len]++] = i;
        if (len <= FAST_BITS) {
            unsigned code = reverse(next[len]++, len);

            for (; code < 1u << FAST_BITS; code += 1u << len)
                h->fast[code] = i << 4 | len;
        }
    }
    return left;
}

static int decode_long(struct inflate *s, const struct huffman *h)
{
    int code = 0, first = 0, index = 0;

    for (unsigned len = 1; len <= MAX_BITS; len++) {
        int count = h->count[len];

        code |= s->bits >> (len - 1) & 1;
        if (code - count < first) {
            drop(s, len);
            return h->symbol[index + (code - first)];
        }
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return -1;
}

/* At least MAX_BITS bits are in the buffer. -1: no such code. */
static inline int decode(struct inflate *s, const struct huffman *h)
{
    unsigned e = h->fast[peek(s, FAST_BITS)];

    if (__builtin_expect(e != 0, 1)) {
        drop(s, e & 15);
        return e >> 4;
    }
    return decode_long(s, h);
}

/* ---- blocks ---- */
static const uint16_t len_base[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                      15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                      67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t len_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                      2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t dist_base[30] = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t dist_extra[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                       6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static int one_match(struct inflate *s, int sym)
{
    unsigned len, dist;

    sym -= 257;
    if (sym >= 29)
        return corrupt(s, "bad length code");
    len = len_base[sym] + take(s, len_extra[sym]);
    sym = decode(s, &s->dist);
    if (sym < 0 || sym >= 30)
        return corrupt(s, "bad distance code");
    dist = dist_base[sym] + take(s, dist_extra[sym]);
    if (dist > s->pos)
        return corrupt(s, "distance before the beginning");
    copy_match(s, len, dist);
    return 0;
}

/* A refill gives 56 bits: 15 + 5 for the length, 15 + 13 for the distance. */
static int coded_block(struct inflate *s)
{
    for (;;) {
        int sym, err;

        refill(s);
        sym = decode(s, &s->lit);
        if (sym < 256) {
            if (sym < 0)
                return corrupt(s, "bad code");
            s->out[s->pos++] = sym;
        } else if (sym == 256) {
            return truncated(s) ? corrupt(s, "truncated") : 0;
        } else {
            err = one_match(s, sym);
            if (err)
                return err;
        }
        if (__builtin_expect(s->pos >= OUT_SIZE, 0)) {
            if (truncated(s))
                return corrupt(s, "truncated");
            err = flush(s);
            if (err)
                return err;
        }
        if (__builtin_expect(s->past > 16, 0))
            return corrupt(s, "truncated");
    }
}

static int stored_block(struct inflate *s)
{
    unsigned len, nlen;
    int err = align_input(s);

    if (err)
        return err;
    if (s->end - s->in < 4)
        return corrupt(s, "truncated");
    len = s->in[0] | s->in[1] << 8;
    nlen = s->in[2] | s->in[3] << 8;
    s->in += 4;
    if (len != (~nlen & 0xffff))
        return corrupt(s, "bad length of a stored block");
    if (s->end - s->in < (ptrdiff_t)len)
        return corrupt(s, "truncated");
    while (len) {
        unsigned room = OUT_SIZE - s->pos, n = len < room ? len : room;

        __builtin_memcpy(s->out + s->pos, s->in, n);
        s->in += n;
        s->pos += n;
        len -= n;
        if (s->pos >= OUT_SIZE) {
            err = flush(s);
            if (err)
                return err;
        }
    }
    return 0;
}

static int fixed_codes(struct inflate *s)
{
    unsigned i = 0;

    for (; i < 144; i++)
        s->lengths[i] = 8;
    for (; i < 256; i++)
        s->lengths[i] = 9;
    for (; i < 280; i++)
        s->lengths[i] = 7;
    for (; i < 288; i++)
        s->lengths[i] = 8;
    build(&s->lit, s->lengths, 288);
    for (i = 0; i < 30; i++)
        s->lengths[i] = 5;
    build(&s->dist, s->lengths, 30);
    return 0;
}

/* The run-length coded list of code lengths. */
static int read_lengths(struct inflate *s, unsigned total)
{
    unsigned i = 0;

    while (i < total) {
        int sym;
        unsigned n;
        uint8_t value = 0;

        refill(s);
        sym = decode(s, &s->lit);
        if (sym < 0)
            return corrupt(s, "bad code of a length");
        if (sym < 16) {
            s->lengths[i++] = sym;
            continue;
        }
        if (sym == 16) {
            if (!i)
                return corrupt(s, "repeated length without a first");
            value = s->lengths[i - 1];
            n = 3 + take(s, 2);
        } else {
            n = sym == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
        }
        if (i + n > total)
            return corrupt(s, "too many lengths");
        while (n--)
            s->lengths[i++] = value;
    }
    return truncated(s) ? corrupt(s, "truncated") : 0;
}

static int dynamic_codes(struct inflate *s)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    unsigned nlit, ndist, ncode;
    int err;

    nlit = take_fresh(s, 5) + 257;
    ndist = take(s, 5) + 1;
    ncode = take(s, 4) + 4;
    if (nlit > 286 || ndist > 30)
        return corrupt(s, "bad code counts");
    __builtin_memset(s->lengths, 0, 19);
    for (unsigned i = 0; i < ncode; i++)
        s->lengths[order[i]] = take_fresh(s, 3);
    if (build(&s->lit, s->lengths, 19))
        return corrupt(s, "incomplete code of lengths");
    err = read_lengths(s, nlit + ndist);
    if (err)
        return err;
    if (!s->lengths[256])
        return corrupt(s, "no end of block");
    /* Codes that an incomplete set leaves unused are found when they are met. */
    if (build(&s->dist, s->lengths + nlit, ndist) < 0 || build(&s->lit, s->lengths, nlit) < 0)
        return corrupt(s, "bad codes");
    return 0;
}

static int inflate_blocks(struct inflate *s)
{
    bool last;

    do {
        unsigned head = take_fresh(s, 3);
        int err;

        last = head & 1;
        switch (head >> 1) {
        case 0:
            err = stored_block(s);
            break;
        case 1:
            err = fixed_codes(s);
            break;
        case 2:
            err = dynamic_codes(s);
            break;
        default:
            err = corrupt(s, "bad block type");
            break;
        }
        if (!err && head >> 1)
            err = coded_block(s);
        if (err)
            return err;
    } while (!last);
    return align_input(s);
}

/* ---- gzip ---- */
static int skip_string(struct inflate *s)
{
    while (s->in < s->end)
        if (!*s->in++)
            return 0;
    return corrupt(s, "truncated header");
}

static int gzip_header(struct inflate *s)
{
    unsigned flags;
    int err = 0;

    if (s->end - s->in < 10)
        return corrupt(s, "truncated header");
    if (s->in[0] != 0x1f || s->in[1] != 0x8b || s->in[2] != 8)
        return corrupt(s, "not gzip");
    flags = s->in[3];
    s->in += 10;
    if (flags & 0xe0)
        return corrupt(s, "unknown header flags");
    if (flags & 4) {
        size_t n;

        if (s->end - s->in < 2)
            return corrupt(s, "truncated header");
        n = s->in[0] | s->in[1] << 8;
        if ((size_t)(s->end - s->in) < n + 2)
            return corrupt(s, "truncated header");
        s->in += n + 2;
    }
    if (flags & 8)
        err = skip_string(s);
    if (!err && flags & 16)
        err = skip_string(s);
    if (!err && flags & 2) {
        if (s->end - s->in < 2)
            return corrupt(s, "truncated header");
        s->in += 2;
    }
    return err;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int gzip_trailer(struct inflate *s)
{
    if (s->end - s->in < 8)
        return corrupt(s, "truncated");
    if (le32(s->in) != s->crc)
        return corrupt(s, "wrong checksum");
    if (le32(s->in + 4) != s->size)
        return corrupt(s, "wrong length");
    s->in += 8;
    return 0;
}

int gunzip_member(void *work, const uint8_t *in, size_t n, size_t *used, inflate_sink_t sink,
                  void (*progress)(void *arg, size_t used), void *arg, const char **why)
{
    struct inflate *s = work;
    int err;

    s->in = s->start = in;
    s->end = in + n;
    s->bits = 0;
    s->nbits = s->past = 0;
    s->sink = sink;
    s->progress = progress;
    s->arg = arg;
    s->why = "";
    s->told = 0;
    s->crc = s->size = 0;
    s->pos = s->flushed = 0;
    make_crc_table(s);
    err = gzip_header(s);
    if (!err)
        err = inflate_blocks(s);
    if (!err)
        err = flush(s);
    if (!err)
        err = gzip_trailer(s);
    *used = s->in - in;
    *why = s->why;
    return err;
}
