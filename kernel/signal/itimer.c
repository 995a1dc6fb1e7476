/*
 * itimer.c: setitimer, getitimer, alarm, RLIMIT_CPU and RLIMIT_RTTIME. ITIMER_REAL is a high-resolution timer of
 * the process; ITIMER_VIRTUAL, ITIMER_PROF and the limits count at the tick. Values are guarded by
 * siglock. real_timer is initialised and cancelled with siglock free, under timers_lock, which also
 * makes one of a cancel and the start after it; the expiry re-arms only under siglock, and only while armed.
 */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/posix_timer.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/rusage.h"
#include "kernel/time/tick.h"

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

static s64 timeval_to_ns(const struct timeval *tv)
{
    return tv->tv_sec > S64_MAX / NSEC_PER_SEC - 1 ? S64_MAX
                                                   : tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * 1000;
}

static bool timeval_valid(const struct timeval *tv)
{
    return tv->tv_sec >= 0 && (u64)tv->tv_usec < 1000000;
}

/* When the period goes on that ended now. While nobody takes SIGALRM a tick passes at least: a short one would be a storm of interrupts. */
static s64 next_real(const struct signal_struct *sig, bool taken)
{
    s64 after = ktime_get_ns(), missed;

    if (!taken && sig->it_real_interval < TICK_NS)
        after = ktime_add(after, TICK_NS);
    return ktime_forward(sig->real_timer.expires_ns, sig->it_real_interval, after, &missed);
}

/* Hard interrupt. */
static void real_timer_expired(struct hrtimer *timer)
{
    struct signal_struct *sig = container_of(timer, struct signal_struct, real_timer);
    struct task_struct *leader = sig->leader_task;
    struct sighand_struct *s;
    unsigned long flags;
    bool pended;

    s = lock_task_sighand(leader, &flags);
    if (sig->it_real_armed) {
        pended = sig->shared_set & sigmask(SIGALRM);
        send_signal_locked(SIGALRM, SEND_SIG_PRIV, leader, true);
        if (sig->it_real_interval)
            hrtimer_start(timer, next_real(sig, !pended && (sig->shared_set & sigmask(SIGALRM)))); /* else ignored: it does not pend */
        else
            sig->it_real_armed = false;
    }
    unlock_task_sighand(s, flags);
}

/* siglock held. */
static void get_real_locked(const struct signal_struct *sig, s64 *value, s64 *interval)
{
    s64 left = sig->it_real_armed ? sig->real_timer.expires_ns - ktime_get_ns() : 0;

    *value = sig->it_real_armed && left <= 0 ? 1000 : left;
    *interval = sig->it_real_interval;
}

static void get_real(struct signal_struct *sig, s64 *value, s64 *interval)
{
    spin_lock_irq(&current->sighand->siglock);
    get_real_locked(sig, value, interval);
    spin_unlock_irq(&current->sighand->siglock);
}

/* On return an expiry does not run any more. timers_lock held, or no other thread is left. */
static void stop_real(struct signal_struct *sig, s64 *value, s64 *interval)
{
    spin_lock_irq(&current->sighand->siglock);
    get_real_locked(sig, value, interval);
    sig->it_real_armed = false; /* an expiry that runs now does nothing any more */
    spin_unlock_irq(&current->sighand->siglock);
    hrtimer_cancel(&sig->real_timer);
}

static void start_real(struct signal_struct *sig, s64 value, s64 interval)
{
    spin_lock_irq(&current->sighand->siglock);
    sig->it_real_interval = interval;
    sig->it_real_armed = value != 0;
    if (value)
        hrtimer_start(&sig->real_timer, ktime_add(ktime_get_ns(), value));
    spin_unlock_irq(&current->sighand->siglock);
}

/* Sets the timer to *value and *interval, which become what it was. */
static void swap_real(struct signal_struct *sig, s64 *value, s64 *interval)
{
    s64 old_value, old_interval;

    mutex_lock(&sig->timers_lock);
    if (!sig->real_timer.func)
        hrtimer_init(&sig->real_timer, real_timer_expired);
    stop_real(sig, &old_value, &old_interval);
    start_real(sig, *value, *interval);
    mutex_unlock(&sig->timers_lock);
    *value = old_value;
    *interval = old_interval;
}

static s64 cpu_clock_now(int which)
{
    u64 ut, st;

    process_cputime(current, &ut, &st);
    return (s64)(which == ITIMER_VIRTUAL ? ut : ut + st);
}

static void cpu_timer(int which, s64 **value, s64 **interval)
{
    struct signal_struct *sig = current->signal;

    *value = which == ITIMER_VIRTUAL ? &sig->it_virt_value : &sig->it_prof_value;
    *interval = which == ITIMER_VIRTUAL ? &sig->it_virt_interval : &sig->it_prof_interval;
}

static void get_cpu_timer(int which, s64 *value, s64 *interval)
{
    s64 *v, *i;

    cpu_timer(which, &v, &i);
    *interval = *i;
    *value = *v ? max(*v - cpu_clock_now(which), (s64)1000) : 0;
}

/* As swap_real(). */
static void swap_cpu_timer(int which, s64 *value, s64 *interval)
{
    s64 *v, *i, old_value, old_interval, now = cpu_clock_now(which);

    get_cpu_timer(which, &old_value, &old_interval);
    cpu_timer(which, &v, &i);
    spin_lock_irq(&current->sighand->siglock);
    *v = *value ? ktime_add(now, *value) : 0;
    *i = *interval;
    current->signal->cpu_timers =
        current->signal->it_virt_value || current->signal->it_prof_value || rlimits_count_time(current->signal);
    spin_unlock_irq(&current->sighand->siglock);
    if (current->signal->cpu_timers)
        sched_cpu_timers_changed();
    *value = old_value;
    *interval = old_interval;
}

static void show_timer(s64 value, s64 interval, struct itimerval *out)
{
    if (value > 0)
        value = ktime_add(value, 999); /* never say zero for a timer that runs */
    out->it_value = ns_to_timeval(value);
    out->it_interval = ns_to_timeval(interval);
}

long sys_getitimer(int which, struct itimerval __user *uvalue)
{
    struct itimerval v;
    s64 value, interval;

    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    if (which == ITIMER_REAL)
        get_real(current->signal, &value, &interval);
    else
        get_cpu_timer(which, &value, &interval);
    show_timer(value, interval, &v);
    return copy_to_user(uvalue, &v, sizeof(v)) ? -EFAULT : 0;
}

long sys_setitimer(int which, const struct itimerval __user *uvalue, struct itimerval __user *uold)
{
    struct itimerval v = {0}, old;
    s64 value, interval;

    if (uvalue && copy_from_user(&v, uvalue, sizeof(v)))
        return -EFAULT;
    if (!timeval_valid(&v.it_value) || !timeval_valid(&v.it_interval) || which < ITIMER_REAL ||
        which > ITIMER_PROF)
        return -EINVAL;
    value = timeval_to_ns(&v.it_value);
    interval = timeval_to_ns(&v.it_interval);
    if (which == ITIMER_REAL)
        swap_real(current->signal, &value, &interval);
    else
        swap_cpu_timer(which, &value, &interval);
    show_timer(value, interval, &old);
    return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_alarm(unsigned seconds)
{
    s64 value = (s64)seconds * NSEC_PER_SEC, interval = 0, left;

    swap_real(current->signal, &value, &interval);
    left = ktime_add(value, NSEC_PER_SEC / 2) / NSEC_PER_SEC;
    return value && !left ? 1 : left;
}

static void check_cpu_timer(int sig, s64 now, s64 *value, s64 interval)
{
    if (!*value || now < *value)
        return;
    *value = interval ? ktime_add(now, interval) : 0;
    send_signal_locked(sig, SEND_SIG_PRIV, current, true);
}

/* RLIMIT_CPU: SIGXCPU every second beyond the soft limit, SIGKILL at the hard one. */
static void check_cpu_limit(struct signal_struct *sig, u64 ns)
{
    struct rlimit *limit = &sig->rlim[RLIMIT_CPU];
    u64 seconds = ns / NSEC_PER_SEC;

    if (seconds >= limit->rlim_max) {
        send_signal_locked(SIGKILL, SEND_SIG_PRIV, current, true);
    } else if (seconds >= limit->rlim_cur) {
        send_signal_locked(SIGXCPU, SEND_SIG_PRIV, current, true);
        limit->rlim_cur = seconds + 1;
    }
}

bool rlimits_count_time(const struct signal_struct *sig)
{
    return sig->rlim[RLIMIT_CPU].rlim_cur != RLIM_INFINITY || sig->rlim[RLIMIT_RTTIME].rlim_cur != RLIM_INFINITY;
}

/* RLIMIT_RTTIME, in microseconds without sleep: the same. */
static void check_realtime_limit(struct signal_struct *sig, u64 ns)
{
    struct rlimit *limit = &sig->rlim[RLIMIT_RTTIME];
    u64 us = ns / NSEC_PER_USEC;

    if (limit->rlim_cur == RLIM_INFINITY || !us)
        return;
    if (us >= limit->rlim_max) {
        send_signal_locked(SIGKILL, SEND_SIG_PRIV, current, true);
    } else if (us >= limit->rlim_cur) {
        send_signal_locked(SIGXCPU, SEND_SIG_PRIV, current, true);
        limit->rlim_cur += NSEC_PER_SEC / NSEC_PER_USEC;
    }
}

void itimer_tick(bool user, u64 ns)
{
    struct signal_struct *sig = current->signal;
    s64 virt, prof;

    if (likely(!sig || !READ_ONCE(sig->cpu_timers)) || (current->flags & (PF_KTHREAD | PF_EXITING)))
        return;
    virt = cpu_clock_now(ITIMER_VIRTUAL);
    prof = cpu_clock_now(ITIMER_PROF);
    spin_lock(&current->sighand->siglock);
    check_cpu_timer(SIGVTALRM, virt, &sig->it_virt_value, sig->it_virt_interval);
    check_cpu_timer(SIGPROF, prof, &sig->it_prof_value, sig->it_prof_interval);
    check_cpu_limit(sig, (u64)prof);
    check_realtime_limit(sig, sched_rt_awake_ns(current));
    spin_unlock(&current->sighand->siglock);
}

void exit_itimers(struct signal_struct *sig)
{
    s64 value, interval;

    if (sig->real_timer.func)
        stop_real(sig, &value, &interval);
    if (!list_empty(&sig->posix_timers))
        exit_posix_timers(sig);
}
