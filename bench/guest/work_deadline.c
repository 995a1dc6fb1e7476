/*
 * deadline/PERCENT: three SCHED_DEADLINE tasks for each CPU together ask for PERCENT of it, beside one that computes
 * for ever. Each wakes at its period's begin, computes for 95 % of what it was granted and notes whether that was
 * done by the period's end. misses_count: how often not. response_ppm: the longest time to be done, as a part of
 * the period. One iteration is one period of each. Padding is done beyond the 95 %.
 */
#include <stdlib.h>

#include "bench/guest/crew.h"
#include "bench/guest/sched_calls.h"

#define TASKS 3 /* for each CPU */

static const uint64_t period_ns[TASKS] = {5000000, 7000000, 11000000};

struct note {
    _Alignas(64) uint64_t misses, worst_ppm;
};

struct plan {
    double share; /* of a CPU, for one task */
    double pads_ns; /* how long 10,001 instructions take */
    struct note note[TASKS * 256];
};

static void compute(const struct plan *p, double ns)
{
    for (long left = (long)(ns / p->pads_ns); left > 0; left--) {
        bench_pad(10001);
    }
}

static double calibrate(void)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 7; i++) {
        uint64_t begin = bench_now_ns();
        for (int k = 0; k < 20; k++) {
            bench_pad(10001);
        }
        uint64_t took = bench_now_ns() - begin;
        least = took < least ? took : least;
    }
    return (double)least / 20;
}

__attribute__((always_inline)) static inline void keep_periods(struct crew *c, int me, void *arg, const bool padded)
{
    struct plan *p = arg;
    struct note *n = &p->note[me];
    uint64_t period = period_ns[me % TASKS];
    sched_become_deadline(c->b, (uint64_t)(p->share * (double)period), period);
    crew_ready(c);
    uint64_t at = c->gate->start_ns + period;
    for (long i = 0; i < c->b->iters; i++, at += period) {
        sched_sleep_until(c->b, at);
        compute(p, 0.95 * p->share * (double)period);
        if (padded) {
            pad_round(&c->b->pad, i);
        }
        uint64_t ppm = (bench_now_ns() - at) * 1000000 / period;
        n->misses += ppm > 1000000;
        n->worst_ppm = ppm > n->worst_ppm ? ppm : n->worst_ppm;
    }
}

static void task(struct crew *c, int me, void *arg) { keep_periods(c, me, arg, false); }
static void padded_task(struct crew *c, int me, void *arg) { keep_periods(c, me, arg, true); }

static void hog(struct crew *c, int me, void *arg)
{
    (void)arg;
    sched_allow(c->b, 0, me);
    crew_ready(c);
    while (!crew_stopped(c)) {
        bench_pad(1001);
    }
}

void workload_run(struct bench *b)
{
    struct crew tasks, load;
    struct plan *p = bench_shared(b, sizeof *p);
    int cpus = sched_cpus(), percent = atoi(b->variant);
    bench_check(b, percent > 0 && percent <= 95, "bad utilisation %s", b->variant);
    bench_check(b, cpus <= 256, "more CPUs than this workload knows");
    p->share = percent / 100.0 / TASKS;
    p->pads_ns = calibrate();
    sched_exact_timers(b);
    crew_start(&load, b, cpus, hog, NULL);
    crew_start(&tasks, b, TASKS * cpus, crew_take_pad(b, task, padded_task), p);
    bench_begin(b);
    crew_go(&load);
    crew_go(&tasks);
    crew_reap(&tasks);
    bench_end(b, (uint64_t)b->iters * TASKS * (uint64_t)cpus);
    crew_stop(&load);
    crew_reap(&load);
    uint64_t misses = 0, worst = 0;
    for (int i = 0; i < TASKS * cpus; i++) {
        misses += p->note[i].misses;
        worst = p->note[i].worst_ppm > worst ? p->note[i].worst_ppm : worst;
    }
    bench_check(b, worst > 0, "no task computed");
    bench_value(b, "misses_count", misses);
    bench_value(b, "response_ppm", worst);
}
