/* counted_deadline.c: who is late and who overruns among SCHED_DEADLINE tasks, with and without reclaiming. Lateness is judged only where the clock is the
 * instructions (`ci/guest-tests KERNEL --counted`): a host that stops a virtual CPU makes any job late. */
#include <signal.h>

#include "tests/guest/abi_deadline.h"

#define PERIOD (100 * MS)

static void compute_ms(uint64_t ms)
{
    int64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + (int64_t)(ms * MS);
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until) {
    }
}

static void sleep_until(int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)) {
    }
}

/* n jobs of so many ms, one each period; returns how many ended after the next one's begin. */
static int periodic_jobs(int n, uint64_t ms)
{
    int64_t begun = clock_ns(CLOCK_MONOTONIC);
    int late = 0;
    for (int i = 0; i < n; i++) {
        begun += (int64_t)PERIOD;
        sleep_until(begun);
        compute_ms(ms);
        late += clock_ns(CLOCK_MONOTONIC) - begun > (int64_t)PERIOD;
    }
    return late;
}

static volatile int overruns;

static void count_overrun(int sig)
{
    EQ(sig, SIGXCPU);
    overruns++;
}

/* Jobs late or over their budget, of eight. */
static int faults_of_eight(void)
{
    overruns = 0;
    return periodic_jobs(8, 40) + overruns;
}

/* Jobs of four times the runtime: without reclaiming each ends the budget, with it none does. Linux 6.12 on two CPUs is late with one job of eight
 * in one series of six (3 of 18, 2026-11-30): it has three series for one without. CloudOS has one. */
TEST(sched_setattr, reclaiming_alone_never_overruns)
{
    signal(SIGXCPU, count_overrun);
    EQ(set_deadline(10 * MS, PERIOD, PERIOD, FLAG_DL_OVERRUN), 0);
    periodic_jobs(4, 40);
    CHECK(overruns >= 4);
    EQ(set_deadline(10 * MS, PERIOD, PERIOD, FLAG_DL_OVERRUN | FLAG_RECLAIM), 0);
    periodic_jobs(1, 40); /* with Linux 6.1 what the last budget's end owes ends this one */
    int faults = faults_of_eight();
    for (int more = 0; faults && abi_is_linux() && more < 2; more++) {
        faults = faults_of_eight();
    }
    EQ(faults, 0);
}

/* In the page that all share. */
struct pair {
    int64_t hog_ns, hog_ns_at_end; /* how long the hog has computed: now, and when the worker had ended */
};

static pid_t start_worker(struct pair *p)
{
    pid_t pid = fork();
    if (pid == 0) {
        EQ(set_deadline(40 * MS, PERIOD, PERIOD, 0), 0);
        int late = periodic_jobs(15, 30);
        p->hog_ns_at_end = __atomic_load_n(&p->hog_ns, __ATOMIC_RELAXED);
        _exit(late);
    }
    return pid;
}

static pid_t start_hog(struct pair *p)
{
    pid_t pid = fork();
    if (pid == 0) {
        EQ(set_deadline(20 * MS, PERIOD, PERIOD, FLAG_RECLAIM), 0);
    }
    while (pid == 0) {
        compute_ms(1);
        __atomic_store_n(&p->hog_ns, clock_ns(CLOCK_THREAD_CPUTIME_ID), __ATOMIC_RELAXED);
    }
    return pid;
}

/* A task a CPU that uses 30 of its 40 of 100 ms, beside as many hogs that reclaim (20 of 100 ms): no job is late, and what is not used is
 * used: of 1,600 ms a hog was promised 320. */
TEST(sched_setattr, reclaiming_leaves_others_what_is_theirs)
{
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), late = 0, status;
    struct pair *pairs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t hog[16], worker[16];
    int64_t hog_ns = 0;
    CHECK(pairs != MAP_FAILED && cpus <= 16);
    for (int i = 0; i < cpus; i++) {
        worker[i] = start_worker(&pairs[i]);
        hog[i] = start_hog(&pairs[i]);
    }
    for (int i = 0; i < cpus; i++) {
        EQ(waitpid(worker[i], &status, 0), worker[i]);
        CHECK(WIFEXITED(status));
        late += WEXITSTATUS(status);
    }
    for (int i = 0; i < cpus; i++) {
        hog_ns += pairs[i].hog_ns_at_end / cpus;
        kill(hog[i], SIGKILL);
        EQ(waitpid(hog[i], &status, 0), hog[i]);
        CHECK(WIFSIGNALED(status));
    }
    if (late || hog_ns < 400 * (int64_t)MS) {
        abi_failed(__FILE__, __LINE__, "%d jobs were late, a hog computed %ld ms", late, (long)(hog_ns / (int64_t)MS));
    }
}

/* ---- near the bound of what is admitted ---- */

#define TASKS_A_CPU 9
#define JOBS_MS     1000

/* Several CPUs run in turns (docs/turns.md), of a millisecond and more: as long as one computes, time passes on the others, too, and a budget that is almost
 * spent is over before its owner has said that it sleeps. PAUSE ends a turn: whoever computes here looks at the clock, and pauses. */

/* A tenth of a CPU in periods of that many ms from `begin` on; ends with how many jobs were late. A millisecond of each budget is left for the wake-up,
 * the switches and what the other CPUs' turns add to them: a budget that ends before the job does makes it late, whoever is served. */
static void run_tenth(int64_t begin, uint64_t period_ms)
{
    int64_t period = (int64_t)(period_ms * MS), compute_ns = period / 10 - (int64_t)MS;
    int late = 0;
    EQ(set_deadline(period_ms * MS / 10, period_ms * MS, period_ms * MS, 0), 0);
    for (int64_t at = begin; at < begin + JOBS_MS * (int64_t)MS; at += period) {
        sleep_until(at);
        int64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + compute_ns;
        while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until) {
            __builtin_ia32_pause();
        }
        late += clock_ns(CLOCK_MONOTONIC) > at + period;
    }
    _exit(late);
}

/* Nine tasks a CPU, a tenth of a CPU each; beside them one a CPU that has no deadline and computes. Jobs late. */
static int late_of_tenths(uint64_t shortest_ms, uint64_t step_ms)
{
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), late = 0, status;
    int64_t begin = clock_ns(CLOCK_MONOTONIC) + 300 * (int64_t)MS;
    pid_t pid[16 * TASKS_A_CPU], hogs[16];
    CHECK(cpus <= 16);
    for (int i = 0; i < TASKS_A_CPU * cpus; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            run_tenth(begin, shortest_ms + step_ms * (uint64_t)(i % TASKS_A_CPU));
        }
    }
    for (int i = 0; i < cpus; i++) {
        hogs[i] = fork();
        while (hogs[i] == 0) {
            __builtin_ia32_pause();
        }
    }
    for (int i = 0; i < TASKS_A_CPU * cpus; i++) {
        EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 99);
        late += WEXITSTATUS(status);
    }
    for (int i = 0; i < cpus; i++) {
        kill(hogs[i], SIGKILL);
        EQ(waitpid(hogs[i], &status, 0), hogs[i]);
    }
    return late;
}

/* Linux 6.12 on two CPUs is late with one job of about a hundred of different periods (2026-11-30), and may be with some. */
static void none_is_late(int late)
{
    if (late > (abi_is_linux() ? 5 : 0)) {
        abi_failed(__FILE__, __LINE__, "%d jobs were late", late);
    }
}

/* On m CPUs no job is late with earliest deadline first where the sum of the shares is at most m - (m - 1) times the largest one (Goossens, Funk and
 * Baruah, "Priority-driven scheduling of periodic task systems on multiprocessors", Real-Time Systems 25, 2003). Here the sum is 0.9 m, of 0.95 m
 * that are admitted, and the bound 0.9 m + 0.1, for any m. All have one period, and begin together. */
TEST(sched_setattr, deadlines_of_90_percent_of_all_CPUs)
{
    none_is_late(late_of_tenths(200, 0));
}

/* The same with periods of 100 to 260 ms. */
TEST(sched_setattr, deadlines_of_different_periods_of_90_percent)
{
    none_is_late(late_of_tenths(100, 20));
}
