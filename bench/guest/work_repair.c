/*
 * repair: as many processes as there are CPUs compute on the first CPU and are then allowed on all: how long until
 * every CPU has run one of them? p50_ns, max_ns over the iterations; one iteration is one such burst.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/crew.h"
#include "bench/guest/latency.h"
#include "bench/guest/sched_calls.h"

#define CPUS_MAX   256
#define FUTEX_WAIT 0
#define GIVE_UP_S  10
#define CALM_NS    20000000u

struct board {
    struct latency took;
    _Alignas(64) atomic_int empty; /* CPUs on which none has run yet */
    struct {
        _Alignas(64) atomic_ullong at_ns; /* a process ran here first; 0: none yet */
    } seen[CPUS_MAX];
};

/* Who fills the last CPU wakes whoever waits: nothing else runs on any CPU meanwhile, whose wake-ups would themselves send tasks away. */
static void was_here(struct crew *c, struct board *d, int cpu)
{
    unsigned long long none = 0;
    if (!atomic_load_explicit(&d->seen[cpu].at_ns, memory_order_relaxed) &&
        atomic_compare_exchange_strong(&d->seen[cpu].at_ns, &none, bench_now_ns()) && atomic_fetch_sub(&d->empty, 1) == 1) {
        crew_wake(c->b, &d->empty, 1);
    }
}

static void hog(struct crew *c, int me, void *arg)
{
    struct board *d = arg;
    (void)me;
    crew_ready(c);
    while (!crew_stopped(c)) {
        was_here(c, d, sched_this_cpu());
        bench_pad(5001);
    }
}

static void allow_all(struct crew *c, int cpu)
{
    for (int i = 0; i < c->n; i++) {
        sched_allow(c->b, c->pid[i], cpu);
    }
}

/* Sleeps until no CPU is empty, and fails after GIVE_UP_S. When the last one had its first process. */
static uint64_t await_all(struct bench *b, struct board *d, int cpus)
{
    struct timespec limit = {GIVE_UP_S, 0};
    uint64_t last = 0;
    for (int empty; (empty = atomic_load(&d->empty)) > 0;) {
        long r = syscall(SYS_futex, &d->empty, FUTEX_WAIT, empty, &limit, NULL, 0);
        bench_check(b, r == 0 || errno != ETIMEDOUT, "a CPU stayed idle for %d s beside %d that could run", GIVE_UP_S, cpus);
    }
    for (int i = 0; i < cpus; i++) {
        uint64_t at = atomic_load(&d->seen[i].at_ns);
        last = at > last ? at : last;
    }
    return last;
}

static uint64_t burst(struct bench *b, struct crew *c, struct board *d)
{
    allow_all(c, 0);
    sched_sleep_until(b, bench_now_ns() + CALM_NS);
    memset(d->seen, 0, sizeof d->seen);
    atomic_store(&d->empty, c->n);
    allow_all(c, -1);
    uint64_t begin = bench_now_ns(), last = await_all(b, d, c->n);
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
