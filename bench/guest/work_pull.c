/*
 * pull: how long a real-time task that may run on CPUs 0 and 1 waits, once CPU 1 becomes free for it, while it stands in the queue of CPU 0
 * behind a more important one. Each period: the blocker (FIFO 50) computes on CPU 0 until the waiter has run; the giver (FIFO 60) moves the
 * waiter (FIFO 40) to CPU 0, lets it go to both again, computes a while on CPU 1, notes the time and sleeps. The waiter notes how much later it ran.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/crew.h"
#include "bench/guest/latency.h"
#include "bench/guest/sched_calls.h"

#define PERIOD_NS 6000000u /* longer than a tick of either kernel: none is missed by one that looks only then */
#define START_NS  200000u  /* the blocker runs by then */

enum { BLOCKER, WAITER, GIVER, ROLES };

struct plan {
    struct latency late;
    _Alignas(64) atomic_long given;   /* how often CPU 1 was given up */
    _Alignas(64) atomic_long taken;   /* how often the waiter ran after that */
    _Alignas(64) uint64_t given_ns[]; /* when, one an iteration, so that a wait longer than a period is kept; written before `given` */
};

static void blocker(struct crew *c, struct plan *p)
{
    sched_allow(c->b, 0, 0);
    sched_become(c->b, POLICY_FIFO, 50);
    crew_ready(c);
    uint64_t at = c->gate->start_ns + PERIOD_NS;
    for (long i = 0; i < c->b->iters; i++, at += PERIOD_NS) {
        sched_sleep_until(c->b, at);
        while (atomic_load(&p->taken) <= i) {
            bench_pad(101);
        }
    }
}

static void waiter(struct crew *c, struct plan *p)
{
    sched_become(c->b, POLICY_FIFO, 40);
    crew_ready(c);
    for (long i = 0; i < c->b->iters; i++) {
        while (atomic_load(&p->given) <= i) {
            bench_pad(11);
        }
        latency_note(&p->late, 0, i, bench_now_ns() - p->given_ns[i]);
        atomic_store(&p->taken, i + 1);
    }
}

static void allow(struct bench *b, int pid, unsigned long mask)
{
    if (syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask) < 0) {
        bench_call_failed(b, "sched_setaffinity");
    }
}

static void giver(struct crew *c, struct plan *p)
{
    sched_allow(c->b, 0, 1);
    sched_become(c->b, POLICY_FIFO, 60);
    crew_ready(c);
    uint64_t at = c->gate->start_ns + PERIOD_NS + START_NS;
    for (long i = 0; i < c->b->iters; i++, at += PERIOD_NS) {
        sched_sleep_until(c->b, at);
        allow(c->b, c->pid[WAITER], 1);
        allow(c->b, c->pid[WAITER], 3);
        bench_pad(50001);
        p->given_ns[i] = bench_now_ns();
        atomic_store(&p->given, i + 1);
    }
    sched_sleep_until(c->b, at);
}

static void role(struct crew *c, int me, void *arg)
{
    static void (*const body[ROLES])(struct crew *, struct plan *) = {blocker, waiter, giver};
    body[me](c, arg);
}

void workload_run(struct bench *b)
{
    struct crew c;
    struct plan *p = bench_shared(b, sizeof *p + (size_t)b->iters * sizeof *p->given_ns);
    bench_check(b, sched_cpus() > 1, "one CPU only");
    latency_open(&p->late, b, 1, b->iters);
    sched_exact_timers(b);
    crew_start(&c, b, ROLES, role, p);
    bench_begin(b);
    crew_go(&c);
    crew_reap(&c);
    bench_end(b, (uint64_t)b->iters);
    bench_check(b, atomic_load(&p->taken) == b->iters, "the waiter ran %ld times, not %ld", atomic_load(&p->taken), b->iters);
    latency_report(&p->late, b);
}
