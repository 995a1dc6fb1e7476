/*
 * fair/nice, fair/mixed, fair/smp, fair/smp-mixed: does everyone get the share that its weight promises? Processes count
 * what they compute; every 100 ms an observer of real-time priority reads the counters.
 *   nice       five of nice -10 to 10 on one CPU
 *   mixed      the same, beside one that forks all the time and two that sleep and compute by turns
 *   smp        one more than there are CPUs, of nice 0, on any CPU; they count their CPU time, whose sum must be what the
 *              CPUs had: an emulator may run one CPU's instructions faster than another's
 *   smp-mixed  one more than two a CPU, of nice -5, 0 and 5 by turns, on any CPU, beside the three of mixed
 * The share is the weight's part of what all computed; nobody's is more than one CPU, and what it cannot use is the others'.
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
#define EVEN  2 /* the place of nice 0 in both, */
#define MILD  1 /* of the first that smp-mixed has, */
#define MILDS 3 /* and how many those are */

struct hog {
    _Alignas(64) volatile uint64_t work;
};

struct field {
    bool smp, mixed;
    int n, cpus;
    int nice[HOGS_MAX]; /* places in level[] and weight[] */
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
    }
    if (f->nice[me] != EVEN) {
        sched_nice(c->b, level[f->nice[me]]);
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
    const struct field *f = arg;
    if (!f->smp) {
        sched_allow(c->b, 0, 0);
    }
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

/* What each of those whose share is less than `cap` has for a unit of its weight, of `all` that were computed. */
static double per_weight(const struct field *f, double all, double cap)
{
    double unit = 0;
    for (int round = 0; round <= f->n; round++) {
        double left = all, heavy = 0;
        for (int i = 0; i < f->n; i++) {
            double w = weight[f->nice[i]];
            bool full = round && unit * w >= cap;
            left -= full ? cap : 0;
            heavy += full ? 0 : w;
        }
        double next = heavy > 0 ? left / heavy : unit;
        if (next <= unit) {
            break;
        }
        unit = next;
    }
    return unit;
}

/* What all computed between two readings. */
static double total(const struct field *f, const uint64_t *from, const uint64_t *to)
{
    double all = 0;
    for (int i = 0; i < f->n; i++) {
        all += (double)(to[i] - from[i]);
    }
    return all;
}

/* The largest distance from its share between two readings, in what they count; nobody computes more than `cap`. */
static double worst_error(const struct field *f, const uint64_t *from, const uint64_t *to, double cap)
{
    double worst = 0, unit = per_weight(f, total(f, from, to), cap);
    for (int i = 0; i < f->n; i++) {
        double share = unit * weight[f->nice[i]];
        double off = (double)(to[i] - from[i]) - (share < cap ? share : cap);
        worst = off > worst ? off : -off > worst ? -off : worst;
    }
    return worst;
}

static void read_all(struct field *f, uint64_t *to)
{
    for (int i = 0; i < f->n; i++) {
        to[i] = f->hog[i].work;
    }
}

static void observe(struct bench *b, struct field *f, uint64_t *seen)
{
    uint64_t at = bench_now_ns();
    read_all(f, seen);
    for (long i = 1; i <= b->iters; i++) {
        sched_sleep_until(b, at += STEP_NS);
        read_all(f, seen + i * f->n);
    }
}

/* The CPU time that all were charged with is about the time that the CPUs had: a busy host delays the readings. Those who
 * disturb have two fifths of two CPUs. */
static void check_accounts(struct bench *b, const struct field *f, const uint64_t *from, const uint64_t *to)
{
    double all = total(f, from, to), had = (double)f->cpus * (double)(b->ns_end - b->ns_begin);
    bench_check(b, all > (f->mixed ? 0.25 : 0.5) * had && all < 1.05 * had, "%.0f ms charged, the CPUs had %.0f ms", all / 1e6,
                had / 1e6);
}

static void judge(struct bench *b, const struct field *f, const uint64_t *seen)
{
    long steps = b->iters < STEPS_MAX ? b->iters : STEPS_MAX;
    const uint64_t *end = seen + b->iters * f->n;
    double worst = 0, window = (double)steps * STEP_NS, step = f->smp ? STEP_NS : 1e30; /* only CPU time has a most */
    bench_check(b, total(f, seen, end) > 0, "nobody computed");
    for (long i = steps; i <= b->iters; i++) {
        const uint64_t *from = seen + (i - steps) * f->n, *to = seen + i * f->n;
        double off = worst_error(f, from, to, (double)steps * step);
        off *= f->smp ? 1 : window / total(f, from, to); /* work counts as the part of one CPU's time that it is */
        worst = off > worst ? off : worst;
    }
    bench_value(b, "worst_ns", (uint64_t)worst);
    bench_value(b, "share_error_ppm", (uint64_t)(1e6 * worst_error(f, seen, end, (double)b->iters * step) / total(f, seen, end)));
}

/* Who computes, by the variant. */
static void fill(struct bench *b, struct field *f)
{
    f->mixed = strstr(b->variant, "mixed") != NULL;
    f->smp = strncmp(b->variant, "smp", 3) == 0;
    f->cpus = f->smp ? sched_cpus() : 1;
    f->n = !f->smp ? LEVELS : f->mixed ? 2 * f->cpus + 1 : f->cpus + 1;
    bench_check(b, f->n <= HOGS_MAX, "more CPUs than this workload knows");
    for (int i = 0; i < f->n; i++) {
        f->nice[i] = !f->smp ? i : f->mixed ? MILD + i % MILDS : EVEN;
    }
}

void workload_run(struct bench *b)
{
    struct crew hogs, others;
    struct field *f = bench_shared(b, sizeof *f);
    fill(b, f);
    uint64_t *seen = bench_shared(b, (size_t)(b->iters + 1) * (size_t)f->n * sizeof *seen);
    sched_exact_timers(b);
    crew_start(&hogs, b, f->n, hog, f);
    crew_start(&others, b, f->mixed ? 3 : 0, disturber, f);
    sched_become(b, POLICY_FIFO, 50);
    bench_begin(b);
    crew_go(&others);
    crew_go(&hogs);
    observe(b, f, seen);
    bench_end(b, (uint64_t)b->iters);
    crew_stop(&hogs);
    crew_stop(&others);
    sched_become(b, POLICY_OTHER, 0);
    crew_reap(&hogs);
    crew_reap(&others);
    for (int i = 0; i < f->n; i++) {
        bench_check(b, f->hog[i].work, "process %d never ran", i);
    }
    if (f->smp) {
        check_accounts(b, f, seen, seen + b->iters * f->n);
    }
    judge(b, f, seen);
}
