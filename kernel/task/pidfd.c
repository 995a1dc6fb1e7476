/*
 * pidfd.c: descriptors that name a process (pidfd_open(2)). A pidfd holds its struct pid, never the
 * task; it becomes readable when the process is a zombie or gone.
 */
#include "kernel/fs/procfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/signal/kill.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

#define PIDFD_NONBLOCK O_NONBLOCK

static bool process_ended(struct pid *pid)
{
    struct task_struct *t;
    bool ended;

    rcu_read_lock();
    t = pid_task(pid, PIDTYPE_PID);
    ended = !t || (t->exit_state && t->signal->nr_threads <= 1);
    rcu_read_unlock();
    return ended;
}

static unsigned pidfd_poll(struct file *f, struct poll_table *pt)
{
    struct pid *pid = f->private_data;

    poll_wait(f, &pid->wait_pidfd, pt);
    return process_ended(pid) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct inode *inode, struct file *f)
{
    put_pid(f->private_data);
}

static const struct file_operations pidfd_fops = {.poll = pidfd_poll, .release = pidfd_release};

struct file *pidfd_file(struct pid *p, unsigned flags)
{
    struct file *f = alloc_anon_file("[pidfd]", &pidfd_fops, get_pid(p), flags | O_RDWR);

    if (IS_ERR(f))
        put_pid(p);
    return f;
}

struct pid *pidfd_get(int fd, unsigned *wait_options)
{
    struct fd f = fdget(fd);
    struct pid *p = ERR_PTR(-EBADF);

    if (f.file && f.file->f_op == &pidfd_fops) {
        p = get_pid(f.file->private_data);
        if (wait_options && (f.file->f_flags & PIDFD_NONBLOCK))
            *wait_options |= 1; /* WNOHANG */
    }
    if (f.file)
        fdput(f);
    return p;
}

long sys_pidfd_open(pid_t nr, unsigned flags)
{
    struct task_struct *t;
    struct file *f;
    struct pid *p;
    bool leader;
    int fd;

    if ((flags & ~PIDFD_NONBLOCK) || nr <= 0)
        return -EINVAL;
    p = find_get_pid(nr);
    if (!p)
        return -ESRCH;
    rcu_read_lock();
    t = pid_task(p, PIDTYPE_PID);
    leader = t && t->group_leader == t;
    rcu_read_unlock();
    fd = t ? leader ? get_unused_fd_flags(O_RDWR | O_CLOEXEC) : -EINVAL : -ESRCH;
    if (fd >= 0) {
        f = pidfd_file(p, flags);
        if (IS_ERR(f)) {
            put_unused_fd(fd);
            fd = (int)PTR_ERR(f);
        } else {
            fd_install(fd, f);
        }
    }
    put_pid(p);
    return fd;
}

long sys_pidfd_send_signal(int pidfd, int sig, siginfo_t __user *uinfo, unsigned flags)
{
    struct pid *p;
    int err;

    if (flags)
        return -EINVAL;
    p = pidfd_get(pidfd, NULL);
    if (IS_ERR(p))
        p = proc_pid_get(pidfd); /* a directory /proc/PID names a process too */
    if (IS_ERR(p))
        return PTR_ERR(p);
    err = pidfd_signal(p, sig, uinfo);
    put_pid(p);
    return err;
}
