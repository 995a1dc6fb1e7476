/* eventfd: a 64-bit counter behind a descriptor. Guard of the counter: its wait queue's lock. */
#include "kernel/fs/fs_internal.h"
#include "kernel/sched/wait.h"
#include "kernel/syscall/syscalls.h"

#define EFD_SEMAPHORE 1
#define COUNT_MAX     (~0UL - 1)

struct eventfd_ctx {
    wait_queue_head_t wq;
    u64 count;
    bool semaphore;
};

/* Takes what a read gets. False: nothing there. */
static bool take_count(struct eventfd_ctx *c, u64 *value)
{
    unsigned long flags;
    bool any;

    spin_lock_irqsave(&c->wq.lock, flags);
    any = c->count != 0;
    if (any) {
        *value = c->semaphore ? 1 : c->count;
        c->count -= *value;
        __wake_up_locked(&c->wq, TASK_NORMAL, 0, POLLOUT, false);
    }
    spin_unlock_irqrestore(&c->wq.lock, flags);
    return any;
}

static bool add_count(struct eventfd_ctx *c, u64 value)
{
    unsigned long flags;
    bool fits;

    spin_lock_irqsave(&c->wq.lock, flags);
    fits = COUNT_MAX - c->count >= value;
    if (fits) {
        c->count += value;
        __wake_up_locked(&c->wq, TASK_NORMAL, 0, POLLIN, false);
    }
    spin_unlock_irqrestore(&c->wq.lock, flags);
    return fits;
}

static ssize_t eventfd_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    struct eventfd_ctx *c = f->private_data;
    u64 value = 0;
    long err;

    if (n < sizeof(value))
        return -EINVAL;
    if (!take_count(c, &value)) {
        if (f->f_flags & O_NONBLOCK)
            return -EAGAIN;
        err = wait_event_interruptible(&c->wq, take_count(c, &value));
        if (err)
            return err;
    }
    return copy_to_user(buf, &value, sizeof(value)) ? -EFAULT : (ssize_t)sizeof(value);
}

static ssize_t eventfd_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    struct eventfd_ctx *c = f->private_data;
    u64 value;
    long err;

    if (n < sizeof(value))
        return -EINVAL;
    if (copy_from_user(&value, buf, sizeof(value)))
        return -EFAULT;
    if (value == ~0UL)
        return -EINVAL;
    if (!add_count(c, value)) {
        if (f->f_flags & O_NONBLOCK)
            return -EAGAIN;
        err = wait_event_interruptible(&c->wq, add_count(c, value));
        if (err)
            return err;
    }
    return sizeof(value);
}

static unsigned eventfd_poll(struct file *f, struct poll_table *pt)
{
    struct eventfd_ctx *c = f->private_data;
    u64 count;

    poll_wait(f, &c->wq, pt);
    count = atomic_load_acquire(&c->count);
    return (count ? POLLIN : 0) | (count == ~0UL ? POLLERR : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void eventfd_release(struct inode *inode, struct file *f)
{
    kfree(f->private_data);
}

static const struct file_operations eventfd_fops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
};

long sys_eventfd2(unsigned count, int flags)
{
    struct eventfd_ctx *c;
    int fd;

    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    c = kmalloc(sizeof(*c), GFP_KERNEL);
    if (!c)
        return -ENOMEM;
    init_waitqueue_head(&c->wq);
    c->count = count;
    c->semaphore = flags & EFD_SEMAPHORE;
    fd = anon_file_fd("[eventfd]", &eventfd_fops, c, O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
    if (fd < 0)
        kfree(c);
    return fd;
}

long sys_eventfd(unsigned count)
{
    return sys_eventfd2(count, 0);
}
