/*
 * latency.h: latencies that a workload's members note, and their percentiles. Owns the shared memory for
 * them; each member writes its own part, nothing is computed before the window has ended.
 */
#pragma once
#include "bench/guest/bench.h"

struct latency {
    uint32_t *ns; /* members x each; a latency that does not fit is the greatest one, never dropped */
    long members, each;
};

void latency_open(struct latency *l, struct bench *b, long members, long each);
static inline void latency_note(struct latency *l, long member, long i, uint64_t ns)
{
    l->ns[member * l->each + i] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}
/* Gives the values p50_ns, p99_ns, p999_ns and max_ns: the percentiles as far as there are samples for them. */
void latency_report(struct latency *l, struct bench *b);
