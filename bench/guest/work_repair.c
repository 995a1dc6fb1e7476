/*
 * repair: as many processes as there are CPUs compute on the first CPU and are then allowed on all: how long until
 * every CPU has run one of them? p50_ns, max_ns over the iterations; one iteration is one such burst.
 */
#include <string.h>

#include "bench/guest/crew.h"
#include "bench/guest/latency.h"
#include "bench/guest/sched_calls.h"

#define CPUS_MAX  256
#define POLL_NS   1000000u
#define GIVE_UP   10000000000u
#define CALM_NS   20000000u

struct board {
    struct latency took;
    struct {
        _Alignas(64) volatile uint64_t at_ns; /* a process ran here first; 0: none yet */
    } seen[CPUS_MAX];
};

static void hog(struct crew *c, int me, void *arg)
{
    struct board *d = arg;
    (void)me;
    crew_ready(c);
    while (!crew_stopped(c)) {
        int cpu = sched_this_cpu();
        if (!d->seen[cpu].at_ns) {
            d->seen[cpu].at_ns = bench_now_ns();
        }
        bench_pad(5001);
    }
}

static void allow_all(struct crew *c, int cpu)
{
    for (int i = 0; i < c->n; i++) {
        sched_allow(c->b, c->pid[i], cpu);
    }
}

/* When the last CPU had its first process, 0 while one has none. */
static uint64_t filled(const struct board *d, int cpus)
{
    uint64_t last = 0;
    for (int i = 0; i < cpus; i++) {
        if (!d->seen[i].at_ns) {
            return 0;
        }
        last = d->seen[i].at_ns > last ? d->seen[i].at_ns : last;
    }
    return last;
}

static uint64_t burst(struct bench *b, struct crew *c, struct board *d)
{
    uint64_t last, now = bench_now_ns();
    allow_all(c, 0);
    sched_sleep_until(b, now + CALM_NS);
    memset(d->seen, 0, sizeof d->seen);
    allow_all(c, -1);
    uint64_t begin = now = bench_now_ns();
    while (!(last = filled(d, c->n))) {
        sched_sleep_until(b, now += POLL_NS);
        bench_check(b, now - begin < GIVE_UP, "a CPU stayed idle for 10 s beside %d that could run", c->n);
    }
    return last > begin ? last - begin : 1;
}

void workload_run(struct bench *b)
{
    struct crew c;
    int cpus = sched_cpus();
    bench_check(b, cpus > 1 && cpus <= CPUS_MAX, "wants 2 to %d CPUs", CPUS_MAX);
    struct board *d = bench_shared(b, sizeof *d);
    latency_open(&d->took, b, 1, b->iters);
    sched_exact_timers(b);
    sched_allow(b, 0, 0);
    crew_start(&c, b, cpus, hog, d);
    sched_become(b, POLICY_FIFO, 50);
    bench_begin(b);
    crew_go(&c);
    for (long i = 0; i < b->iters; i++) {
        latency_note(&d->took, 0, i, burst(b, &c, d));
    }
    bench_end(b, (uint64_t)b->iters);
    crew_stop(&c);
    crew_reap(&c);
    latency_report(&d->took, b);
}
