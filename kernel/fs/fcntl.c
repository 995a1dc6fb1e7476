/* fcntl, flock's entry, ioctl's dispatch. */
#include "kernel/fs/fs_internal.h"
#include "kernel/ipc/pipe.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_GETOWN        9
#define F_GETSIG        11
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_DUPFD_CLOEXEC 1030
#define SETFL_MASK                                                                                 \
    (O_APPEND | O_NONBLOCK | 01000000 /* O_NOATIME */ | 020000 /* O_ASYNC */ |                     \
     040000 /* O_DIRECT */)

static long set_flags(struct file *f, unsigned flags)
{
    u32 old = atomic_load_relaxed(&f->f_flags);

    if ((flags ^ old) & 01000000 && flags & 01000000 && !inode_owner_or_capable(f->f_inode))
        return -EPERM;
    while (!atomic_cas_full(&f->f_flags, &old, (old & ~SETFL_MASK) | (flags & SETFL_MASK)))
        ;
    return 0;
}

static long do_fcntl(unsigned fd, struct file *f, unsigned cmd, unsigned long arg)
{
    switch (cmd) {
    case F_DUPFD:
        return dup_from(fd, arg, 0);
    case F_DUPFD_CLOEXEC:
        return dup_from(fd, arg, O_CLOEXEC);
    case F_GETFD:
        return get_cloexec(fd);
    case F_SETFD:
        set_cloexec(fd, arg & 1);
        return 0;
    case F_GETFL:
        return f->f_flags;
    default:
        break;
    }
    if (f->f_mode & FMODE_PATH)
        return -EBADF;
    switch (cmd) {
    case F_SETFL:
        return set_flags(f, arg);
    case F_GETLK:
        return fcntl_getlk(f, (void __user *)arg, false);
    case F_OFD_GETLK:
        return fcntl_getlk(f, (void __user *)arg, true);
    case F_SETLK:
    case F_SETLKW:
        return fcntl_setlk(f, fd, (void __user *)arg, cmd == F_SETLKW, false);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_setlk(f, fd, (void __user *)arg, cmd == F_OFD_SETLKW, true);
    case F_GETOWN:
    case F_GETSIG:
        return 0;
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ:
        return pipe_fcntl(f, cmd, arg);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(unsigned fd, unsigned cmd, unsigned long arg)
{
    struct fd f = fdget_raw(fd);
    long r;

    if (!f.file)
        return -EBADF;
    r = do_fcntl(fd, f.file, cmd, arg);
    fdput(f);
    return r;
}

/* ---- ioctl ---- */
#define FIONREAD 0x541b
#define FIONBIO  0x5421
#define FIONCLEX 0x5450
#define FIOCLEX  0x5451

static long set_nonblock(struct file *f, int __user *arg)
{
    int on;

    if (get_user(on, arg))
        return -EFAULT;
    return set_flags(f, on ? f->f_flags | O_NONBLOCK : f->f_flags & ~O_NONBLOCK);
}

static long do_ioctl(unsigned fd, struct file *f, unsigned cmd, unsigned long arg)
{
    struct inode *inode = f->f_inode;

    switch (cmd) {
    case FIOCLEX:
        set_cloexec(fd, true);
        return 0;
    case FIONCLEX:
        set_cloexec(fd, false);
        return 0;
    case FIONBIO:
        return set_nonblock(f, (int __user *)arg);
    case FIONREAD:
        if (S_ISREG(inode->i_mode))
            return put_user((int)(inode->i_size - f->f_pos), (int __user *)arg);
        break;
    default:
        break;
    }
    return f->f_op->ioctl ? f->f_op->ioctl(f, cmd, arg) : -ENOTTY;
}

long sys_ioctl(unsigned fd, unsigned cmd, unsigned long arg)
{
    struct fd f = fdget(fd);
    long r;

    if (!f.file)
        return -EBADF;
    r = do_ioctl(fd, f.file, cmd, arg);
    fdput(f);
    return r;
}
