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
}

void workload_run(struct bench *b)
{
    struct crew c;
    struct board *d = bench_shared(b, sizeof *d);
    int n = atoi(b->variant);
    bench_check(b, n > 1 && n <= 16384, "bad number of processes %s", b->variant);
    d->last = -1;
    sched_allow(b, 0, 0);
    crew_start(&c, b, n, yielder, d);
    bench_begin(b);
    crew_go(&c);
    crew_reap(&c);
    bench_end(b, (uint64_t)b->iters * (uint64_t)n);
    b->pad.taken = 1; /* by each of them */
    long all = n * b->iters;
    bench_check(b, atomic_load(&d->turns) >= all * 9 / 10, "only %ld of %ld yields switched",
                atomic_load(&d->turns), all);
}
