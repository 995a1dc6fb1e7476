/* rlimit.c: resource limits (getrlimit(2)). Each value is one word: readers need no lock; writers
 * hold siglock. */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

#define NR_OPEN_MAX (1UL << 20)

static int change_limit(struct task_struct *t, unsigned resource, const struct rlimit *new,
                        struct rlimit *old)
{
    struct rlimit *slot = &t->signal->rlim[resource];
    struct sighand_struct *s;
    unsigned long flags;
    int err = 0;

    if (new && new->rlim_cur > new->rlim_max)
        return -EINVAL;
    if (new && resource == RLIMIT_NOFILE && new->rlim_max > NR_OPEN_MAX)
        return -EPERM;
    s = lock_task_sighand(t, &flags);
    if (new && new->rlim_max > slot->rlim_max && !capable(CAP_SYS_RESOURCE))
        err = -EPERM;
    if (!err && old)
        *old = *slot;
    if (!err && new) {
        *slot = *new;
        if (rlimits_count_time(t->signal))
            t->signal->cpu_timers = true;
    }
    unlock_task_sighand(s, flags);
    if (!err && new && (resource == RLIMIT_CPU || resource == RLIMIT_RTTIME))
        sched_cpu_timers_changed();
    return err;
}

static int may_change_limits_of(struct task_struct *t)
{
    const struct cred *c = current_cred(), *tc;
    bool same;

    if (t == current)
        return 0;
    rcu_read_lock();
    tc = rcu_dereference(t->real_cred);
    same = c->uid == tc->euid && c->uid == tc->suid && c->uid == tc->uid && c->gid == tc->egid &&
           c->gid == tc->sgid && c->gid == tc->gid;
    rcu_read_unlock();
    return same || capable(CAP_SYS_RESOURCE) ? 0 : -EPERM;
}

long sys_getrlimit(unsigned resource, struct rlimit __user *urlim)
{
    struct rlimit old;

    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    change_limit(current, resource, NULL, &old);
    return copy_to_user(urlim, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_setrlimit(unsigned resource, struct rlimit __user *urlim)
{
    struct rlimit new;

    if (copy_from_user(&new, urlim, sizeof(new)))
        return -EFAULT;
    return resource >= RLIM_NLIMITS ? -EINVAL : change_limit(current, resource, &new, NULL);
}

long sys_prlimit64(pid_t pid, unsigned resource, const struct rlimit __user *unew,
                   struct rlimit __user *uold)
{
    struct rlimit new, old;
    struct task_struct *t;
    int err;

    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (unew && copy_from_user(&new, unew, sizeof(new)))
        return -EFAULT;
    t = find_get_task_by_vpid(pid ? pid : current->pid);
    if (!t)
        return -ESRCH;
    err = may_change_limits_of(t);
    if (!err)
        err = change_limit(t, resource, unew ? &new : NULL, uold ? &old : NULL);
    put_task_struct(t);
    return !err && uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : err;
}
