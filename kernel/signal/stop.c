/*
 * stop.c: job control stops of whole processes. A stop signal taken by one thread sets stop_work
 * for all; the last one to take part tells the parent. `stopped` is the condition of the sleep:
 * SIGCONT and SIGKILL clear it under siglock and wake.
 */
#include "kernel/signal/stop.h"
#include "kernel/signal/signal.h"
#include "kernel/task/task_internal.h"

static void tell_parent(int why)
{
    struct signal_struct *psig;

    spin_unlock_irq(&current->sighand->siglock);
    psig = lock_parent(current->group_leader);
    do_notify_parent_cldstop(current, why);
    spin_unlock(&psig->child_lock);
    spin_lock_irq(&current->sighand->siglock);
}

/* One thread less to wait for. True: it was the last, the process is stopped now. */
static bool one_less_to_stop(struct signal_struct *sig)
{
    if (sig->group_stop_count > 0)
        sig->group_stop_count--;
    if (sig->group_stop_count || (sig->flags & SIGNAL_STOP_STOPPED))
        return false;
    sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_STOP_STOPPED;
    return true;
}

static void sleep_stopped(void)
{
    while (READ_ONCE(current->stopped)) {
        set_current_state(TASK_STOPPED);
        if (READ_ONCE(current->stopped))
            schedule();
        set_current_state(TASK_RUNNING);
    }
}

void take_part_in_stop(void)
{
    struct signal_struct *sig = current->signal;

    current->stop_work = false;
    current->stopped = true;
    if (one_less_to_stop(sig))
        tell_parent(CLD_STOPPED);
    spin_unlock_irq(&current->sighand->siglock);
    sleep_stopped();
    spin_lock_irq(&current->sighand->siglock);
    recalc_sigpending();
}

static void begin_group_stop(int sig)
{
    struct signal_struct *group = current->signal;
    struct task_struct *t;

    group->group_exit_code = sig;
    group->group_stop_count = 0;
    list_for_each_entry (t, &group->thread_head, thread_node) {
        if ((t->flags & PF_EXITING) || t->stopped || t->stop_work)
            continue;
        t->stop_work = true;
        group->group_stop_count++;
        if (t != current)
            signal_wake_up(t, false);
    }
}

/* Terminal stops of an orphaned process group are dropped: nobody could continue it. So is one that a SIGCONT met while siglock was free: it
 * found no signal to take back and no stop to end. */
static bool orphaned_or_continued(int sig)
{
    bool orphaned;

    if (sig == SIGSTOP)
        return false;
    current->stop_taken = true;
    spin_unlock_irq(&current->sighand->siglock);
    orphaned = is_current_pgrp_orphaned();
    spin_lock_irq(&current->sighand->siglock);
    return orphaned || !current->stop_taken;
}

void stop_current(int sig)
{
    if (orphaned_or_continued(sig))
        return;
    if ((current->signal->flags & SIGNAL_GROUP_EXIT) || current->signal->group_exec_task)
        return;
    if ((current->pending_set | current->signal->shared_set) &
        (sigmask(SIGKILL) | sigmask(SIGCONT)))
        return;
    if (!current->stop_work)
        begin_group_stop(sig);
    take_part_in_stop();
}

bool notify_continued_locked(void)
{
    struct signal_struct *sig = current->signal;
    int why;

    if (likely(!(sig->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED))))
        return false;
    why = sig->flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
    sig->flags &= ~(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED);
    tell_parent(why);
    return true;
}

void exit_leaves_stop(void)
{
    bool last;

    if (!current->stop_work)
        return;
    current->stop_work = false;
    last = one_less_to_stop(current->signal);
    if (last)
        tell_parent(CLD_STOPPED);
}
