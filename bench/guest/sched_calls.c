/* sched_calls.c: raw scheduling calls. */
#include "bench/guest/sched_calls.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct attr { /* sched_setattr(2), the first version */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

void sched_become(struct bench *b, int policy, int priority)
{
    struct sched_param p = {.sched_priority = priority};
    if (syscall(SYS_sched_setscheduler, 0, policy, &p) < 0) {
        bench_call_failed(b, "sched_setscheduler");
    }
}

void sched_become_deadline(struct bench *b, uint64_t runtime_ns, uint64_t period_ns)
{
    struct attr a = {.size = sizeof a, .policy = POLICY_DEADLINE, .runtime = runtime_ns,
                     .deadline = period_ns, .period = period_ns};
    if (syscall(SYS_sched_setattr, 0, &a, 0) < 0) {
        bench_call_failed(b, "sched_setattr");
    }
}

void sched_nice(struct bench *b, int nice)
{
    if (setpriority(PRIO_PROCESS, 0, nice) < 0) {
        bench_call_failed(b, "setpriority");
    }
}

void sched_exact_timers(struct bench *b)
{
    if (prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) < 0) {
        bench_call_failed(b, "prctl timer slack");
    }
}

void sched_sleep_until(struct bench *b, uint64_t at_ns)
{
    struct timespec t = {(time_t)(at_ns / 1000000000u), (long)(at_ns % 1000000000u)};
    int rc;
    do {
        rc = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    } while (rc == EINTR);
    bench_check(b, rc == 0, "clock_nanosleep: %s", strerror(rc));
}

int sched_cpus(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int sched_this_cpu(void)
{
    unsigned cpu = 0;
    syscall(SYS_getcpu, &cpu, NULL, NULL);
    return (int)cpu;
}

void sched_allow(struct bench *b, int pid, int cpu)
{
    unsigned long mask[16];
    memset(mask, cpu < 0 ? 0xff : 0, sizeof mask);
    if (cpu >= 0) {
        mask[cpu / 64] = 1ul << (cpu % 64);
    }
    if (syscall(SYS_sched_setaffinity, pid, sizeof mask, mask) < 0) {
        bench_call_failed(b, "sched_setaffinity");
    }
}
