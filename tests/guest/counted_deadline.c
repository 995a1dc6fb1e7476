/* counted_deadline.c: who is late and who overruns beside SCHED_DEADLINE tasks that reclaim. Lateness is judged only where the clock is the
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
