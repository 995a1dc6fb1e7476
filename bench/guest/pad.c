/* pad.c: nanoseconds into ticks of the TSC, less what a wait costs beside what it waits. */
#include "bench/guest/pad.h"

#include "bench/guest/bench.h"

#define WAITS  50
#define ROUNDS 5

static double ticks_per_ns(void)
{
    uint64_t ns_begin = bench_now_ns(), tsc_begin = lap_clock(), ns_end;
    while ((ns_end = bench_now_ns()) - ns_begin < 20000000) {
    }
    return (double)(lap_clock() - tsc_begin) / (double)(ns_end - ns_begin);
}

/* Ticks that one wait takes, the best of several rounds: what the host took away is no part of it. */
static double wait_ticks(struct pad p)
{
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        uint64_t begin = lap_clock();
        for (int i = 0; i < WAITS; i++) {
            pad_wait(&p);
        }
        double took = (double)(lap_clock() - begin) / WAITS;
        best = r == 0 || took < best ? took : best;
    }
    return best;
}

void pad_set_ns(struct pad *p, double ns)
{
    double want = ns * ticks_per_ns();
    p->ticks = want;
    p->ticks -= wait_ticks(*p) - want;
    if (p->ticks < 1) {
        p->ticks = 1; /* less than a wait costs: the least there is */
    }
}
