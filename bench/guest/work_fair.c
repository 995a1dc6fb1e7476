/*
 * fair/nice, fair/mixed, fair/smp: does everyone get the share that its weight promises? Processes count what they
 * compute; every 100 ms an observer of real-time priority reads the counters.
 *   nice   five of nice -10 to 10 on one CPU
 *   mixed  the same, beside one that forks all the time and two that sleep and compute by turns
 *   smp    one more than there are CPUs, of nice 0, on any CPU; they count their CPU time, whose sum must be what the
 *          CPUs had: an emulator may run one CPU's instructions faster than another's
 * worst_ns: how far in any second (the whole window if shorter) one was from its share of what they all
 * computed. share_error_ppm: the largest error over the whole window. One iteration is 100 ms.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/crew.h"
#include "bench/guest/sched_calls.h"

#define STEP_NS   100000000u
#define STEPS_MAX 10 /* of the window that is judged: one second */
#define HOGS_MAX  256
#define LEVELS    5

static const int level[LEVELS] = {-10, -5, 0, 5, 10};
static const double weight[LEVELS] = {9548, 3121, 1024, 335, 110}; /* sched(7): 1.25 a level */

struct hog {
    _Alignas(64) volatile uint64_t work;
};

struct field {
    bool smp;
    struct hog hog[HOGS_MAX];
};

static uint64_t cpu_time_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void hog(struct crew *c, int me, void *arg)
{
    struct field *f = arg;
    if (!f->smp) {
        sched_allow(c->b, 0, 0);
        sched_nice(c->b, level[me]);
    }
    crew_ready(c);
    while (!crew_stopped(c)) {
        bench_pad(999);
        f->hog[me].work = f->smp ? cpu_time_ns() : f->hog[me].work + 1;
    }
}

static void doze(struct bench *b)
{
    bench_pad(300001);
    sched_sleep_until(b, bench_now_ns() + 700000);
}

static void disturber(struct crew *c, int me, void *arg)
{
    (void)arg;
    sched_allow(c->b, 0, 0);
    crew_ready(c);
    while (!crew_stopped(c)) {
        if (me) {
            doze(c->b);
            continue;
        }
        int pid = bench_fork(c->b);
        if (pid == 0) {
            bench_pad(100001);
            _exit(0);
        }
        bench_reap(c->b, pid, 0);
    }
}

static double share_of(const struct field *f, int me, int n)
{
    double all = 0;
    for (int i = 0; i < LEVELS; i++) {
        all += weight[i];
    }
    return f->smp ? 1.0 / n : weight[me] / all;
}

/* The largest distance from its share, as a part of what all computed between two readings. */
static double worst_error(const struct field *f, const uint64_t *from, const uint64_t *to, int n)
{
    double worst = 0, all = 0;
    for (int i = 0; i < n; i++) {
        all += (double)(to[i] - from[i]);
    }
    for (int i = 0; i < n && all > 0; i++) {
        double off = (double)(to[i] - from[i]) / all - share_of(f, i, n);
        worst = off > worst ? off : -off > worst ? -off : worst;
    }
    return worst;
}

static void read_all(struct field *f, uint64_t *to, int n)
{
    for (int i = 0; i < n; i++) {
        to[i] = f->hog[i].work;
    }
}

static void observe(struct bench *b, struct field *f, uint64_t *seen, int n)
{
    uint64_t at = bench_now_ns();
    read_all(f, seen, n);
    for (long i = 1; i <= b->iters; i++) {
        sched_sleep_until(b, at += STEP_NS);
        read_all(f, seen + i * n, n);
    }
}

/* The CPU time that all were charged with is about the time that the CPUs had: a busy host delays the readings. */
static void check_accounts(struct bench *b, const uint64_t *from, const uint64_t *to, int n)
{
    double all = 0, had = (double)(n - 1) * (double)(b->ns_end - b->ns_begin);
    for (int i = 0; i < n; i++) {
        all += (double)(to[i] - from[i]);
    }
    bench_check(b, all > 0.5 * had && all < 1.05 * had, "%.0f ms charged, the CPUs had %.0f ms", all / 1e6, had / 1e6);
}

static void judge(struct bench *b, const struct field *f, const uint64_t *seen, int n)
{
    long steps = b->iters < STEPS_MAX ? b->iters : STEPS_MAX;
    double worst = 0, cpus = f->smp ? n - 1 : 1;
    for (long i = steps; i <= b->iters; i++) {
        double off = worst_error(f, seen + (i - steps) * n, seen + i * n, n);
        worst = off > worst ? off : worst;
    }
    bench_value(b, "worst_ns", (uint64_t)(worst * cpus * (double)steps * STEP_NS));
    bench_value(b, "share_error_ppm", (uint64_t)(1e6 * worst_error(f, seen, seen + b->iters * n, n)));
}

void workload_run(struct bench *b)
{
    struct crew hogs, others;
    struct field *f = bench_shared(b, sizeof *f);
    f->smp = strcmp(b->variant, "smp") == 0;
    int n = f->smp ? sched_cpus() + 1 : LEVELS;
    bench_check(b, n <= HOGS_MAX, "more CPUs than this workload knows");
    uint64_t *seen = bench_shared(b, (size_t)(b->iters + 1) * (size_t)n * sizeof *seen);
    sched_exact_timers(b);
    crew_start(&hogs, b, n, hog, f);
    crew_start(&others, b, strcmp(b->variant, "mixed") == 0 ? 3 : 0, disturber, NULL);
    sched_become(b, POLICY_FIFO, 50);
    bench_begin(b);
    crew_go(&others);
    crew_go(&hogs);
    observe(b, f, seen, n);
    bench_end(b, (uint64_t)b->iters);
    crew_stop(&hogs);
    crew_stop(&others);
    sched_become(b, POLICY_OTHER, 0);
    crew_reap(&hogs);
    crew_reap(&others);
    for (int i = 0; i < n; i++) {
        bench_check(b, f->hog[i].work, "process %d never ran", i);
    }
    if (f->smp) {
        check_accounts(b, seen, seen + b->iters * n, n);
    }
    judge(b, f, seen, n);
}
