/*
 * The clocks of clock_gettime(2). CPU clocks of other tasks are named by negative numbers: the complement
 * of the pid, then 3 bits of kind (bit 2: thread; 0 PROF, 1 VIRT, 2 SCHED).
 */
#include "kernel/time/posix_clock.h"
#include "kernel/lib/errno.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/task/pid.h"

#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_KIND 3

/* In an RCU section. */
static u64 process_runtime(struct task_struct *t)
{
    struct signal_struct *sig = t->signal;
    struct task_struct *thread;
    u32 seq;
    u64 ns;

    do { /* a thread that ends is counted once */
        seq = seq_read_begin(&sig->unlinking);
        ns = sig->self_dead.utime + sig->self_dead.stime;
        for_each_thread(t, thread)
            ns += task_sched_runtime(thread);
    } while (seq_read_retry(&sig->unlinking, seq));
    /* Beside a switch a reader may count a little that is taken back: run_ticks() in cputime.c. */
    return never_less(&sig->runtime_said, atomic_load_relaxed(&sig->runtime_said), ns);
}

static u64 cpu_time(struct task_struct *t, clockid_t kind)
{
    u64 utime, stime;

    if ((kind & CPU_CLOCK_KIND) == 2)
        return kind & CPU_CLOCK_THREAD ? task_sched_runtime(t) : process_runtime(t);
    task_cputime(t, &utime, &stime);
    return (kind & CPU_CLOCK_KIND) == 1 ? utime : utime + stime;
}

static int read_cpu_clock(clockid_t clock, s64 *ns)
{
    pid_t pid = ~(clock >> 3);
    struct task_struct *t;
    int err = -EINVAL;

    if ((clock & CPU_CLOCK_KIND) == 3)
        return -EINVAL;
    rcu_read_lock();
    t = pid ? find_task_by_vpid(pid) : current;
    if (t && t->signal && (!(clock & CPU_CLOCK_THREAD) || t->tgid == current->tgid)) {
        *ns = cpu_time(t, clock & 7);
        err = 0;
    }
    rcu_read_unlock();
    return err;
}

int posix_clock_read(clockid_t clock, s64 *ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *ns = ktime_get_real_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
        *ns = ktime_get_ns();
        return 0;
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *ns = ktime_get_boot_ns();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        return read_cpu_clock(~0 << 3 | 2, ns);
    case CLOCK_THREAD_CPUTIME_ID:
        *ns = task_sched_runtime(current);
        return 0;
    }
    return clock < 0 ? read_cpu_clock(clock, ns) : -EINVAL;
}

int posix_clock_to_monotonic(clockid_t clock, s64 ns, s64 *monotonic_ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *monotonic_ns = ns == S64_MAX ? ns : ns - (ktime_get_real_ns() - ktime_get_ns());
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *monotonic_ns = ns;
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        return -EINVAL;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
        return -EOPNOTSUPP;
    }
    return clock < 0 ? -EOPNOTSUPP : -EINVAL;
}
