/* yield[/fifo]: two processes on one CPU, each yields once per iteration: there and back. Beside a hog a yield would give it a slice. */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/bench.h"
#include "bench/guest/beside.h"

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

/* Party 0 counts, times and pads the iterations: its lap is from one turn to the next. */
static void party(struct bench *b, struct beside *others, struct board *d, int me)
{
    long turns = 0;
    BESIDE_LOOP(others, b, i, {
        turns += d->last != me;
        d->last = me;
        yield();
    });
    d->turns[me] = turns;
}

static void partner(struct bench *b, struct board *d)
{
    struct beside nobody = {.who = BESIDE_NOBODY};
    b->laps.tick = NULL;
    b->pad = (struct pad){0};
    party(b, &nobody, d, 1);
}

void workload_run(struct bench *b)
{
    struct beside others;
    beside_start(&others, b);
    struct board *d = bench_shared(b, sizeof *d);
    bench_pin(b, b->cpu[0]);
    int pid = bench_fork(b);
    if (pid == 0) {
        d->ready = 1;
        partner(b, d);
        _exit(0);
    }
    while (!d->ready) {
        yield();
    }
    beside_go(&others);
    bench_begin(b);
    party(b, &others, d, 0);
    bench_end(b, 2 * (uint64_t)b->iters);
    beside_end(&others);
    bench_reap(b, pid, 0);

    long turns = d->turns[0] + d->turns[1];
    long tenths = others.who != BESIDE_NOBODY ? 5 : 9; /* whom somebody urgent kept from its turn may have several in a row */
    bench_check(b, turns >= 2 * b->iters * tenths / 10, "only %ld of %ld yields switched", turns, 2 * b->iters);
    bench_check_switches(b, b->iters * tenths / 10);
    beside_report(&others, b);
}
