/*
 * children.c: who is whose child. Owns the children lists (on group leaders, under the process's
 * child_lock) and what becomes of children whose parent ends: they go to the nearest ancestor that
 * is a subreaper, else to init. Orphaned process groups.
 */
#include "kernel/task/task_internal.h"

static void signal_if_orphaned(pid_t pgrp, struct task_struct *ignored);

struct signal_struct *lock_parent(struct task_struct *child)
{
    for (;;) {
        struct task_struct *parent;
        struct signal_struct *sig;

        rcu_read_lock();
        parent = rcu_dereference(child->real_parent);
        sig = parent->signal;
        spin_lock(&sig->child_lock);
        rcu_read_unlock();
        if (likely(child->real_parent->signal == sig))
            return sig;
        spin_unlock(&sig->child_lock);
    }
}

void add_child(struct task_struct *child, struct task_struct *parent)
{
    list_add_tail(&child->sibling, &parent->signal->leader_task->children);
}

static struct task_struct *init_process(void)
{
    return find_task_by_vpid(1);
}

/* Under RCU: the next candidate to adopt the children of `father`. */
static struct task_struct *find_reaper(struct task_struct *father)
{
    struct task_struct *p = rcu_dereference(father->group_leader->real_parent); /* only a leader's is kept up to date */

    while (p->pid > 1 && !p->signal->is_child_subreaper)
        p = rcu_dereference(p->real_parent);
    return p->pid > 1 ? p->group_leader : init_process();
}

/* The reaper's signal with its child_lock held (nested in the father's): one that still adopts. */
static struct signal_struct *lock_reaper(struct task_struct *father, struct task_struct **reaper)
{
    struct task_struct *from = father;

    for (;;) {
        struct task_struct *r;
        struct signal_struct *sig;

        rcu_read_lock();
        r = find_reaper(from);
        sig = r->signal;
        spin_lock(&sig->child_lock);
        rcu_read_unlock();
        if (!sig->children_gone) {
            *reaper = sig->leader_task;
            return sig;
        }
        spin_unlock(&sig->child_lock);
        from = r;
    }
}

static void reparent_one(struct task_struct *child, struct task_struct *reaper,
                         struct list_head *dead)
{
    list_del(&child->sibling);
    rcu_assign_pointer(child->real_parent, reaper);
    child->parent = reaper;
    child->signal->ppid = reaper->tgid;
    if (child->exit_signal != -1)
        child->exit_signal = SIGCHLD;
    list_add_tail(&child->sibling, &reaper->children);
    if (child->pdeath_signal)
        group_send_sig_info(child->pdeath_signal, SEND_SIG_NOINFO, child);
    if (child->exit_state == EXIT_ZOMBIE && child->signal->nr_threads == 1 &&
        do_notify_parent(child, child->exit_signal)) {
        child->exit_state = EXIT_DEAD;
        list_move_tail(&child->sibling, dead);
    }
}

/* Groups that may have lost the parent that kept them from being orphaned. */
#define MAX_LOST_GROUPS 16
struct lost_groups {
    pid_t nr[MAX_LOST_GROUPS];
    int n;
};

static void note_group(struct lost_groups *lost, struct task_struct *child,
                       struct task_struct *father)
{
    pid_t group = process_group_nr(child);

    if (group == process_group_nr(father) ||
        process_session_nr(child) != process_session_nr(father))
        return;
    if (lost->n < MAX_LOST_GROUPS && (!lost->n || lost->nr[lost->n - 1] != group))
        lost->nr[lost->n++] = group;
}

static void hand_on_children(struct task_struct *father, struct task_struct *leader,
                             struct list_head *dead)
{
    struct task_struct *child, *next, *reaper;
    struct signal_struct *rsig;
    struct lost_groups lost = {.n = 0};

    rsig = lock_reaper(father, &reaper);
    list_for_each_entry_safe (child, next, &leader->children, sibling) {
        note_group(&lost, child, father);
        reparent_one(child, reaper, dead);
    }
    spin_unlock(&rsig->child_lock);
    spin_unlock(&father->signal->child_lock);
    while (lost.n > 0)
        signal_if_orphaned(lost.nr[--lost.n], NULL);
}

/* Last thread of a process. Children that nobody will wait for come back in `dead`, for
 * release_task() without locks. */
void forget_original_parent(struct task_struct *father, struct list_head *dead)
{
    struct signal_struct *sig = father->signal;

    spin_lock(&sig->child_lock);
    sig->children_gone = true;
    if (unlikely(!list_empty(&sig->leader_task->children)))
        hand_on_children(father, sig->leader_task, dead);
    else
        spin_unlock(&sig->child_lock);
}

/* A member with a parent in another group of the same session keeps the group from being orphaned
 * (POSIX 3.265). */
bool will_become_orphaned_pgrp(pid_t pgrp, struct task_struct *ignored)
{
    struct task_struct *t;
    bool orphaned = true;
    pid_t nr = 1;

    for (; orphaned && (t = next_process(&nr)); nr++) {
        if (process_group_nr(t) == pgrp && t != ignored &&
            !(t->exit_state && t->signal->nr_threads == 1)) {
            struct task_struct *parent;

            rcu_read_lock();
            parent = rcu_dereference(t->real_parent);
            if (parent->pid > 1 && process_group_nr(parent) != pgrp &&
                process_session_nr(parent) == process_session_nr(t))
                orphaned = false;
            rcu_read_unlock();
        }
        put_task_struct(t);
    }
    return orphaned;
}

bool is_current_pgrp_orphaned(void)
{
    return will_become_orphaned_pgrp(process_group_nr(current), NULL);
}

static bool has_stopped_member(pid_t pgrp)
{
    struct task_struct *t;
    bool found = false;
    pid_t nr = 1;

    for (; !found && (t = next_process(&nr)); nr++) {
        found = process_group_nr(t) == pgrp && (t->signal->flags & SIGNAL_STOP_STOPPED);
        put_task_struct(t);
    }
    return found;
}

/* Stopped members of a group that has become orphaned get SIGHUP and SIGCONT (POSIX _exit). */
static void signal_if_orphaned(pid_t pgrp, struct task_struct *ignored)
{
    struct pid *group;

    if (!has_stopped_member(pgrp) || !will_become_orphaned_pgrp(pgrp, ignored))
        return;
    group = find_get_pid(pgrp);
    kill_pgrp(group, SIGHUP, 1);
    kill_pgrp(group, SIGCONT, 1);
    put_pid(group);
}

/* `leader`'s process ends: its tie to its parent was perhaps what kept its own group from being
 * orphaned. */
void kill_own_orphaned_pgrp(struct task_struct *leader)
{
    bool tie;

    rcu_read_lock();
    tie = process_group_nr(leader->real_parent) != process_group_nr(leader) &&
          process_session_nr(leader->real_parent) == process_session_nr(leader);
    rcu_read_unlock();
    if (unlikely(tie))
        signal_if_orphaned(process_group_nr(leader), leader);
}
