/*
 * send.c: sending signals. Owns the rules who gets a process signal, what is ignored at the door,
 * and how a fatal signal ends the whole process. The receiver's siglock is held where the name ends
 * in _locked. Any context but NMI.
 */
#include "kernel/arch/x86/smp.h"
#include "kernel/lib/string.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "percpu/own.h"

static bool sig_handler_ignored(const void *handler, int sig)
{
    return handler == SIG_IGN || (handler == SIG_DFL && (sigmask(sig) & SIG_KERNEL_IGNORE_MASK));
}

/* init takes no signal that it has no handler for, except from the kernel (forced). */
static bool init_is_immune(struct task_struct *t, int sig, const void *handler, bool forced)
{
    return (t->signal->flags & SIGNAL_UNKILLABLE) && handler == SIG_DFL &&
           !(forced && (sigmask(sig) & SIG_KERNEL_ONLY_MASK));
}

bool sig_task_ignored(struct task_struct *t, int sig)
{
    const void *handler = t->sighand->action[sig - 1].sa_handler;

    return init_is_immune(t, sig, handler, false) || sig_handler_ignored(handler, sig);
}

/* A blocked signal is kept whatever its action: that may change before it is unblocked. */
static bool sig_ignored(struct task_struct *t, int sig, bool forced)
{
    const void *handler = t->sighand->action[sig - 1].sa_handler;

    if ((t->blocked | t->real_blocked) & sigmask(sig))
        return false;
    if (init_is_immune(t, sig, handler, forced))
        return true;
    return sig_handler_ignored(handler, sig);
}

bool fatal_signal_pending(const struct task_struct *t)
{
    return signal_pending(t) && (READ_ONCE(t->pending_set) & sigmask(SIGKILL));
}

/* A task that runs in user mode on another CPU looks at its work when it leaves the interrupt. */
static void kick_task(struct task_struct *t)
{
    u64 w = own_read(&t->se.rq.own);

    if (OWN_STATE(w) >= OWN_RUNNING && OWN_STATE(w) <= OWN_WOKEN &&
        OWN_CPU(w) != smp_processor_id())
        smp_send_reschedule(OWN_CPU(w));
}

void signal_wake_up(struct task_struct *t, bool fatal)
{
    set_tsk_work(t, TIF_SIGPENDING);
    if (!wake_up_state(t, TASK_INTERRUPTIBLE |
                              (fatal ? TASK_WAKEKILL | TASK_STOPPED | TASK_TRACED : 0)))
        kick_task(t);
}

static bool wants_signal(int sig, struct task_struct *t)
{
    if ((t->blocked & sigmask(sig)) || (t->flags & PF_EXITING))
        return false;
    if (sig == SIGKILL)
        return true;
    return !(t->state & (TASK_STOPPED | TASK_TRACED)) && (t == current || !signal_pending(t));
}

void zap_other_threads(struct task_struct *p)
{
    struct task_struct *t;

    p->signal->group_stop_count = 0;
    list_for_each_entry (t, &p->signal->thread_head, thread_node) {
        t->stop_work = t->stopped = false;
        if (t == p || t->exit_state)
            continue;
        t->pending_set |= sigmask(SIGKILL);
        signal_wake_up(t, true);
    }
}

static struct task_struct *choose_thread(int sig, struct task_struct *t, bool group)
{
    struct task_struct *s;

    if (wants_signal(sig, t))
        return t;
    if (!group || t->signal->nr_threads == 1)
        return NULL;
    list_for_each_entry (s, &t->signal->thread_head, thread_node) {
        if (wants_signal(sig, s))
            return s;
    }
    return NULL;
}

static bool sig_fatal(struct task_struct *t, int sig)
{
    return !((SIG_KERNEL_IGNORE_MASK | SIG_KERNEL_STOP_MASK) & sigmask(sig)) &&
           t->sighand->action[sig - 1].sa_handler == SIG_DFL;
}

/* Picks the thread that takes it. A fatal one without a core dump starts the end of the whole
 * process at once. */
static void complete_signal(int sig, struct task_struct *p, bool group)
{
    struct signal_struct *signal = p->signal;
    struct task_struct *t = choose_thread(sig, p, group), *each;

    if (!t)
        return;
    if (sig_fatal(t, sig) && !(signal->flags & SIGNAL_GROUP_EXIT) &&
        !(t->real_blocked & sigmask(sig)) && !(sigmask(sig) & SIG_KERNEL_COREDUMP_MASK) &&
        (sig == SIGKILL || !(signal->flags & SIGNAL_UNKILLABLE))) {
        signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
        signal->group_exit_code = sig;
        signal->group_stop_count = 0;
        list_for_each_entry (each, &signal->thread_head, thread_node) {
            each->stop_work = each->stopped = false;
            each->pending_set |= sigmask(SIGKILL);
            signal_wake_up(each, true);
        }
        return;
    }
    signal_wake_up(t, sig == SIGKILL);
}

static void continue_threads(struct task_struct *p)
{
    struct signal_struct *signal = p->signal;
    struct task_struct *t;
    unsigned why = 0;

    list_for_each_entry (t, &signal->thread_head, thread_node) {
        flush_sigqueue_mask(SIG_KERNEL_STOP_MASK, t, false);
        t->stop_work = t->stopped = t->stop_taken = false;
        wake_up_state(t, TASK_STOPPED);
    }
    if (signal->flags & SIGNAL_STOP_STOPPED)
        why = SIGNAL_CLD_CONTINUED;
    else if (signal->group_stop_count)
        why = SIGNAL_CLD_STOPPED;
    if (why) {
        signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | SIGNAL_STOP_CONTINUED | why;
        signal->group_stop_count = 0;
        signal->group_exit_code = 0;
    }
}

/* Stop and continue signals cancel each other, whether they are blocked, ignored or handled. False:
 * drop it. */
static bool prepare_signal(int sig, struct task_struct *p, bool forced)
{
    struct signal_struct *signal = p->signal;
    struct task_struct *t;

    if (signal->flags & SIGNAL_GROUP_EXIT)
        return sig == SIGKILL;
    if (sigmask(sig) & SIG_KERNEL_STOP_MASK) {
        flush_sigqueue_mask(sigmask(SIGCONT), p, true);
        list_for_each_entry (t, &signal->thread_head, thread_node)
            flush_sigqueue_mask(sigmask(SIGCONT), t, false);
    } else if (sig == SIGCONT) {
        flush_sigqueue_mask(SIG_KERNEL_STOP_MASK, p, true);
        continue_threads(p);
    }
    return !sig_ignored(p, sig, forced);
}

static void fill_info(siginfo_t *to, int sig, struct siginfo *info)
{
    if (info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV) {
        *to = *info;
        return;
    }
    memset(to, 0, sizeof(*to));
    to->si_signo = sig;
    if (info == SEND_SIG_PRIV) {
        to->si_code = SI_KERNEL;
    } else {
        to->si_code = SI_USER;
        to->_sifields._kill.si_pid = current->tgid;
        to->_sifields._kill.si_uid = current_cred()->uid;
    }
}

static bool from_kernel(struct siginfo *info)
{
    return info == SEND_SIG_PRIV || (info != SEND_SIG_NOINFO && info->si_code > 0);
}

/* Whom a process's signal is addressed to: its leader now. t was it when the caller looked it up; by now another thread may have done exec
 * and t be released, and t would take nothing. nr_threads 0: all have ended, leader_task may be free. */
static struct task_struct *addressee(struct task_struct *t, bool group)
{
    return group && t->signal->nr_threads ? t->signal->leader_task : t;
}

/* Its details are queued, or there are none. The bit before the wake-up: who is woken looks for it. */
static void publish_signal(int sig, struct task_struct *t, bool group)
{
    sigset_t *set = group ? &t->signal->shared_set : &t->pending_set;

    *set |= sigmask(sig);
    if (waitqueue_active(&t->sighand->signalfd_wqh)) /* waiters look at the set under siglock, once they are in the queue */
        wake_up_all(&t->sighand->signalfd_wqh);
    complete_signal(sig, t, group);
}

int send_signal_locked(int sig, struct siginfo *info, struct task_struct *t, bool group)
{
    struct list_head *queue = group ? &t->signal->shared_queue : &t->pending_queue;
    sigset_t *set = group ? &t->signal->shared_set : &t->pending_set;
    struct sigqueue *q = NULL;

    t = addressee(t, group);
    if (!prepare_signal(sig, t, from_kernel(info)))
        return 0;
    if (t->exit_state && !group)
        return 0;
    if (sig < SIGRTMIN && (*set & sigmask(sig)))
        return 0; /* a standard signal pends once */
    if (sig != SIGKILL && !(t->flags & PF_KTHREAD)) {
        q = sigqueue_alloc(t, sig < SIGRTMIN && (from_kernel(info) || info == SEND_SIG_NOINFO));
        if (q) {
            fill_info(&q->info, sig, info);
            list_add_tail(&q->list, queue);
        } else if (sig >= SIGRTMIN && !from_kernel(info) && info != SEND_SIG_NOINFO &&
                   info->si_code != SI_USER) {
            return -EAGAIN;
        }
    }
    publish_signal(sig, t, group);
    return 0;
}

void send_prealloc_locked(struct sigqueue *q, struct task_struct *t, bool group)
{
    int sig = q->info.si_signo;

    t = addressee(t, group);
    if (!prepare_signal(sig, t, false))
        return;
    if (t->exit_state && !group)
        return; /* its queue may have been flushed for the last time */
    list_add_tail(&q->list, group ? &t->signal->shared_queue : &t->pending_queue);
    publish_signal(sig, t, group);
}

static int send_locking(int sig, struct siginfo *info, struct task_struct *t, bool group)
{
    unsigned long flags;
    struct sighand_struct *s;
    int err = -ESRCH;

    if (sig < 0 || sig > _NSIG)
        return -EINVAL;
    if (!sig)
        return 0;
    s = lock_task_sighand(t, &flags);
    if (group ? t->signal->nr_threads != 0 : !t->exit_state)
        err = send_signal_locked(sig, info, t, group);
    unlock_task_sighand(s, flags);
    return err;
}

int send_sig_info(int sig, struct siginfo *info, struct task_struct *t)
{
    return send_locking(sig, info, t, false);
}

int group_send_sig_info(int sig, struct siginfo *info, struct task_struct *t)
{
    return send_locking(sig, info, t, true);
}

int send_sig(int sig, struct task_struct *t, int priv)
{
    return send_sig_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, t);
}

/* A fault of current: the action is reset and the signal unblocked when it would not be taken. */
static void force_sig_info(siginfo_t *info)
{
    int sig = info->si_signo;
    struct sigaction *a = &current->sighand->action[sig - 1];
    unsigned long flags;

    spin_lock_irqsave(&current->sighand->siglock, flags);
    if ((current->blocked & sigmask(sig)) || a->sa_handler == SIG_IGN) {
        a->sa_handler = SIG_DFL;
        current->blocked &= ~sigmask(sig);
        recalc_sigpending();
    }
    if (a->sa_handler == SIG_DFL)
        current->signal->flags &= ~SIGNAL_UNKILLABLE;
    send_signal_locked(sig, info, current, false);
    spin_unlock_irqrestore(&current->sighand->siglock, flags);
}

void force_sig_fault(int sig, int code, void __user *addr)
{
    siginfo_t info = {.si_signo = sig, .si_code = code};

    info._sifields._sigfault.si_addr = addr;
    force_sig_info(&info);
}

void force_sig(int sig)
{
    siginfo_t info = {.si_signo = sig, .si_code = SI_KERNEL};

    force_sig_info(&info);
}

/* The handler's frame could not be made: when that was SIGSEGV's own, nothing can be handled any
 * more. */
void force_sigsegv(int sig)
{
    unsigned long flags;

    if (sig == SIGSEGV) {
        spin_lock_irqsave(&current->sighand->siglock, flags);
        current->sighand->action[SIGSEGV - 1].sa_handler = SIG_DFL;
        spin_unlock_irqrestore(&current->sighand->siglock, flags);
    }
    force_sig(SIGSEGV);
}
