/*
 * exit.c: the end of tasks. Owns do_exit() and release_task(). A task gives back its resources
 * itself; what remains for the parent is the zombie: number, exit code and usage. exit_state is
 * written under the parent's child_lock, for threads that nobody waits for by the thread itself.
 */
#include "kernel/debug/assert.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/stop.h"
#include "kernel/sync/completion.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"
#include "lockfree/rcu_list.h"

/* No new signals for this thread; those of the process that it would have taken go to others. */
static void exit_signals(struct task_struct *t)
{
    struct signal_struct *sig = t->signal;
    struct task_struct *other;

    if (sig->nr_threads == 1) {
        t->flags |= PF_EXITING;
        return;
    }
    spin_lock_irq(&t->sighand->siglock);
    t->flags |= PF_EXITING;
    exit_leaves_stop();
    if (sig->shared_set && !(sig->flags & SIGNAL_GROUP_EXIT)) {
        list_for_each_entry (other, &sig->thread_head, thread_node) {
            if (other != t && !(other->flags & PF_EXITING) && (sig->shared_set & ~other->blocked))
                signal_wake_up(other, false);
        }
    }
    spin_unlock_irq(&t->sighand->siglock);
}

void mm_release(struct task_struct *t)
{
    struct completion *vfork;

    if (t->robust_list || t->clear_child_tid)
        futex_exit_release(t);
    futex_pi_release(t);
    if (t->vfork_done) {
        vfork = atomic_xchg_full(&t->vfork_done, NULL);
        if (vfork)
            complete(vfork);
    }
}

/* The space stays loaded as a borrowed one until the next task has its own. */
static void exit_mm(struct task_struct *t)
{
    struct mm_struct *mm = t->mm;
    u64 kb;

    mm_release(t);
    if (!mm)
        return;
    kb = max(mm->hiwater_rss, get_mm_rss(mm)) << (PAGE_SHIFT - 10);
    if (kb > t->signal->maxrss_kb)
        t->signal->maxrss_kb = kb;
    atomic_inc_relaxed(&mm->count);
    spin_lock(&t->alloc_lock);
    t->mm = NULL;
    enter_lazy_tlb(mm);
    spin_unlock(&t->alloc_lock);
    mmput(mm);
}

static void exit_files(struct task_struct *t)
{
    struct files_struct *files = t->files;
    struct fs_struct *fs = t->fs;

    spin_lock(&t->alloc_lock); /* with get_task_files() */
    t->files = NULL;
    t->fs = NULL;
    spin_unlock(&t->alloc_lock);
    put_files(files);
    put_fs(fs);
}

/* Under siglock: takes the thread out of its process; its usage stays in signal_struct. */
static void unlink_thread(struct task_struct *t)
{
    struct signal_struct *sig = t->signal;

    seq_write_begin(&sig->unlinking);
    account_dead_thread(t);
    if (sig->nr_threads > 1)
        list_del_rcu(&t->thread_node);
    seq_write_end(&sig->unlinking);
    flush_sigqueue(&t->pending_queue, &t->pending_set);
    if (--sig->nr_threads == 0) {
        flush_sigqueue(&sig->shared_queue, &sig->shared_set);
        return;
    }
    if (sig->curr_target == t)
        sig->curr_target = sig->leader_task;
    if (unlikely(sig->group_exec_task))
        wake_up_state(sig->group_exec_task, TASK_KILLABLE);
}

/* The process's last thread was released: the waiting zombie leader can be reported now. Called in an RCU section, left here, that began while
 * nobody could have reaped it: only so long is its parent there. True: it reaps itself. */
static bool report_leader(struct task_struct *leader)
{
    struct signal_struct *psig = lock_parent(leader);
    bool autoreap = false;

    rcu_read_unlock();
    if (leader->exit_state == EXIT_ZOMBIE && leader->signal->nr_threads == 1) {
        autoreap = do_notify_parent(leader, leader->exit_signal);
        if (autoreap) {
            sched_inherit_debt(psig, leader);
            leader->exit_state = EXIT_DEAD;
            list_del_init(&leader->sibling);
        }
    }
    spin_unlock(&psig->child_lock);
    return autoreap;
}

/* Nobody else looks at p any more except under RCU: it was claimed (EXIT_DEAD) and is in no
 * children list. */
void release_task(struct task_struct *p)
{
    struct signal_struct *sig = p->signal;
    struct task_struct *leader = p->group_leader;
    bool last;

    DEBUG_ASSERT(p->sighand == leader->sighand); /* one siglock a process */
    spin_lock_irq(&p->sighand->siglock);
    unlink_thread(p);
    last = p != leader && sig->nr_threads == 1 && leader->exit_state == EXIT_ZOMBIE;
    if (last) {
        get_task_struct(leader); /* the parent may reap it as soon as siglock is free */
        rcu_read_lock();
    }
    spin_unlock_irq(&p->sighand->siglock);
    if (p == leader) {
        put_pid(sig->group_pid);
        put_pid(sig->session_pid);
    }
    free_pid(p->thread_pid);
    atomic_dec_relaxed(&p->real_cred->user->processes);
    nr_threads_add(-1);
    if (unlikely(last)) {
        if (report_leader(leader))
            release_task(leader);
        put_task_struct(leader);
    }
    put_task_struct(p);
}

/* Marks current as ended and tells the parent. True: nobody will wait, it releases itself. */
static bool become_zombie(struct task_struct *t)
{
    struct signal_struct *psig = lock_parent(t->group_leader);
    bool autoreap = true;

    if (t == t->group_leader) {
        struct task_struct *exec;
        bool alone;

        autoreap = false;
        spin_lock_irq(
            &t->sighand
                 ->siglock); /* either we see the last other thread gone, or it sees the zombie */
        t->exit_state = EXIT_ZOMBIE;
        alone = t->signal->nr_threads == 1;
        spin_unlock_irq(&t->sighand->siglock);
        if (alone)
            autoreap = do_notify_parent(t, t->exit_signal) || (t->flags & PF_KTHREAD);
        exec = READ_ONCE(t->signal->group_exec_task); /* set under siglock, before it looked whether it is alone */
        if (unlikely(exec))
            wake_up_state(exec, TASK_KILLABLE);
        if (autoreap) {
            sched_inherit_debt(psig, t);
            list_del_init(&t->sibling);
        }
    }
    if (autoreap)
        t->exit_state = EXIT_DEAD;
    if (unlikely(waitqueue_active(&t->thread_pid->wait_pidfd)))
        wake_up_all(&t->thread_pid->wait_pidfd);
    spin_unlock(&psig->child_lock); /* from here on the parent may release t and its number */
    return autoreap;
}

/* A thread that is not the leader has no parent's list to lock. */
static bool thread_becomes_dead(struct task_struct *t)
{
    bool self;

    spin_lock_irq(&t->sighand->siglock);
    self = t != t->group_leader; /* exec may have made it the leader */
    if (self)
        t->exit_state = EXIT_DEAD;
    spin_unlock_irq(&t->sighand->siglock);
    return self;
}

static void exit_notify(struct task_struct *t, bool group_dead)
{
    struct task_struct *child, *next;
    LIST_HEAD(dead);

    if (group_dead) {
        forget_original_parent(t, &dead);
        kill_own_orphaned_pgrp(t->group_leader);
    }
    if (thread_becomes_dead(t) || become_zombie(t))
        release_task(t);
    list_for_each_entry_safe (child, next, &dead, sibling) {
        list_del_init(&child->sibling);
        release_task(child);
    }
}

static void check_init_alive(struct task_struct *t, long code)
{
    if (unlikely(t->tgid == 1))
        panic("init ended with status %#lx",
              t->signal->flags & SIGNAL_GROUP_EXIT ? (long)t->signal->group_exit_code : code);
}

void do_exit(long code)
{
    struct task_struct *t = current;
    struct signal_struct *sig = t->signal;
    bool group_dead;

    ASSERT(!in_interrupt() && t->pid);
    exit_signals(t);
    t->exit_code = (int)code;
    t->stats.end_time = (u64)ktime_get_ns();
    group_dead = atomic_dec_and_test_full(&sig->live);
    if (group_dead) {
        check_init_alive(t, code);
        exit_itimers(sig);
        if (sig->flags & SIGNAL_GROUP_EXIT)
            t->exit_code = sig->group_exit_code;
    }
    exit_mm(t);
    exit_files(t);
    if (group_dead && sig->leader)
        disassociate_ctty(true);
    sched_leave_debt(group_dead);
    exit_notify(t, group_dead);
    sched_exit_current();
}

void do_group_exit(int code)
{
    struct signal_struct *sig = current->signal;

    if (sig->nr_threads > 1 || (sig->flags & SIGNAL_GROUP_EXIT)) {
        spin_lock_irq(&current->sighand->siglock);
        if (sig->flags & SIGNAL_GROUP_EXIT) {
            code = sig->group_exit_code;
        } else if (sig->group_exec_task) {
            code = 0; /* an exec by another thread ends this one */
        } else {
            sig->group_exit_code = code;
            sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
            zap_other_threads(current);
        }
        spin_unlock_irq(&current->sighand->siglock);
    }
    do_exit(code);
}

long sys_exit(int code)
{
    do_exit((code & 0xff) << 8);
}

long sys_exit_group(int code)
{
    do_group_exit((code & 0xff) << 8);
}
