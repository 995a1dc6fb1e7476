/* timerfd: a timer whose expirations are read from a descriptor. The hrtimer fires once; further
 * periods are counted from the clock when somebody reads, so that an unread timer costs nothing.
 * Guard: the wait queue's lock. The hrtimer is cancelled with that lock free; `setting` makes a read meanwhile find and start nothing. */
#include "kernel/fs/fs_internal.h"
#include "kernel/sched/wait.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/time/posix_clock.h"

#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2

struct timerfd_ctx {
    wait_queue_head_t wq;
    struct hrtimer timer;
    struct mutex set_lock; /* one timerfd_settime at a time */
    clockid_t clock;
    s64 expires; /* monotonic time of the next expiration, 0: disarmed */
    s64 interval;
    bool fired; /* the hrtimer ran and nobody has read yet */
    bool setting; /* timerfd_settime cancels: what expires now belongs to the old setting, and is lost */
};

static void timerfd_fire(struct hrtimer *t)
{
    struct timerfd_ctx *c = container_of(t, struct timerfd_ctx, timer);
    unsigned long flags;

    spin_lock_irqsave(&c->wq.lock, flags);
    c->fired = true;
    __wake_up_locked(&c->wq, TASK_NORMAL, 0, POLLIN, false);
    spin_unlock_irqrestore(&c->wq.lock, flags);
}

/* Expirations up to now; a periodic timer runs on. 0: none. Lock held. */
static u64 take_ticks_locked(struct timerfd_ctx *c)
{
    s64 now = ktime_get_ns();
    u64 ticks = 1;

    if (!c->fired || c->setting)
        return 0;
    c->fired = false;
    if (!c->interval) {
        c->expires = 0;
        return ticks;
    }
    if (now > c->expires)
        ticks += (u64)(now - c->expires) / (u64)c->interval;
    if (__builtin_add_overflow(c->expires, (s64)(ticks * (u64)c->interval), &c->expires))
        c->expires = S64_MAX;
    hrtimer_start(&c->timer, c->expires);
    return ticks;
}

static bool take_ticks(struct timerfd_ctx *c, u64 *ticks)
{
    unsigned long flags;

    spin_lock_irqsave(&c->wq.lock, flags);
    *ticks = take_ticks_locked(c);
    spin_unlock_irqrestore(&c->wq.lock, flags);
    return *ticks != 0;
}

static ssize_t timerfd_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    struct timerfd_ctx *c = f->private_data;
    u64 ticks;
    long err;

    if (n < sizeof(ticks))
        return -EINVAL;
    if (!take_ticks(c, &ticks)) {
        if (f->f_flags & O_NONBLOCK)
            return -EAGAIN;
        err = wait_event_interruptible(&c->wq, take_ticks(c, &ticks));
        if (err)
            return err;
    }
    return copy_to_user(buf, &ticks, sizeof(ticks)) ? -EFAULT : (ssize_t)sizeof(ticks);
}

static unsigned timerfd_poll(struct file *f, struct poll_table *pt)
{
    struct timerfd_ctx *c = f->private_data;

    poll_wait(f, &c->wq, pt);
    return atomic_load_acquire(&c->fired) ? POLLIN : 0;
}

static void timerfd_release(struct inode *inode, struct file *f)
{
    struct timerfd_ctx *c = f->private_data;

    hrtimer_cancel(&c->timer);
    kfree(c);
}

static const struct file_operations timerfd_fops = {
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
};

long sys_timerfd_create(int clock, int flags)
{
    struct timerfd_ctx *c;
    int fd;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    c = kzalloc(sizeof(*c), GFP_KERNEL);
    if (!c)
        return -ENOMEM;
    init_waitqueue_head(&c->wq);
    mutex_init(&c->set_lock);
    hrtimer_init(&c->timer, timerfd_fire);
    c->clock = clock;
    fd = anon_file_fd("[timerfd]", &timerfd_fops, c, O_RDWR | flags);
    if (fd < 0)
        kfree(c);
    return fd;
}

/* Time to the next expiration and the period, as timerfd_gettime shows them. */
static void read_setting(struct timerfd_ctx *c, struct itimerspec *out)
{
    unsigned long flags;
    s64 now, left = 0;

    spin_lock_irqsave(&c->wq.lock, flags);
    now = ktime_get_ns();
    if (c->expires) {
        left = c->expires - now;
        if (left <= 0 && c->interval)
            left = c->interval - (now - c->expires) % c->interval;
        left = left > 0 ? left : 0;
    }
    out->it_value = ns_to_timespec(left);
    out->it_interval = ns_to_timespec(c->interval);
    spin_unlock_irqrestore(&c->wq.lock, flags);
}

static int first_expiry(struct timerfd_ctx *c, int flags, const struct itimerspec *v, s64 *when)
{
    s64 ns = timespec_to_ns(&v->it_value);

    *when = 0;
    if (!ns)
        return 0;
    if (flags & TFD_TIMER_ABSTIME) {
        int err = posix_clock_to_monotonic(c->clock, ns, when);

        if (err)
            return err;
    } else if (__builtin_add_overflow(ktime_get_ns(), ns, when)) {
        *when = S64_MAX;
    }
    *when = max(*when, (s64)1);
    return 0;
}

/* set_lock held. On return the timer neither runs nor is started until `setting` is cleared. */
static void stop_timer(struct timerfd_ctx *c)
{
    unsigned long flags;

    spin_lock_irqsave(&c->wq.lock, flags);
    c->setting = true;
    spin_unlock_irqrestore(&c->wq.lock, flags);
    hrtimer_cancel(&c->timer);
}

static int set_timer(struct timerfd_ctx *c, int flags, const struct itimerspec *v,
                     struct itimerspec *old)
{
    unsigned long irq;
    s64 when;
    int err = first_expiry(c, flags, v, &when);

    if (err)
        return err;
    mutex_lock(&c->set_lock);
    stop_timer(c);
    read_setting(c, old);
    spin_lock_irqsave(&c->wq.lock, irq);
    c->setting = c->fired = false;
    c->expires = when;
    c->interval = timespec_to_ns(&v->it_interval);
    if (when)
        hrtimer_start(&c->timer, when);
    spin_unlock_irqrestore(&c->wq.lock, irq);
    mutex_unlock(&c->set_lock);
    return 0;
}

/* The timer behind fd, held by *f; NULL with *err set. */
static struct timerfd_ctx *timerfd_get(int fd, struct fd *f, int *err)
{
    *f = fdget(fd);
    if (!f->file) {
        *err = -EBADF;
        return NULL;
    }
    if (f->file->f_op == &timerfd_fops)
        return f->file->private_data;
    fdput(*f);
    *err = -EINVAL;
    return NULL;
}

long sys_timerfd_settime(int fd, int flags, const struct itimerspec __user *value,
                         struct itimerspec __user *ovalue)
{
    struct itimerspec v, old;
    struct timerfd_ctx *c;
    struct fd f;
    int err = 0;

    if (copy_from_user(&v, value, sizeof(v)))
        return -EFAULT;
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) || !timespec_valid(&v.it_value) ||
        !timespec_valid(&v.it_interval))
        return -EINVAL;
    c = timerfd_get(fd, &f, &err);
    if (!c)
        return err;
    err = set_timer(c, flags, &v, &old);
    fdput(f);
    if (!err && ovalue && copy_to_user(ovalue, &old, sizeof(old)))
        err = -EFAULT;
    return err;
}

long sys_timerfd_gettime(int fd, struct itimerspec __user *value)
{
    struct itimerspec v;
    struct timerfd_ctx *c;
    struct fd f;
    int err = 0;

    c = timerfd_get(fd, &f, &err);
    if (!c)
        return err;
    read_setting(c, &v);
    fdput(f);
    return copy_to_user(value, &v, sizeof(v)) ? -EFAULT : 0;
}
