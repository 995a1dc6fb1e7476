/*
 * mask.c: the system calls that read and change masks, actions and pending sets. A task changes
 * only its own mask; SIGKILL and SIGSTOP are never blocked.
 */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* Signals that this thread now blocks but was chosen for go to another thread that wants them. */
static void retarget(sigset_t newly_blocked)
{
    struct signal_struct *sig = current->signal;
    sigset_t moved = sig->shared_set & newly_blocked;
    struct task_struct *t;

    if (!moved || sig->nr_threads == 1)
        return;
    list_for_each_entry (t, &sig->thread_head, thread_node) {
        if (t == current || (t->flags & PF_EXITING) || !(moved & ~t->blocked))
            continue;
        moved &= t->blocked;
        signal_wake_up(t, false);
        if (!moved)
            return;
    }
}

void set_current_blocked(sigset_t set)
{
    sigset_t newly;

    set &= ~SIG_KERNEL_ONLY_MASK;
    if (set == current->blocked)
        return;
    spin_lock_irq(&current->sighand->siglock);
    newly = set & ~current->blocked;
    if (signal_pending(current))
        retarget(newly);
    current->blocked = set;
    recalc_sigpending();
    spin_unlock_irq(&current->sighand->siglock);
}

/* A mask for the duration of one call (ppoll, sigsuspend). */
int set_user_sigmask(const sigset_t __user *umask, size_t size)
{
    sigset_t mask;

    if (!umask)
        return 0;
    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (copy_from_user(&mask, umask, sizeof(mask)))
        return -EFAULT;
    set_tsk_work(current, TIF_RESTORE_SIGMASK);
    current->saved_sigmask = current->blocked;
    set_current_blocked(mask);
    return 0;
}

/* After such a call: interrupted, the mask is put back when the handler returns; else now. */
void restore_saved_sigmask_unless(bool interrupted)
{
    if (interrupted || !(atomic_load_relaxed(&current->work) & TIF_RESTORE_SIGMASK))
        return;
    clear_work(TIF_RESTORE_SIGMASK);
    set_current_blocked(current->saved_sigmask);
}

long sys_rt_sigprocmask(int how, sigset_t __user *set, sigset_t __user *oset, size_t size)
{
    sigset_t old = current->blocked, mask;

    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (set) {
        if (copy_from_user(&mask, set, sizeof(mask)))
            return -EFAULT;
        if (how == SIG_BLOCK)
            mask |= old;
        else if (how == SIG_UNBLOCK)
            mask = old & ~mask;
        else if (how != SIG_SETMASK)
            return -EINVAL;
        set_current_blocked(mask);
    }
    return oset && copy_to_user(oset, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_rt_sigpending(sigset_t __user *set, size_t size)
{
    sigset_t pending;

    if (size > sizeof(sigset_t))
        return -EINVAL;
    spin_lock_irq(&current->sighand->siglock);
    pending = (current->pending_set | current->signal->shared_set) & current->blocked;
    spin_unlock_irq(&current->sighand->siglock);
    return copy_to_user(set, &pending, size) ? -EFAULT : 0;
}

static void set_action(int sig, struct sigaction *a)
{
    struct sigaction *slot = &current->sighand->action[sig - 1];
    struct task_struct *t;

    *slot = *a;
    current->sighand->custom |= sigmask(sig);
    if (!sig_task_ignored(current, sig))
        return;
    flush_sigqueue_mask(sigmask(sig), current,
                        true); /* POSIX: ignoring a pending signal discards it */
    list_for_each_entry (t, &current->signal->thread_head, thread_node)
        flush_sigqueue_mask(sigmask(sig), t, false);
}

#define SA_KNOWN                                                                                   \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART |            \
     SA_NODEFER | SA_RESETHAND)

long sys_rt_sigaction(int sig, const struct sigaction __user *act, struct sigaction __user *oact,
                      size_t size)
{
    struct sigaction new, old;

    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (act && copy_from_user(&new, act, sizeof(new)))
        return -EFAULT;
    if (sig < 1 || sig > _NSIG || (act && (sigmask(sig) & SIG_KERNEL_ONLY_MASK)))
        return -EINVAL;
    spin_lock_irq(&current->sighand->siglock);
    old = current->sighand->action[sig - 1];
    if (act) {
        new.sa_mask &= ~SIG_KERNEL_ONLY_MASK;
        new.sa_flags &= SA_KNOWN;
        set_action(sig, &new);
    }
    spin_unlock_irq(&current->sighand->siglock);
    return oact && copy_to_user(oact, &old, sizeof(old)) ? -EFAULT : 0;
}

static long suspend(void)
{
    while (!signal_pending(current)) {
        set_current_state(TASK_INTERRUPTIBLE);
        if (!signal_pending(current))
            schedule();
        set_current_state(TASK_RUNNING);
    }
    return -ERESTARTNOHAND;
}

long sys_pause(void)
{
    return suspend();
}

long sys_rt_sigsuspend(sigset_t __user *set, size_t size)
{
    int err;

    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (!set)
        return -EFAULT;
    err = set_user_sigmask(set, size);
    return err ? err : suspend();
}

/* Waits with `these` unblocked for the choice of thread but not taken as usual: real_blocked keeps
 * handlers away. */
static int wait_for_signal(sigset_t these, siginfo_t *info, s64 deadline)
{
    sigset_t mask = ~these;
    int sig;

    spin_lock_irq(&current->sighand->siglock);
    sig = dequeue_signal(&mask, info);
    if (!sig && deadline) {
        current->real_blocked = current->blocked;
        current->blocked &= mask;
        recalc_sigpending();
        spin_unlock_irq(&current->sighand->siglock);
        set_current_state(TASK_INTERRUPTIBLE);
        if (!signal_pending(current))
            schedule_hrtimeout_range(deadline, current->timer_slack_ns);
        set_current_state(TASK_RUNNING);
        spin_lock_irq(&current->sighand->siglock);
        current->blocked = current->real_blocked;
        current->real_blocked = 0;
        sig = dequeue_signal(&mask, info);
        recalc_sigpending();
    }
    spin_unlock_irq(&current->sighand->siglock);
    return sig;
}

long sys_rt_sigtimedwait(const sigset_t __user *uthese, siginfo_t __user *uinfo,
                         const struct timespec __user *uts, size_t size)
{
    s64 deadline = S64_MAX;
    struct timespec ts;
    sigset_t these;
    siginfo_t info;
    int sig;

    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (copy_from_user(&these, uthese, sizeof(these)) ||
        (uts && copy_from_user(&ts, uts, sizeof(ts))))
        return -EFAULT;
    if (uts) {
        s64 ns = timespec_to_ns(&ts);

        if (!timespec_valid(&ts))
            return -EINVAL;
        if (ns)
            ns = ns > S64_MAX - ktime_get_ns() ? S64_MAX : ktime_get_ns() + ns;
        deadline = ns;
    }
    these &= ~SIG_KERNEL_ONLY_MASK;
    do {
        sig = wait_for_signal(these, &info, deadline);
        if (sig)
            return uinfo && copy_siginfo_to_user(uinfo, &info) ? -EFAULT : sig;
        if (signal_pending(current))
            return -EINTR;
    } while (deadline && ktime_get_ns() < deadline);
    return -EAGAIN;
}

int copy_siginfo_to_user(siginfo_t __user *to, const siginfo_t *from)
{
    return copy_to_user(to, from, sizeof(*from)) ? -EFAULT : 0;
}

int copy_siginfo_from_user(siginfo_t *to, const siginfo_t __user *from)
{
    return copy_from_user(to, from, sizeof(*to)) ? -EFAULT : 0;
}
