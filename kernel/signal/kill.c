/*
 * kill.c: the calls that send signals, who may send what to whom, and signals to process groups.
 * Owns the walk over a group and its agreement with fork (pid.c).
 */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/kill.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"

int check_kill_permission(int sig, const struct siginfo *info, struct task_struct *t)
{
    const struct cred *c = current_cred(), *tc;
    bool same;

    if (sig < 0 || sig > _NSIG)
        return -EINVAL;
    if (info == SEND_SIG_PRIV || (info != SEND_SIG_NOINFO && info->si_code > 0))
        return 0;
    if (t->signal == current->signal)
        return 0;
    rcu_read_lock();
    tc = rcu_dereference(t->real_cred);
    same = c->euid == tc->suid || c->euid == tc->uid || c->uid == tc->suid || c->uid == tc->uid;
    rcu_read_unlock();
    if (same || capable(CAP_KILL))
        return 0;
    return sig == SIGCONT && process_session_nr(t) == process_session_nr(current) ? 0 : -EPERM;
}

static int send_checked(int sig, struct siginfo *info, struct task_struct *t, bool group)
{
    int err = check_kill_permission(sig, info, t);

    if (err)
        return err;
    return group ? group_send_sig_info(sig, info, t) : send_sig_info(sig, info, t);
}

int kill_pid_info(int sig, struct siginfo *info, struct pid *pid)
{
    struct task_struct *t;
    int err = -ESRCH;

    rcu_read_lock();
    t = pid_task(pid, PIDTYPE_PID);
    if (t)
        err = send_checked(sig, info, t, true);
    rcu_read_unlock();
    return err;
}

int kill_pid(struct pid *pid, int sig, int priv)
{
    return kill_pid_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);
}

/* Every process for which `in` holds. 0 if one was signalled, else the last error, -ESRCH when
 * there was none. */
static int kill_walk(int sig, struct siginfo *info, struct task_struct *(*next)(pid_t *), bool (*in)(struct task_struct *, pid_t),
                     pid_t arg)
{
    struct task_struct *t;
    int err, ret = -ESRCH;
    pid_t nr = 1;

    for (; (t = next(&nr)); nr++) {
        if (in(t, arg)) {
            err = send_checked(sig, info, t, true);
            if (ret)
                ret = err;
        }
        put_task_struct(t);
    }
    return ret;
}

static bool in_group(struct task_struct *t, pid_t group)
{
    return process_group_nr(t) == group;
}

static int kill_pgrp_info(int sig, struct siginfo *info, struct pid *pgrp)
{
    unsigned long flags;
    int ret;

    spin_lock_irqsave(&pgrp->lock, flags);
    (void)atomic_fetch_add_full(&pgrp->group_signals, 1); /* with publish_child(), see pid.c */
    ret = kill_walk(sig, info, next_process_or_newborn, in_group, pgrp->numbers[0].nr);
    (void)atomic_fetch_add_full(&pgrp->group_signals, 1);
    spin_unlock_irqrestore(&pgrp->lock, flags);
    return ret;
}

int kill_pgrp(struct pid *pgrp, int sig, int priv)
{
    return pgrp ? kill_pgrp_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pgrp) : -ESRCH;
}

static bool not_init_nor_self(struct task_struct *t, pid_t unused)
{
    return t->pid > 1 && t->signal != current->signal && !(t->flags & PF_KTHREAD);
}

static int kill_numbered_group(int sig, struct siginfo *info, pid_t nr)
{
    struct pid *p = find_get_pid(nr);
    int err;

    if (!p)
        return -ESRCH;
    err = kill_pgrp_info(sig, info, p);
    put_pid(p);
    return err;
}

static void fill_user_info(siginfo_t *info, int sig, int code)
{
    *info = (siginfo_t){.si_signo = sig, .si_code = code};
    info->_sifields._kill.si_pid = current->tgid;
    info->_sifields._kill.si_uid = current_cred()->uid;
}

static int kill_process(pid_t pid, int sig, siginfo_t *info)
{
    struct task_struct *t = find_get_task_by_vpid(pid);
    int err;

    if (!t)
        return -ESRCH;
    err = send_checked(sig, info, t, true);
    put_task_struct(t);
    return err;
}

long sys_kill(pid_t pid, int sig)
{
    siginfo_t info;

    fill_user_info(&info, sig, SI_USER);
    if (pid > 0)
        return kill_process(pid, sig, &info);
    if (pid == INT_MIN)
        return -ESRCH;
    if (pid == -1)
        return kill_walk(sig, &info, next_process, not_init_nor_self, 0);
    return kill_numbered_group(sig, &info, pid ? -pid : process_group_nr(current));
}

static int send_to_thread(pid_t tgid, pid_t tid, int sig, siginfo_t *info)
{
    struct task_struct *t = find_get_task_by_vpid(tid);
    int err = -ESRCH;

    if (!t)
        return err;
    if (tgid <= 0 || t->tgid == tgid) {
        err = send_checked(sig, info, t, false);
        if (err == -ESRCH && sig && t->exit_state)
            err = 0; /* it died between: as if the signal came first */
    }
    put_task_struct(t);
    return err;
}

long sys_tgkill(pid_t tgid, pid_t tid, int sig)
{
    siginfo_t info;

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    fill_user_info(&info, sig, SI_TKILL);
    return send_to_thread(tgid, tid, sig, &info);
}

long sys_tkill(pid_t tid, int sig)
{
    siginfo_t info;

    if (tid <= 0)
        return -EINVAL;
    fill_user_info(&info, sig, SI_TKILL);
    return send_to_thread(0, tid, sig, &info);
}

/* Nobody may pretend that the kernel or kill() sent it, except to itself. */
static int take_user_info(siginfo_t *info, const siginfo_t __user *uinfo, int sig, bool to_self)
{
    if (copy_siginfo_from_user(info, uinfo))
        return -EFAULT;
    if ((info->si_code >= 0 || info->si_code == SI_TKILL) && !to_self)
        return -EPERM;
    info->si_signo = sig;
    return 0;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, siginfo_t __user *uinfo)
{
    siginfo_t info;
    int err = take_user_info(&info, uinfo, sig, pid == current->tgid);

    return err ? err : kill_process(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, siginfo_t __user *uinfo)
{
    siginfo_t info;
    int err;

    if (pid_bad(tgid) || pid_bad(tid))
        return -EINVAL;
    err = take_user_info(&info, uinfo, sig, tid == current->pid);
    return err ? err : send_to_thread(tgid, tid, sig, &info);
}

int pidfd_signal(struct pid *pid, int sig, siginfo_t __user *uinfo)
{
    siginfo_t info;
    int err;

    if (uinfo) {
        err = take_user_info(&info, uinfo, sig, pid == current->group_leader->thread_pid);
        if (err)
            return err;
        if (copy_siginfo_from_user(&info, uinfo) || info.si_signo != sig)
            return -EINVAL;
    } else {
        fill_user_info(&info, sig, SI_USER);
    }
    return kill_pid_info(sig, &info, pid);
}
