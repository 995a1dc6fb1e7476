/*
 * signalfd.c: reading signals from a descriptor (signalfd(2)). The file holds a mask; who reads or
 * polls it sees its own pending signals, whoever made it.
 */
#include "kernel/fs/vfs.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define SFD_CLOEXEC  O_CLOEXEC
#define SFD_NONBLOCK O_NONBLOCK

struct signalfd {
    sigset_t mask;
};

struct signalfd_siginfo {
    u32 signo;
    s32 err, code;
    u32 pid, uid;
    s32 fd;
    u32 tid, band, overrun, trapno;
    s32 status, value;
    u64 ptr, utime, stime, addr;
    u16 addr_lsb, pad2;
    s32 syscall;
    u64 call_addr;
    u32 arch;
    u8 pad[28];
};
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "Linux's struct signalfd_siginfo");

static void fill_sent(struct signalfd_siginfo *to, const siginfo_t *from)
{
    to->pid = (u32)from->_sifields._rt.si_pid;
    to->uid = from->_sifields._rt.si_uid;
    if (from->si_code < 0) {
        to->ptr = from->_sifields._rt.si_value;
        to->value = (s32)from->_sifields._rt.si_value;
    }
}

static void fill(struct signalfd_siginfo *to, const siginfo_t *from)
{
    *to = (struct signalfd_siginfo){
        .signo = (u32)from->si_signo, .err = from->si_errno, .code = from->si_code};
    if (from->si_code == SI_TIMER) {
        to->tid = (u32)from->_sifields._timer.si_tid;
        to->overrun = (u32)from->_sifields._timer.si_overrun;
        to->ptr = from->_sifields._timer.si_value;
        to->value = (s32)to->ptr;
    } else if (from->si_code > 0 && (sigmask(from->si_signo) & SIG_SYNCHRONOUS_MASK)) {
        to->addr = (u64)from->_sifields._sigfault.si_addr;
    } else {
        fill_sent(to, from);
        if (from->si_signo == SIGCHLD && from->si_code > 0) {
            to->status = from->_sifields._sigchld.si_status;
            to->utime = (u64)from->_sifields._sigchld.si_utime;
            to->stime = (u64)from->_sifields._sigchld.si_stime;
        }
    }
}

static int take_one(struct signalfd *ctx, siginfo_t *info)
{
    sigset_t mask = ~ctx->mask;
    int sig;

    spin_lock_irq(&current->sighand->siglock);
    sig = dequeue_signal(&mask, info);
    spin_unlock_irq(&current->sighand->siglock);
    return sig;
}

/* Called after entering the queue, and under siglock: a sender that had it before is seen, one that gets it later sees the queue. */
static bool any_pending(const struct signalfd *ctx)
{
    sigset_t pending;

    spin_lock_irq(&current->sighand->siglock);
    pending = current->pending_set | current->signal->shared_set;
    spin_unlock_irq(&current->sighand->siglock);
    return pending & READ_ONCE(ctx->mask);
}

static int wait_for_one(struct file *f, siginfo_t *info)
{
    struct signalfd *ctx = f->private_data;
    int sig = take_one(ctx, info);
    long err;

    while (!sig) {
        if (f->f_flags & O_NONBLOCK)
            return -EAGAIN;
        err = wait_event_interruptible(&current->sighand->signalfd_wqh, any_pending(ctx));
        if (err)
            return (int)err;
        sig = take_one(ctx, info);
    }
    return sig;
}

static ssize_t signalfd_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    struct signalfd_siginfo out;
    size_t done = 0;
    siginfo_t info;
    int sig;

    if (n < sizeof(out))
        return -EINVAL;
    for (; done + sizeof(out) <= n; done += sizeof(out)) {
        sig = done ? take_one(f->private_data, &info) : wait_for_one(f, &info);
        if (sig < 0)
            return sig;
        if (!sig)
            break;
        fill(&out, &info);
        if (copy_to_user(buf + done, &out, sizeof(out)))
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

static unsigned signalfd_poll(struct file *f, struct poll_table *pt)
{
    if (pt)
        WRITE_ONCE(current->sighand->watched, true);
    poll_wait(f, &current->sighand->signalfd_wqh, pt);
    return any_pending(f->private_data) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct inode *inode, struct file *f)
{
    kfree(f->private_data);
}

static const struct file_operations signalfd_fops = {
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
};

static long make_signalfd(sigset_t mask, int flags)
{
    struct signalfd *ctx = kmalloc(sizeof(*ctx), GFP_KERNEL);
    struct file *f;
    int fd;

    if (!ctx)
        return -ENOMEM;
    ctx->mask = mask;
    fd = get_unused_fd_flags((unsigned)flags);
    f = fd < 0 ? ERR_PTR(fd)
               : alloc_anon_file("[signalfd]", &signalfd_fops, ctx,
                                 O_RDWR | (unsigned)(flags & O_NONBLOCK));
    if (IS_ERR(f)) {
        if (fd >= 0)
            put_unused_fd(fd);
        kfree(ctx);
        return PTR_ERR(f);
    }
    fd_install(fd, f);
    return fd;
}

static long change_mask(int fd, sigset_t mask)
{
    struct fd f = fdget(fd);
    long ret = fd;

    if (!f.file)
        return -EBADF;
    if (f.file->f_op != &signalfd_fops) {
        ret = -EINVAL;
    } else {
        WRITE_ONCE(((struct signalfd *)f.file->private_data)->mask, mask);
        wake_up_all(&current->sighand->signalfd_wqh);
    }
    fdput(f);
    return ret;
}

long sys_signalfd4(int fd, sigset_t __user *umask, size_t size, int flags)
{
    sigset_t mask;

    if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) || size != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, umask, sizeof(mask)))
        return -EFAULT;
    mask &= ~SIG_KERNEL_ONLY_MASK;
    return fd == -1 ? make_signalfd(mask, flags) : change_mask(fd, mask);
}

long sys_signalfd(int fd, sigset_t __user *mask, size_t size)
{
    return sys_signalfd4(fd, mask, size, 0);
}
