/*
 * notify.c: telling the parent what became of a child. The caller holds the parent's child_lock, so
 * the parent cannot change; the parent's siglock is taken inside.
 */
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/rusage.h"
#include "kernel/task/task_internal.h"

static void fill_child_info(siginfo_t *info, struct task_struct *t, int sig)
{
    u64 utime, stime;

    *info = (siginfo_t){.si_signo = sig};
    process_cputime(t, &utime, &stime);
    info->_sifields._sigchld.si_pid = t->tgid;
    info->_sifields._sigchld.si_uid = t->real_cred->uid;
    info->_sifields._sigchld.si_utime = (s64)(utime / 10000000);
    info->_sifields._sigchld.si_stime = (s64)(stime / 10000000);
}

static void set_exit_status(siginfo_t *info, int code)
{
    info->_sifields._sigchld.si_status = code & 0x7f;
    if (code & 0x80)
        info->si_code = CLD_DUMPED;
    else if (code & 0x7f)
        info->si_code = CLD_KILLED;
    else {
        info->si_code = CLD_EXITED;
        info->_sifields._sigchld.si_status = code >> 8 & 0xff;
    }
}

int process_exit_code(const struct task_struct *leader)
{
    const struct signal_struct *sig = leader->signal;

    return sig->flags & SIGNAL_GROUP_EXIT ? sig->group_exit_code : leader->exit_code;
}

static void wake_parent(struct signal_struct *psig)
{
    atomic_fence_full(); /* with do_wait(): it queued itself before it looked at the children, or we
                            see it here */
    if (waitqueue_active(&psig->wait_chldexit))
        __wake_up(&psig->wait_chldexit, TASK_INTERRUPTIBLE, 0, 0, true);
}

bool do_notify_parent(struct task_struct *t, int sig)
{
    struct task_struct *parent = t->parent;
    struct sighand_struct *ps;
    bool autoreap = false;
    unsigned long flags;
    siginfo_t info;

    ps = lock_task_sighand(parent, &flags);
    if (sig == SIGCHLD) {
        const struct sigaction *a = &ps->action[SIGCHLD - 1];

        autoreap = a->sa_handler == SIG_IGN || (a->sa_flags & SA_NOCLDWAIT);
        if (a->sa_handler == SIG_IGN ||
            (a->sa_handler == SIG_DFL && !(parent->blocked & sigmask(SIGCHLD))))
            sig = 0;
    }
    if (sig > 0 && sig <= _NSIG) {
        fill_child_info(&info, t, sig);
        set_exit_status(&info, process_exit_code(t));
        send_signal_locked(sig, &info, parent, true);
    }
    unlock_task_sighand(ps, flags);
    wake_parent(parent->signal);
    return autoreap;
}

void do_notify_parent_cldstop(struct task_struct *t, int why)
{
    struct task_struct *leader = t->group_leader, *parent = leader->real_parent;
    const struct sigaction *a;
    struct sighand_struct *ps;
    unsigned long flags;
    siginfo_t info;

    fill_child_info(&info, leader, SIGCHLD);
    info.si_code = why;
    info._sifields._sigchld.si_status =
        why == CLD_CONTINUED ? SIGCONT : t->signal->group_exit_code & 0x7f;
    ps = lock_task_sighand(parent, &flags);
    a = &ps->action[SIGCHLD - 1];
    if (a->sa_handler != SIG_IGN && !(a->sa_flags & SA_NOCLDSTOP))
        send_signal_locked(SIGCHLD, &info, parent, true);
    unlock_task_sighand(ps, flags);
    wake_parent(parent->signal);
}
