/*
 * deliver.c: taking signals on the way to user mode. Owns get_signal(), the default actions, the
 * restart of interrupted system calls and the saved mask. Runs in the receiving task with
 * interrupts on and no lock.
 */
#include "kernel/arch/x86/ptregs.h"
#include "kernel/arch/x86/switch.h"
#include "kernel/arch/x86/traps.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/signal.h"
#include "kernel/signal/stop.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/process.h"
#include "kernel/task/rseq.h"

#define NR_restart_syscall 219

/* No core file is ever written; the status says so where Linux would have written one. */
#define CORE_BYTES_MIN 4096
static bool would_dump(int sig)
{
    return (sigmask(sig) & SIG_KERNEL_COREDUMP_MASK) && rlimit(RLIMIT_CORE) >= CORE_BYTES_MIN &&
           current->mm && current->mm->dumpable;
}

__noreturn static void fatal_now(int sig)
{
    spin_unlock_irq(&current->sighand->siglock);
    current->flags |= PF_SIGNALED;
    do_group_exit(would_dump(sig) ? sig | 0x80 : sig);
}

/* Under siglock. */
static void default_action(int sig)
{
    if ((current->signal->flags & SIGNAL_UNKILLABLE) && !(sigmask(sig) & SIG_KERNEL_ONLY_MASK))
        return;
    if (sigmask(sig) & SIG_KERNEL_IGNORE_MASK)
        return;
    if (sigmask(sig) & SIG_KERNEL_STOP_MASK)
        stop_current(sig);
    else
        fatal_now(sig);
}

/* Under siglock, which may be dropped and taken again. A signal with a handler, or 0. */
static int next_with_handler(struct ksignal *ksig)
{
    for (;;) {
        struct sigaction *a;
        int sig;

        if (notify_continued_locked()) /* at each turn: SIGCONT ends the stop in which this turn slept */
            continue;
        if (current->stop_work) {
            take_part_in_stop();
            continue;
        }
        if ((current->signal->flags & SIGNAL_GROUP_EXIT) || current->signal->group_exec_task ||
            (current->pending_set & sigmask(SIGKILL))) {
            current->pending_set &= ~sigmask(SIGKILL);
            recalc_sigpending();
            fatal_now(SIGKILL);
        }
        sig = dequeue_signal(&current->blocked, &ksig->info);
        if (!sig)
            return 0;
        a = &current->sighand->action[sig - 1];
        if (a->sa_handler == SIG_IGN)
            continue;
        if (a->sa_handler != SIG_DFL) {
            ksig->ka = *a;
            if (a->sa_flags & SA_RESETHAND)
                a->sa_handler = SIG_DFL;
            return sig;
        }
        default_action(sig);
    }
}

bool get_signal(struct ksignal *ksig)
{
    spin_lock_irq(&current->sighand->siglock);
    ksig->sig = next_with_handler(ksig);
    spin_unlock_irq(&current->sighand->siglock);
    return ksig->sig != 0;
}

/* The number is an int, as entry_syscall takes it: the other half of orig_ax may hold anything. */
static bool in_interrupted_call(const struct pt_regs *regs)
{
    return (int)regs->orig_ax != -1 && regs->ax >= (unsigned long)-ERESTART_RESTARTBLOCK &&
           regs->ax <= (unsigned long)-ERESTARTSYS;
}

static void rerun_call(struct pt_regs *regs)
{
    regs->ax = regs->orig_ax;
    regs->ip -= 2;
}

/* A handler is about to run over an interrupted call. */
static void restart_after_handler(struct pt_regs *regs, const struct sigaction *ka)
{
    switch (-(long)regs->ax) {
    case ERESTART_RESTARTBLOCK:
    case ERESTARTNOHAND:
        regs->ax = -EINTR;
        break;
    case ERESTARTSYS:
        if (!(ka->sa_flags & SA_RESTART)) {
            regs->ax = -EINTR;
            break;
        }
        /* fall through */
    case ERESTARTNOINTR:
        rerun_call(regs);
    }
}

static void restart_without_handler(struct pt_regs *regs)
{
    bool by_block = -(long)regs->ax == ERESTART_RESTARTBLOCK;

    rerun_call(regs);
    if (by_block)
        regs->ax = NR_restart_syscall;
}

static void handle_signal(struct ksignal *ksig, struct pt_regs *regs)
{
    sigset_t blocked;

    if (in_interrupted_call(regs))
        restart_after_handler(regs, &ksig->ka);
    rseq_signal(regs, ksig->sig); /* the frame has the abort address */
    if (setup_rt_frame(ksig, regs)) {
        force_sigsegv(ksig->sig);
        return;
    }
    clear_work(TIF_RESTORE_SIGMASK);
    blocked = current->blocked | ksig->ka.sa_mask;
    if (!(ksig->ka.sa_flags & SA_NODEFER))
        blocked |= sigmask(ksig->sig);
    set_current_blocked(blocked);
}

void do_signal(struct pt_regs *regs)
{
    struct ksignal ksig;

    force_full_return();
    if (get_signal(&ksig)) {
        handle_signal(&ksig, regs);
        regs->orig_ax = -1;
        return;
    }
    if (in_interrupted_call(regs)) {
        restart_without_handler(regs);
        regs->orig_ax = -1;
    }
    if (atomic_load_relaxed(&current->work) & TIF_RESTORE_SIGMASK) {
        clear_work(TIF_RESTORE_SIGMASK);
        set_current_blocked(current->saved_sigmask);
    }
}

long sys_restart_syscall(void)
{
    struct restart_block *r = &current->restart;

    return r->fn ? r->fn(r) : -EINTR;
}
