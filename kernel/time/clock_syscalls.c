/* clock_gettime, clock_getres, clock_settime, gettimeofday, settimeofday, time: thin over posix_clock.c. */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/task/cred.h"
#include "kernel/time/posix_clock.h"
#include "kernel/syscall/syscalls.h"

struct timezone {
    int tz_minuteswest, tz_dsttime;
};

static struct timezone system_timezone;     /* what settimeofday set; nothing else uses it */

long sys_clock_gettime(clockid_t clock, struct timespec __user *tp)
{
    struct timespec ts;
    s64 ns;
    int err = posix_clock_read(clock, &ns);

    if (err)
        return err;
    ts = ns_to_timespec(ns);
    return copy_to_user(tp, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/* The coarse clocks are as fine as the others here; they report Linux's tick of 4 ms. */
long sys_clock_getres(clockid_t clock, struct timespec __user *tp)
{
    struct timespec ts = {0, 1};
    s64 ns;
    int err = posix_clock_read(clock, &ns);

    if (err)
        return err;
    if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
        ts.tv_nsec = 4000000;
    return tp && copy_to_user(tp, &ts, sizeof(ts)) ? -EFAULT : 0;
}

static long set_realtime(s64 sec, s64 nsec)
{
    if (sec < 0 || (u64)nsec >= NSEC_PER_SEC || sec >= S64_MAX / NSEC_PER_SEC)
        return -EINVAL;
    if (!capable(CAP_SYS_TIME))
        return -EPERM;
    ktime_set_real_ns(sec * NSEC_PER_SEC + nsec);
    return 0;
}

long sys_clock_settime(clockid_t clock, const struct timespec __user *tp)
{
    struct timespec ts;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    if (copy_from_user(&ts, tp, sizeof(ts)))
        return -EFAULT;
    return set_realtime(ts.tv_sec, ts.tv_nsec);
}

long sys_gettimeofday(struct timeval __user *tv, void __user *tz)
{
    if (tv) {
        struct timeval now = ns_to_timeval(ktime_get_real_ns());

        if (copy_to_user(tv, &now, sizeof(now)))
            return -EFAULT;
    }
    return tz && copy_to_user(tz, &system_timezone, sizeof(system_timezone)) ? -EFAULT : 0;
}

long sys_settimeofday(struct timeval __user *tv, void __user *tz)
{
    struct timezone zone = system_timezone;
    struct timeval t;
    long err = 0;

    if (tv && copy_from_user(&t, tv, sizeof(t)))
        return -EFAULT;
    if (tz && copy_from_user(&zone, tz, sizeof(zone)))
        return -EFAULT;
    if (tz && (zone.tz_minuteswest > 15 * 60 || zone.tz_minuteswest < -15 * 60))
        return -EINVAL;
    if (tv)
        err = (u64)t.tv_usec >= 1000000 ? -EINVAL : set_realtime(t.tv_sec, t.tv_usec * NSEC_PER_USEC);
    else if (tz && !capable(CAP_SYS_TIME))
        err = -EPERM;
    if (!err && tz)
        system_timezone = zone;
    return err;
}

long sys_time(long __user *tloc)
{
    long now = ktime_get_real_ns() / NSEC_PER_SEC;

    return tloc && put_user(now, tloc) ? -EFAULT : now;
}
