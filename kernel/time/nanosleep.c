/*
 * nanosleep and clock_nanosleep. A relative sleep that a signal interrupts reports what is left and
 * restarts (if no handler ran) with its old deadline; an absolute one simply restarts. Both end within the
 * task's timer slack.
 */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/time/posix_clock.h"

#define TIMER_ABSTIME 1

/* Until the monotonic time. 0, or -EINTR when a signal is pending. */
static long sleep_until(s64 deadline_ns)
{
    for (;;) {
        set_current_state(TASK_INTERRUPTIBLE);
        if (signal_pending(current)) {
            set_current_state(TASK_RUNNING);
            return -EINTR;
        }
        if (schedule_hrtimeout_range(deadline_ns, current->timer_slack_ns) || ktime_get_ns() >= deadline_ns)
            return 0;
    }
}

static long store_rest(s64 deadline_ns, struct timespec __user *rmtp)
{
    s64 left = deadline_ns - ktime_get_ns();
    struct timespec ts = ns_to_timespec(left > 0 ? left : 0);

    return rmtp && copy_to_user(rmtp, &ts, sizeof(ts)) ? -EFAULT : 0;
}

static long restart_sleep(struct restart_block *restart)
{
    if (sleep_until(restart->deadline_ns) == 0)
        return 0;
    if (store_rest(restart->deadline_ns, restart->nanosleep.rmtp))
        return -EFAULT;
    return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(s64 ns, struct timespec __user *rmtp)
{
    struct restart_block *restart = &current->restart;
    s64 now = ktime_get_ns(), deadline = ns > S64_MAX - now ? S64_MAX : now + ns;

    if (sleep_until(deadline) == 0)
        return 0;
    restart->fn = restart_sleep;
    restart->deadline_ns = deadline;
    restart->nanosleep.rmtp = rmtp;
    return store_rest(deadline, rmtp) ? -EFAULT : -ERESTART_RESTARTBLOCK;
}

long sys_nanosleep(const struct timespec __user *rqtp, struct timespec __user *rmtp)
{
    struct timespec ts;

    if (copy_from_user(&ts, rqtp, sizeof(ts)))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    return sleep_relative(timespec_to_ns(&ts), rmtp);
}

long sys_clock_nanosleep(clockid_t clock, int flags, const struct timespec __user *rqtp,
                         struct timespec __user *rmtp)
{
    struct timespec ts;
    s64 deadline;
    int err = posix_clock_to_monotonic(clock, 0, &deadline);

    if (clock == CLOCK_THREAD_CPUTIME_ID)
        return -EOPNOTSUPP;
    if (err)
        return err;
    if (copy_from_user(&ts, rqtp, sizeof(ts)))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    if (!(flags & TIMER_ABSTIME))
        return sleep_relative(timespec_to_ns(&ts), rmtp);
    (void)posix_clock_to_monotonic(clock, timespec_to_ns(&ts), &deadline);
    return sleep_until(deadline) ? -ERESTARTNOHAND : 0;
}
