/*
 * pad.h: what a positive control adds: N instructions to each iteration (`pad=N`) or to each M-th (`pad=N/M`), or N nanoseconds (`pad_ns=N`). A workload
 * takes it by BENCH_LOOP, by pad_take() or, in the processes of a crew, by pad_round(); one that was asked for it and never took it fails (bench.c).
 */
#pragma once
#include <stdint.h>

#include "bench/guest/laps.h"

struct pad {
    long instructions; /* odd, 0: none */
    long every;        /* iterations from one padding to the next; 0: each is padded */
    double ticks;      /* of the TSC, 0: none */
    double owed;       /* what the readings of the TSC left over or took too much; of this process */
    const char *option; /* as it stands in the SPEC, for a program that starts another; NULL: none */
    int taken;         /* the workload's loop knows of it */
};

/* Each wait shall take ns, its own calls included: what passes of both clocks in 20 ms, and what a wait takes too long, are measured. */
void pad_set_ns(struct pad *p, double ns);

/* Exactly n instructions of ring 3, n odd: one that loads the counter, then pairs. */
static inline void bench_pad(long n)
{
    n >>= 1;
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n)::"cc");
}

static inline int pad_asked(const struct pad *p)
{
    return p->instructions || p->ticks > 0;
}

/* Waits until what is owed has passed; what it waited too long is taken off the next time, but never more than one padding:
 * a processor that was taken away in the wait is not paid back. */
static inline void pad_wait(struct pad *p)
{
    uint64_t begin = lap_clock();
    double waited = 0;
    for (p->owed += p->ticks; waited < p->owed;) {
        waited = (double)(lap_clock() - begin);
    }
    p->owed = p->owed - waited < -p->ticks ? -p->ticks : p->owed - waited;
}

/* One iteration's, beside laps: not exact to the instruction. */
static inline void pad_take(struct pad *p)
{
    if (p->instructions) {
        bench_pad(p->instructions);
    }
    if (p->ticks > 0) {
        pad_wait(p);
    }
}

/* Round i's, from 0, where rounds are no BENCH_LOOP: only where padding was asked for, and not exact to the instruction. */
static inline void pad_round(struct pad *p, long i)
{
    if (!p->every || (i + 1) % p->every == 0) {
        pad_take(p);
    }
}
