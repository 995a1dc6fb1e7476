/*
 * session.c: process groups and sessions (POSIX 11.1, setpgid, setsid). Owns the change of a
 * process's group and session: numbers and struct pid change together under its siglock; the old
 * struct pid is given back after.
 */
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

/* Consumes a reference to `group`. */
static void change_group(struct signal_struct *sig, struct pid *group)
{
    struct pid *old = sig->group_pid;

    rcu_assign_pointer(sig->group_pid, group);
    WRITE_ONCE(sig->pgrp, pid_vnr(group));
    put_pid(old);
}

static void change_session(struct signal_struct *sig, struct pid *session)
{
    struct pid *old = sig->session_pid;

    rcu_assign_pointer(sig->session_pid, session);
    WRITE_ONCE(sig->session, pid_vnr(session));
    put_pid(old);
}

/* A living or zombie process of this session is in the group. */
static bool group_in_session(pid_t group, pid_t session)
{
    struct task_struct *t;
    bool found = false;
    pid_t nr = 1;

    for (; !found && (t = next_process(&nr)); nr++) {
        found = process_group_nr(t) == group && process_session_nr(t) == session;
        put_task_struct(t);
    }
    return found;
}

/* p may be reaped by now, and its parent gone: only under RCU, and seen before, is it there. */
static bool is_own_child(struct task_struct *p)
{
    bool own;

    rcu_read_lock();
    own = !(READ_ONCE(p->exit_state) & EXIT_DEAD) && rcu_dereference(p->real_parent)->signal == current->signal;
    rcu_read_unlock();
    return own;
}

/* The caller or a child of it that has not called exec, in the caller's session, not a session
 * leader. */
static int may_setpgid(struct task_struct *p)
{
    if (p->group_leader != p)
        return -EINVAL;
    if (is_own_child(p)) {
        if (process_session_nr(p) != process_session_nr(current))
            return -EPERM;
        if (!(p->flags & PF_FORKNOEXEC))
            return -EACCES;
    } else if (p->signal != current->signal) {
        return -ESRCH;
    }
    return p->signal->leader ? -EPERM : 0;
}

/* A child that is claimed meanwhile keeps its group: release_task(), which takes siglock after EXIT_DEAD is stored, gives it back. */
static int set_group(struct task_struct *p, pid_t pgid)
{
    struct sighand_struct *s;
    struct pid *group;
    unsigned long flags;
    bool dead;

    if (process_group_nr(p) == pgid)
        return 0;
    if (pgid != p->pid && !group_in_session(pgid, process_session_nr(current)))
        return -EPERM;
    group = find_get_pid(pgid);
    if (!group)
        return pgid == p->pid ? -ESRCH : -EPERM; /* its own number goes with the child that is reaped meanwhile */
    s = lock_task_sighand(p, &flags);
    dead = READ_ONCE(p->exit_state) & EXIT_DEAD;
    if (likely(!dead))
        change_group(p->signal, group);
    unlock_task_sighand(s, flags);
    if (unlikely(dead))
        put_pid(group);
    return dead ? -ESRCH : 0;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
    struct task_struct *p;
    int err;

    if (!pid)
        pid = current->group_leader->pid;
    if (!pgid)
        pgid = pid;
    if (pgid < 0)
        return -EINVAL;
    p = find_get_task_by_vpid(pid);
    if (!p)
        return -ESRCH;
    rcu_read_lock();
    err = may_setpgid(p);
    rcu_read_unlock();
    if (!err)
        err = set_group(p, pgid);
    put_task_struct(p);
    return err;
}

static long number_of(pid_t pid, pid_t (*nr)(const struct task_struct *))
{
    struct task_struct *t;
    long ret = -ESRCH;

    if (!pid)
        return nr(current);
    rcu_read_lock();
    t = find_task_by_vpid(pid);
    if (t)
        ret = nr(t);
    rcu_read_unlock();
    return ret;
}

long sys_getpgid(pid_t pid)
{
    return number_of(pid, process_group_nr);
}

long sys_getsid(pid_t pid)
{
    return number_of(pid, process_session_nr);
}

long sys_getpgrp(void)
{
    return process_group_nr(current);
}

static bool group_exists(pid_t nr)
{
    struct task_struct *t;
    bool found = false;
    pid_t at = 1;

    for (; !found && (t = next_process(&at)); at++) {
        found = process_group_nr(t) == nr;
        put_task_struct(t);
    }
    return found;
}

long sys_setsid(void)
{
    struct signal_struct *sig = current->signal;
    struct pid *own = current->group_leader->thread_pid;

    if (sig->leader || group_exists(pid_vnr(own)))
        return -EPERM;
    spin_lock_irq(&current->sighand->siglock);
    sig->leader = 1;
    sig->tty = NULL;
    change_session(sig, get_pid(own));
    change_group(sig, get_pid(own));
    spin_unlock_irq(&current->sighand->siglock);
    return pid_vnr(own);
}
