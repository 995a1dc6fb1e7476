/*
 * posix_timer.c: timer_create(2) and its family. Each timer owns one sigqueue that is queued at
 * most once: while it is pending (or blocked), further periods only count as overrun; the next
 * period is armed when the signal is taken. Guard: timers_lock of the process for the list, and held
 * from find_timer() to the last use of what it found; siglock for every field. The hrtimer is cancelled
 * with siglock free, but under timers_lock; `armed` makes an expiry that runs meanwhile do nothing.
 * CLOCK_REALTIME timers run on the monotonic clock from when they are set. A SIGEV_NONE timer is only read: no hrtimer runs for it.
 */
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/posix_timer.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/time/tick.h"
#include "lockfree/rcu_list.h"

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD_ID 4
#define TIMER_ABSTIME   1
#define DELAYTIMER_MAX  INT_MAX

enum { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME = 7, CLOCK_TAI = 11 };

struct sigevent {
    u64 value;
    int signo, notify, tid;
    char pad[44];
};
_Static_assert(sizeof(struct sigevent) == 64, "Linux's struct sigevent");

struct posix_timer {
    struct list_head node; /* signal->posix_timers */
    int id;
    clockid_t clock;
    int notify, signo;
    u64 value;
    struct pid *target; /* SIGEV_THREAD_ID: that thread; else NULL: the process */
    struct signal_struct *process;
    struct sigqueue *queue; /* NULL: SIGEV_NONE */
    bool armed;
    bool requeue; /* its signal pends: whoever takes it starts the next period. Never while hr is queued or about to run */
    s64 interval;
    int overrun, overrun_last;
    struct hrtimer hr;
};

static bool pending(const struct posix_timer *t)
{
    return t->queue && !list_empty(&t->queue->list);
}

/* Counts the periods that have passed and moves expires_ns beyond now. */
static void count_overrun(struct posix_timer *t, s64 now)
{
    s64 n;

    t->hr.expires_ns = ktime_forward(t->hr.expires_ns, t->interval, now, &n);
    t->overrun = n > DELAYTIMER_MAX - t->overrun ? DELAYTIMER_MAX : t->overrun + (int)n;
}

/* The task the signal goes to, in an RCU section; NULL: it has ended. */
static struct task_struct *target_of(struct posix_timer *t)
{
    return t->target ? pid_task(t->target, PIDTYPE_PID) : t->process->leader_task;
}

static void queue_signal(struct posix_timer *t)
{
    struct task_struct *to = target_of(t);
    bool group = !t->target;

    if (!to)
        return;
    t->queue->info._sifields._timer.si_overrun = 0;
    send_prealloc_locked(t->queue, to, group);
}

/* Hard interrupt. */
static void expired(struct hrtimer *hr)
{
    struct posix_timer *t = container_of(hr, struct posix_timer, hr);
    struct sighand_struct *s;
    unsigned long flags;

    s = lock_task_sighand(t->process->leader_task, &flags);
    if (t->armed) {
        t->armed = t->interval != 0;
        if (!pending(t))
            queue_signal(t);
        t->requeue = t->interval && pending(t);
        if (t->interval && !t->requeue) { /* ignored: nobody will take it and arm the next period. A tick at least, as Linux: no storm */
            count_overrun(t, ktime_add(ktime_get_ns(), t->interval < TICK_NS ? TICK_NS : 0));
            hrtimer_start(hr, hr->expires_ns);
        }
    }
    unlock_task_sighand(s, flags);
}

void posix_timer_taken(void *timer, siginfo_t *info)
{
    struct posix_timer *t = timer;

    if (t->requeue) {
        t->requeue = false;
        count_overrun(t, ktime_get_ns());
        hrtimer_start(&t->hr, t->hr.expires_ns);
    }
    t->overrun_last = t->overrun;
    t->overrun = 0;
    info->_sifields._timer.si_overrun = t->overrun_last;
}

/* Stops t; on return its expiry does not run any more. Without siglock. */
static void stop_timer(struct posix_timer *t)
{
    spin_lock_irq(&current->sighand->siglock);
    t->armed = t->requeue = false; /* a signal of the old setting that pends starts nothing any more */
    spin_unlock_irq(&current->sighand->siglock);
    hrtimer_cancel(&t->hr);
}

static void free_timer(struct posix_timer *t)
{
    if (t->queue) {
        spin_lock_irq(&current->sighand->siglock);
        if (pending(t)) {
            list_del_init(&t->queue->list);
            /* The signal bit stays: it is taken as one without details. */
        }
        spin_unlock_irq(&current->sighand->siglock);
        t->queue->flags = 0;
        sigqueue_free(t->queue);
    }
    put_pid(t->target);
    kfree(t);
}

/* Without timers_lock: no other thread is left, at exit and in exec alike. */
void exit_posix_timers(struct signal_struct *sig)
{
    struct posix_timer *t;

    while (!list_empty(&sig->posix_timers)) {
        t = list_first_entry(&sig->posix_timers, struct posix_timer, node);
        list_del(&t->node);
        stop_timer(t);
        free_timer(t);
    }
}

/* timers_lock held. */
static struct posix_timer *find_timer(int id)
{
    struct posix_timer *t;

    list_for_each_entry (t, &current->signal->posix_timers, node)
        if (t->id == id)
            return t;
    return NULL;
}

static int set_target(struct posix_timer *t, const struct sigevent *ev)
{
    struct task_struct *thread;
    bool ours;

    if (ev->notify != SIGEV_THREAD_ID)
        return 0;
    t->target = find_get_pid(ev->tid); /* refuses one whose last reference has gone: the thread may be ending */
    rcu_read_lock();
    thread = t->target ? pid_task(t->target, PIDTYPE_PID) : NULL;
    ours = thread && thread->signal == current->signal;
    rcu_read_unlock();
    return ours ? 0 : -EINVAL; /* free_timer() gives the reference back */
}

static int fill_timer(struct posix_timer *t, const struct sigevent *ev, bool have_event)
{
    int notify = ev->notify & ~SIGEV_THREAD_ID;

    if (notify != SIGEV_SIGNAL && notify != SIGEV_NONE && notify != 2 /* SIGEV_THREAD: as SIGNAL */)
        return -EINVAL;
    if (notify != SIGEV_NONE && (ev->signo < 1 || ev->signo > _NSIG))
        return -EINVAL;
    t->notify = ev->notify;
    t->signo = ev->signo;
    t->value = have_event ? ev->value : (u64)t->id;
    if (notify == SIGEV_NONE)
        return 0;
    if (set_target(t, ev))
        return -EINVAL;
    t->queue = sigqueue_alloc(current, false);
    if (!t->queue)
        return -EAGAIN;
    t->queue->flags = SIGQUEUE_PREALLOC;
    t->queue->timer = t;
    t->queue->info = (siginfo_t){.si_signo = t->signo, .si_code = SI_TIMER};
    t->queue->info._sifields._timer.si_tid = t->id;
    t->queue->info._sifields._timer.si_value = t->value;
    return 0;
}

long sys_timer_create(clockid_t clock, void __user *uevent, int __user *uid)
{
    struct sigevent ev = {.notify = SIGEV_SIGNAL, .signo = SIGALRM};
    struct posix_timer *t;
    int err;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
        clock != CLOCK_TAI)
        return -EINVAL;
    if (uevent && copy_from_user(&ev, uevent, sizeof(ev)))
        return -EFAULT;
    t = kzalloc(sizeof(*t), GFP_KERNEL);
    if (!t)
        return -EAGAIN;
    t->clock = clock;
    t->process = current->signal;
    t->id = (int)(atomic_fetch_add_relaxed(&current->signal->next_timer_id, 1) & INT_MAX);
    hrtimer_init(&t->hr, expired);
    err = fill_timer(t, &ev, uevent != NULL);
    if (!err && put_user(t->id, uid))
        err = -EFAULT;
    if (err) {
        free_timer(t);
        return err;
    }
    mutex_lock(&current->signal->timers_lock);
    list_add_tail(&t->node, &current->signal->posix_timers);
    mutex_unlock(&current->signal->timers_lock);
    return 0;
}

static void read_timer(const struct posix_timer *t, struct itimerspec *out)
{
    s64 left;

    spin_lock_irq(&current->sighand->siglock);
    left = t->armed ? t->hr.expires_ns - ktime_get_ns() : 0;

    if (t->armed && t->interval && left <= 0)
        left = t->interval + left % t->interval;
    if (t->armed && left <= 0)
        left = t->queue ? 1 : 0; /* its expiry is on its way; SIGEV_NONE: it is over */
    out->it_value = ns_to_timespec(left);
    out->it_interval = ns_to_timespec(t->interval);
    spin_unlock_irq(&current->sighand->siglock);
}

static s64 to_monotonic(const struct posix_timer *t, s64 ns, bool absolute)
{
    s64 now = ktime_get_ns();

    if (absolute && t->clock == CLOCK_MONOTONIC)
        return ns;
    if (absolute)
        ns -= t->clock == CLOCK_BOOTTIME ? ktime_get_boot_ns() : ktime_get_real_ns();
    return ns > S64_MAX - now ? S64_MAX : now + ns;
}

/* timers_lock held: nobody else starts or frees it between the two looks at siglock. */
static void set_timer(struct posix_timer *t, int flags, const struct itimerspec *v)
{
    stop_timer(t);
    spin_lock_irq(&current->sighand->siglock);
    t->overrun = t->overrun_last = 0;
    t->interval = timespec_to_ns(&v->it_interval);
    t->armed = v->it_value.tv_sec || v->it_value.tv_nsec;
    if (t->armed) {
        t->hr.expires_ns = to_monotonic(t, timespec_to_ns(&v->it_value), flags & TIMER_ABSTIME);
        if (t->queue)
            hrtimer_start(&t->hr, t->hr.expires_ns);
    }
    spin_unlock_irq(&current->sighand->siglock);
}

long sys_timer_settime(int id, int flags, const struct itimerspec __user *uvalue,
                       struct itimerspec __user *uold)
{
    struct itimerspec v, old;
    struct posix_timer *t;

    if (!uvalue)
        return -EINVAL;
    if (copy_from_user(&v, uvalue, sizeof(v)))
        return -EFAULT;
    if (!timespec_valid(&v.it_value) || !timespec_valid(&v.it_interval))
        return -EINVAL;
    mutex_lock(&current->signal->timers_lock);
    t = find_timer(id);
    if (t) {
        read_timer(t, &old);
        set_timer(t, flags, &v);
    }
    mutex_unlock(&current->signal->timers_lock);
    if (!t)
        return -EINVAL;
    return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_timer_gettime(int id, struct itimerspec __user *uvalue)
{
    struct posix_timer *t;
    struct itimerspec v;

    mutex_lock(&current->signal->timers_lock);
    t = find_timer(id);
    if (t)
        read_timer(t, &v);
    mutex_unlock(&current->signal->timers_lock);
    if (!t)
        return -EINVAL;
    return copy_to_user(uvalue, &v, sizeof(v)) ? -EFAULT : 0;
}

long sys_timer_getoverrun(int id)
{
    struct posix_timer *t;
    int n;

    mutex_lock(&current->signal->timers_lock);
    t = find_timer(id);
    n = t ? READ_ONCE(t->overrun_last) : -EINVAL;
    mutex_unlock(&current->signal->timers_lock);
    return n;
}

long sys_timer_delete(int id)
{
    struct posix_timer *t;

    mutex_lock(&current->signal->timers_lock);
    t = find_timer(id);
    if (t) {
        list_del(&t->node);
        stop_timer(t);
        free_timer(t);
    }
    mutex_unlock(&current->signal->timers_lock);
    return t ? 0 : -EINVAL;
}
