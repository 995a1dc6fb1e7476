/*
 * cyclic/THREADS[-rt][-storm]: each of THREADS processes sleeps to a time on an absolute schedule and notes how
 * much later it ran (open loop: from the intended time). -rt: SCHED_FIFO. -storm: on every CPU two that yield, one
 * that forks and one that computes compete with it. One iteration is one wake-up of each. Padding is done before it is noted.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/crew.h"
#include "bench/guest/latency.h"
#include "bench/guest/sched_calls.h"

#define PERIOD_NS   1000000u
#define DISTANCE_NS 100000u /* each process has a longer period than the one before, so that they meet */
#define STORM       4       /* processes on a CPU */

struct plan {
    struct latency late;
    bool rt;
};

__attribute__((always_inline)) static inline void sleep_by_plan(struct crew *c, int me, void *arg, const bool padded)
{
    struct plan *p = arg;
    uint64_t period = PERIOD_NS + (uint64_t)me * DISTANCE_NS;
    sched_allow(c->b, 0, me % sched_cpus());
    if (p->rt) {
        sched_become(c->b, POLICY_FIFO, 80);
    }
    crew_ready(c);
    uint64_t at = c->gate->start_ns + period;
    for (long i = 0; i < c->b->iters; i++, at += period) {
        sched_sleep_until(c->b, at);
        if (padded) {
            pad_round(&c->b->pad, i);
        }
        latency_note(&p->late, me, i, bench_now_ns() - at);
    }
}

static void sleeper(struct crew *c, int me, void *arg) { sleep_by_plan(c, me, arg, false); }
static void padded_sleeper(struct crew *c, int me, void *arg) { sleep_by_plan(c, me, arg, true); }

static void fork_and_wait(struct bench *b)
{
    int pid = bench_fork(b);
    if (pid == 0) {
        _exit(0);
    }
    bench_reap(b, pid, 0);
}

static void storm(struct crew *c, int me, void *arg)
{
    (void)arg;
    sched_allow(c->b, 0, me / STORM);
    crew_ready(c);
    while (!crew_stopped(c)) {
        switch (me % STORM) {
        case 0:
            bench_pad(10001);
            break;
        case 1:
            fork_and_wait(c->b);
            break;
        default:
            bench_pad(101);
            syscall(SYS_sched_yield);
        }
    }
}

void workload_run(struct bench *b)
{
    struct crew sleepers, load;
    bool storms = strstr(b->variant, "-storm");
    int n = atoi(b->variant);
    bench_check(b, n > 0 && n <= 1024, "bad number of threads %s", b->variant);
    struct plan *p = bench_shared(b, sizeof *p);
    p->rt = strstr(b->variant, "-rt");
    latency_open(&p->late, b, n, b->iters);
    sched_exact_timers(b);
    crew_start(&sleepers, b, n, crew_take_pad(b, sleeper, padded_sleeper), p);
    crew_start(&load, b, storms ? STORM * sched_cpus() : 0, storm, NULL);
    bench_begin(b);
    crew_go(&load);
    crew_go(&sleepers);
    crew_reap(&sleepers);
    crew_stop(&load);
    crew_reap(&load);
    bench_end(b, (uint64_t)b->iters * (uint64_t)n);
    uint64_t least = PERIOD_NS * (uint64_t)b->iters;
    bench_check(b, b->ns_end - b->ns_begin >= least, "the window was shorter than the schedule");
    latency_report(&p->late, b);
}
