/*
 * storm/N: N processes on one CPU, all runnable all the time, each yields once an iteration: the cost of a switch
 * among N.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/crew.h"
#include "bench/guest/sched_calls.h"

struct board {
    _Alignas(64) volatile int last;
    _Alignas(64) atomic_long turns;
    _Alignas(64) atomic_int left; /* members that still yield */
};

static void yielder(struct crew *c, int me, void *arg)
{
    struct board *d = arg;
    long turns = 0;
    crew_ready(c);
    BENCH_PAD_LOOP(c->b, c->b->iters, i, {
        turns += d->last != me;
        d->last = me;
        syscall(SYS_sched_yield);
    });
    atomic_fetch_add(&d->turns, turns);
    if (atomic_fetch_sub(&d->left, 1) == 1) {
        crew_wake(c->b, &d->left, 1);
    }
}

void workload_run(struct bench *b)
{
    struct crew c;
    struct board *d = bench_shared(b, sizeof *d);
    int n = atoi(b->variant);
    bench_check(b, n > 1 && n <= 16384, "bad number of processes %s", b->variant);
    d->last = -1;
    atomic_store(&d->left, n);
    sched_allow(b, 0, b->cpu[0]);
    crew_start(&c, b, n, yielder, d);
    bench_begin(b);
    crew_go(&c);
    for (int left; (left = atomic_load(&d->left)) > 0;) {
        crew_wait(b, &d->left, left);
    }
    bench_end(b, (uint64_t)b->iters * (uint64_t)n); /* their ends are not in the window */
    crew_reap(&c);
    b->pad.taken = 1; /* by each of them */
    long all = n * b->iters;
    bench_check(b, atomic_load(&d->turns) >= all * 9 / 10, "only %ld of %ld yields switched",
                atomic_load(&d->turns), all);
}
