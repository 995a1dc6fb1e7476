/* yield: two processes on one CPU, each yields once per iteration: there and back. */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/bench.h"

/* Each party writes its own line; who ran last tells whether a yield switched. */
struct board {
    _Alignas(64) volatile int last;
    _Alignas(64) volatile long turns[2];
    _Alignas(64) volatile int ready;
};

static void yield(void)
{
    long ret;
    __asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_sched_yield) : "rcx", "r11", "memory");
}

static void party(struct board *d, int me, long iters)
{
    long turns = 0;
    for (long i = 0; i < iters; i++) {
        turns += d->last != me;
        d->last = me;
        yield();
    }
    d->turns[me] = turns;
}

void workload_run(struct bench *b)
{
    struct board *d = bench_shared(b, sizeof *d);
    bench_pin(b, b->cpu[0]);
    int pid = bench_fork(b);
    if (pid == 0) {
        d->ready = 1;
        party(d, 1, b->iters);
        _exit(0);
    }
    while (!d->ready) {
        yield();
    }
    bench_begin(b);
    party(d, 0, b->iters);
    bench_end(b, 2 * (uint64_t)b->iters);
    bench_reap(b, pid, 0);

    long turns = d->turns[0] + d->turns[1];
    bench_check(b, turns >= 2 * b->iters * 9 / 10, "only %ld of %ld yields switched", turns, 2 * b->iters);
    bench_check_switches(b, b->iters * 9 / 10);
}
