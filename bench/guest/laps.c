/* laps.c: room for the timings and their text. The histogram's buckets are perf/stats/hdr_histogram.h's. */
#include "bench/guest/laps.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SUB_BITS 11
#define HALF     (1u << (SUB_BITS - 1))
#define BUCKETS  ((32 - SUB_BITS + 2) << (SUB_BITS - 1))
#define BEYOND   (1ull << 40) /* the host's histogram has no bucket for it: a lap that was cut (UINT32_MAX), how long it was is not known */

static void *make_room(size_t bytes, int sharing)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED) {
        memset(p, 1, bytes);
    }
    return p;
}

int laps_prepare(struct laps *l, long n)
{
    size_t bytes = (size_t)(n + 1) * sizeof *l->tick;
    void *p = make_room(bytes, MAP_PRIVATE);
    if (p == MAP_FAILED) {
        return -1;
    }
    madvise(p, bytes, MADV_DONTFORK); /* only spares time: a kernel without it is still right */
    l->tick = p;
    return 0;
}

int laps_share(struct laps *l, long n)
{
    size_t bytes = (size_t)(n + 1) * sizeof *l->tick;
    void *p = l->tick ? make_room(bytes, MAP_SHARED) : NULL;
    if (p == MAP_FAILED) {
        return -1;
    }
    if (l->tick) {
        munmap(l->tick, bytes);
    }
    l->tick = p;
    return 0;
}

static unsigned bucket_of(uint32_t v)
{
    unsigned bits = 32 - (unsigned)__builtin_clz(v | 1);
    unsigned shift = bits > SUB_BITS ? bits - SUB_BITS : 0;
    return shift * HALF + (v >> shift);
}

struct text {
    char *s;
    size_t len, cap;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    if (t->cap - t->len < 64) {
        t->cap = 2 * t->cap + 4096;
        t->s = realloc(t->s, t->cap);
        if (!t->s) {
            _Exit(1); /* no record: the host calls the run failed */
        }
    }
    va_start(ap, fmt);
    t->len += (size_t)vsnprintf(t->s + t->len, t->cap - t->len, fmt, ap);
    va_end(ap);
}

static void add_slices(struct text *t, const struct laps *l)
{
    for (long i = 0, at = 0; i < LAP_SLICES; i++) {
        unsigned long long sum = 0;
        for (; at < l->count * (i + 1) / LAP_SLICES; at++) {
            sum += l->tick[at];
        }
        add(t, "%s%llu", i ? "," : "", sum);
    }
}

static void add_histogram(struct text *t, const struct laps *l)
{
    uint64_t least = BEYOND, most = 0;
    long cut = 0;
    unsigned last = 0;
    uint32_t *n = calloc(BUCKETS, sizeof *n);
    if (!n) {
        _Exit(1);
    }
    for (long i = 0; i < l->count; i++) {
        uint64_t v = l->tick[i] < UINT32_MAX ? l->tick[i] : BEYOND;
        least = v < least ? v : least;
        most = v > most ? v : most;
        if (v < BEYOND) {
            n[bucket_of((uint32_t)v)]++;
        } else {
            cut++;
        }
    }
    add(t, "%llu %llu %ld", l->count ? (unsigned long long)least : 0, (unsigned long long)most, cut);
    for (unsigned b = 0; b < BUCKETS; b++) {
        if (n[b]) {
            add(t, n[b] > 1 ? " %u:%u" : " %u", b - last, n[b]);
            last = b;
        }
    }
    free(n);
}

/* What one reading costs: the mean distance of a thousand. */
static uint64_t timer_ticks(void)
{
    uint64_t begin = lap_clock(), end = begin;
    for (int i = 0; i < 1000; i++) {
        end = lap_clock();
    }
    return (end - begin) / 1000;
}

char *laps_json(const struct laps *l)
{
    struct text t = {0};
    add(&t, "{\"timer\":%llu,", (unsigned long long)timer_ticks());
    if (l->ops) {
        add(&t, "\"ops\":%ld,", l->ops);
    }
    add(&t, "\"slices\":[");
    add_slices(&t, l);
    add(&t, "],\"hist\":\"");
    add_histogram(&t, l);
    add(&t, "\"}");
    return t.s;
}
