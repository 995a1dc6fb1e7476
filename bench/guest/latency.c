/* latency.c: sorts and reads off. A percentile wants 95 % certainty that a sample lies above it: so many samples (stats_samples_for). */
#include "bench/guest/latency.h"

#include <stdlib.h>

void latency_open(struct latency *l, struct bench *b, long members, long each)
{
    *l = (struct latency){bench_shared(b, (size_t)(members * each) * sizeof(uint32_t) + 1), members, each};
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void latency_report(struct latency *l, struct bench *b)
{
    static const struct {
        const char *name;
        long per_mille, samples;
    } want[] = {{"p50_ns", 500, 5}, {"p99_ns", 990, 299}, {"p999_ns", 999, 2995}, {"max_ns", 1000, 1}};
    long n = l->members * l->each;
    qsort(l->ns, (size_t)n, sizeof *l->ns, by_size);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        if (n >= want[i].samples) {
            bench_value(b, want[i].name, l->ns[(n * want[i].per_mille + 999) / 1000 - 1]);
        }
    }
}
