/* clone_calls.c: fork, vfork, clone, clone3, unshare: from the calls' arguments to
 * kernel_clone_args. */
#include "kernel/fs/vfs.h"
#include "kernel/lib/string.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

#define CLONE_ARGS_SIZE_VER0 64
#define CLONE_ARGS_SIZE_MAX  88
#define CLONE_KNOWN_FLAGS    0xffffff00UL
#define CLONE_INTO_CGROUP    0x200000000UL
#define CLONE_NEWTIME        0x80UL
#define UNSHARE_NAMESPACES   0x7e020000UL

struct clone_args {
    u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};

long sys_fork(void)
{
    struct kernel_clone_args args = {.exit_signal = SIGCHLD, .node = -1, .cpu = -1};

    return kernel_clone(&args);
}

long sys_vfork(void)
{
    struct kernel_clone_args args = {
        .flags = CLONE_VFORK | CLONE_VM,
        .exit_signal = SIGCHLD,
        .node = -1,
        .cpu = -1,
    };

    return kernel_clone(&args);
}

long sys_clone(unsigned long flags, unsigned long newsp, int __user *parent_tid,
               int __user *child_tid, unsigned long tls)
{
    struct kernel_clone_args args = {
        .flags = (u32)flags & ~CSIGNAL,
        .pidfd = parent_tid,
        .child_tid = child_tid,
        .parent_tid = parent_tid,
        .exit_signal = (int)(flags & CSIGNAL),
        .stack = newsp,
        .tls = tls,
        .node = -1,
        .cpu = -1,
    };

    if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
        return -EINVAL;
    return kernel_clone(&args);
}

/* Bytes of a later version that we do not know must be zero (E2BIG). */
static int check_rest(const u8 __user *p, size_t n)
{
    for (; n; n--, p++) {
        u8 v;

        if (get_user(v, p))
            return -EFAULT;
        if (v)
            return -E2BIG;
    }
    return 0;
}

static bool clone3_args_valid(const struct clone_args *a)
{
    if (a->flags & ~(CLONE_KNOWN_FLAGS | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | CLONE_NEWTIME))
        return false;
    if (a->flags & (CLONE_DETACHED | CLONE_NEWTIME | CLONE_INTO_CGROUP))
        return false;
    if ((a->flags & (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND)) == (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
        return false;
    if ((a->flags & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal)
        return false;
    if (a->exit_signal > _NSIG || (a->set_tid && !a->set_tid_size) ||
        (!a->set_tid && a->set_tid_size))
        return false;
    if (!a->stack)
        return !a->stack_size;
    return a->stack_size && access_ok((void *)a->stack, a->stack_size);
}

/* There is one pid namespace, so one number at most may be chosen. 0: none was. */
static int get_set_tid(const struct clone_args *a, pid_t *nr)
{
    *nr = 0;
    if (!a->set_tid)
        return 0;
    if (a->set_tid_size != 1)
        return -EINVAL;
    if (get_user(*nr, (pid_t __user *)a->set_tid))
        return -EFAULT;
    if (*nr < 1 || *nr >= pid_max)
        return -EINVAL;
    return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

long sys_clone3(void __user *uargs, size_t size)
{
    struct clone_args a = {0};
    pid_t nr;
    int err;

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (size > CLONE_ARGS_SIZE_MAX) {
        err =
            check_rest((const u8 __user *)uargs + CLONE_ARGS_SIZE_MAX, size - CLONE_ARGS_SIZE_MAX);
        if (err)
            return err;
    }
    if (copy_from_user(&a, uargs, min(size, (size_t)CLONE_ARGS_SIZE_MAX)))
        return -EFAULT;
    if (!clone3_args_valid(&a))
        return -EINVAL;
    err = get_set_tid(&a, &nr);
    if (err)
        return err;
    struct kernel_clone_args args = {
        .flags = a.flags,
        .pidfd = (int __user *)a.pidfd,
        .child_tid = (int __user *)a.child_tid,
        .parent_tid = (int __user *)a.parent_tid,
        .exit_signal = (int)a.exit_signal,
        .stack = a.stack,
        .stack_size = a.stack_size,
        .tls = a.tls,
        .set_tid = nr,
        .node = -1,
        .cpu = -1,
    };
    return kernel_clone(&args);
}

long sys_unshare(unsigned long flags)
{
    int err = 0;

    if (flags & ~(CLONE_FS | CLONE_FILES | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_SYSVSEM |
                  UNSHARE_NAMESPACES))
        return -EINVAL;
    if (flags & UNSHARE_NAMESPACES)
        return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
    if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && current->signal->nr_threads > 1)
        return -EINVAL;
    if (flags & CLONE_FS)
        err = unshare_fs();
    if (!err && (flags & CLONE_FILES))
        err = unshare_files();
    return err;
}
