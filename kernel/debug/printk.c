/* The kernel log: a lock-free ring of lines with many writers (NMI included) and any number of
 * readers.
 *
 * Writers reserve bytes by fetch_add on `head`, fill text and header, and publish the header by
 * storing its own position last (release). A reader takes a line only when the header names that
 * position before and after the copy: a line that is not finished yet, or overwritten meanwhile, is
 * seen as such. Headers are 16-byte aligned and hold their position, so a reader that was overtaken
 * finds the next line by scanning. The console is one reader. Whoever takes `console_busy` prints
 * for all; the others return at once, so no lock is held over slow output. Must never sleep,
 * allocate or wait for another CPU. */
#include "kernel/debug/printk.h"
#include "kernel/dev/uart.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/param.h"
#include "kernel/lib/preempt.h"
#include "kernel/lib/string.h"
#include "kernel/time/ktime.h"
#include "lockfree/atomic.h"

struct line_header {
    u64 pos; /* of this header in the stream; written last */
    u16 len;
    u16 level;
    u32 unused;
    s64 time_ns;
    u64 pad;
};
#define SLOT 32 /* sizeof(struct line_header): headers never wrap */
_Static_assert(sizeof(struct line_header) == SLOT, "headers fill one slot");

int console_loglevel = 7;
static char ring[LOG_RING_BYTES] __aligned(SLOT);
/* Position 0 would match a zeroed ring. */
static u64 head = LOG_RING_BYTES;
static struct log_cursor console_cursor = {LOG_RING_BYTES};
static u32 console_busy;

static struct line_header *header_at(u64 pos)
{
    return (struct line_header *)&ring[pos % LOG_RING_BYTES];
}

/* The slot after the header may be the first of the ring. */
static void copy_in(u64 pos, const char *text, size_t n)
{
    size_t at = pos % LOG_RING_BYTES, first = min(n, LOG_RING_BYTES - at);

    memcpy(ring + at, text, first);
    memcpy(ring, text + first, n - first);
}

static void copy_out(u64 pos, char *text, size_t n)
{
    size_t at = pos % LOG_RING_BYTES, first = min(n, LOG_RING_BYTES - at);

    memcpy(text, ring + at, first);
    memcpy(text + first, ring, n - first);
}

static void log_store(int level, const char *text, size_t n)
{
    u64 pos = atomic_fetch_add_relaxed(&head, SLOT + ALIGN_UP(n, SLOT));
    struct line_header *h = header_at(pos);

    atomic_store_relaxed(&h->pos, 0);
    atomic_fence_release();
    h->len = (u16)n;
    h->level = (u16)level;
    h->time_ns = ktime_get_ns();
    copy_in(pos + SLOT, text, n);
    atomic_store_release(&h->pos, pos); /* pairs with the acquire in log_read_at */
}

u64 log_head(void)
{
    return atomic_load_acquire(&head);
}

/* The oldest line that is surely not being overwritten while it is read. */
static u64 log_oldest(u64 now)
{
    u64 pos = now - LOG_RING_BYTES + 4 * LOG_LINE_BYTES;

    if (now < 2 * LOG_RING_BYTES)
        pos = max_t(u64, pos, LOG_RING_BYTES);
    pos = ALIGN_UP(pos, SLOT);
    while (pos < now && atomic_load_acquire(&header_at(pos)->pos) != pos)
        pos += SLOT;
    return pos;
}

static bool log_read_at(u64 pos, struct log_line *out)
{
    struct line_header *h = header_at(pos);

    if (atomic_load_acquire(&h->pos) != pos)
        return false;
    out->len = min_t(u32, h->len, LOG_LINE_BYTES);
    out->level = h->level;
    out->time_ns = h->time_ns;
    copy_out(pos + SLOT, out->text, out->len);
    atomic_fence_acquire();
    return atomic_load_relaxed(&h->pos) == pos && log_head() - pos <= LOG_RING_BYTES;
}

bool log_read(struct log_cursor *c, struct log_line *out)
{
    u64 now = log_head();

    if (c->pos < LOG_RING_BYTES || now - c->pos > LOG_RING_BYTES - 2 * LOG_LINE_BYTES)
        c->pos = log_oldest(now);
    if (c->pos >= now || !log_read_at(c->pos, out))
        return false;
    c->pos += SLOT + ALIGN_UP(out->len, SLOT);
    return true;
}

int log_format(const struct log_line *line, bool with_level, char *buf, size_t size)
{
    u64 us = (u64)line->time_ns / 1000;
    char prefix[8] = "";

    if (with_level)
        snprintf(prefix, sizeof(prefix), "<%d>", line->level);
    return scnprintf(buf, size, "%s[%5lu.%06lu] %.*s\n", prefix, us / 1000000, us % 1000000,
                     (int)line->len, line->text);
}

static void console_drain(void)
{
    static struct log_line line; /* guarded by console_busy */
    static char text[LOG_LINE_BYTES + 40];

    while (log_read(&console_cursor, &line))
        if (line.level < console_loglevel)
            uart_console_write(text, log_format(&line, false, text, sizeof(text)));
}

void console_flush(bool forced)
{
    if (forced) {
        console_drain();
        return;
    }
    preempt_disable();
    /* After giving the console back, look again: a writer that found it busy left its line to us.
     */
    while (atomic_load_relaxed(&console_cursor.pos) != log_head() &&
           !atomic_xchg_full(&console_busy, 1)) {
        u64 seen = console_cursor.pos;

        console_drain();
        atomic_xchg_full(&console_busy, 0);
        if (console_cursor.pos == seen)
            break; /* the next line is still being written: its writer will flush */
    }
    preempt_enable();
}

void printk(int level, const char *fmt, ...)
{
    char text[LOG_LINE_BYTES];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if ((size_t)n >= sizeof(text))
        n = sizeof(text) - 1;
    while (n && text[n - 1] == '\n')
        n--;
    log_store(level, text, n);
    if (preempt_count() < PREEMPT_NMI)
        console_flush(false);
}

static int set_quiet(const char *value)
{
    console_loglevel = 4;
    return 0;
}
KERNEL_PARAM("quiet", set_quiet);

static int set_debug(const char *value)
{
    console_loglevel = 10;
    return 0;
}
KERNEL_PARAM("debug", set_debug);

static int set_loglevel(const char *value)
{
    u64 v = 0;

    if (param_u64(value, &v))
        return -EINVAL;
    console_loglevel = (int)min_t(u64, v, 15);
    return 0;
}
KERNEL_PARAM("loglevel", set_loglevel);
