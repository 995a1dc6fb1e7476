/*
 * de_thread.c: exec in a process of several threads: all others end, and the caller becomes the
 * leader with the process's own number, place among its parent's children, and children.
 * group_exec_task is set under siglock; every thread that ends then wakes it (unlink_thread(),
 * become_zombie() in exit.c).
 */
#include "kernel/task/binprm.h"
#include "lockfree/rcu_list.h"

static bool alone(struct signal_struct *sig)
{
    struct task_struct *leader = READ_ONCE(sig->leader_task);

    if (leader == current)
        return READ_ONCE(sig->nr_threads) == 1;
    return READ_ONCE(sig->nr_threads) == 2 && READ_ONCE(leader->exit_state) == EXIT_ZOMBIE;
}

static int wait_until_alone(struct signal_struct *sig)
{
    int err = 0;

    while (!alone(sig) && !err) {
        set_current_state(TASK_KILLABLE);
        if (fatal_signal_pending(current))
            err = -EAGAIN;
        else if (!alone(sig))
            schedule();
        set_current_state(TASK_RUNNING);
    }
    return err;
}

/* Numbers and struct pid change hands: the caller gets the process's, the old leader what is
 * released. */
static void swap_pids(struct task_struct *leader)
{
    struct pid *own = current->thread_pid, *process = leader->thread_pid;

    current->thread_pid = current->pids[PIDTYPE_PID] = current->pids[PIDTYPE_TGID] = process;
    leader->thread_pid = leader->pids[PIDTYPE_PID] = own;
    leader->pid = own->numbers[0].nr;
    current->pid = current->tgid;
    rcu_assign_pointer(process->task, current);
    rcu_assign_pointer(own->task, leader);
}

static void take_children(struct task_struct *leader)
{
    struct task_struct *child;

    list_for_each_entry (child, &leader->children, sibling) {
        rcu_assign_pointer(child->real_parent, current);
        child->parent = current;
    }
    list_splice_tail_init(&leader->children, &current->children);
}

/* The parent's child_lock, our own child_lock, siglock: the order of pid.c. */
static struct task_struct *become_leader(struct signal_struct *sig)
{
    struct task_struct *leader = sig->leader_task;
    struct signal_struct *psig = lock_parent(leader);

    spin_lock(&sig->child_lock);
    spin_lock_irq(&current->sighand->siglock);
    swap_pids(leader);
    current->real_parent = current->parent = leader->real_parent;
    list_add(&current->sibling, &leader->sibling);
    list_del_init(&leader->sibling);
    take_children(leader);
    current->start_time = leader->start_time;
    current->real_start_time = leader->real_start_time;
    current->exit_signal = SIGCHLD;
    leader->exit_signal = -1;
    current->group_leader = current;
    leader->group_leader = current;
    sig->leader_task = current;
    leader->exit_state = EXIT_DEAD;
    spin_unlock_irq(&current->sighand->siglock);
    spin_unlock(&sig->child_lock);
    spin_unlock(&psig->child_lock);
    return leader;
}

int de_thread(void)
{
    struct signal_struct *sig = current->signal;
    struct sighand_struct *hand = current->sighand;
    struct task_struct *old;
    int err;

    if (likely(sig->nr_threads == 1))
        return 0;
    spin_lock_irq(&hand->siglock);
    if ((sig->flags & SIGNAL_GROUP_EXIT) || sig->group_exec_task) {
        spin_unlock_irq(&hand->siglock);
        return -EAGAIN;
    }
    sig->group_exec_task = current;
    zap_other_threads(current);
    spin_unlock_irq(&hand->siglock);
    err = wait_until_alone(sig);
    if (!err && sig->leader_task != current) {
        old = become_leader(sig);
        release_task(old);
    }
    spin_lock_irq(&hand->siglock);
    sig->group_exec_task = NULL;
    spin_unlock_irq(&hand->siglock);
    return err;
}
