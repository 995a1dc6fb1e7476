/*
 * wait4.c: waiting for children: wait4, waitid. A child is looked at, and claimed by exit_state =
 * EXIT_DEAD, under the caller's own child_lock, so that exactly one waiter gets it; what is slow
 * (releasing it, copying to user memory) happens after. Lost wake-ups: the waiter queues itself
 * before it looks, do_notify_parent() looks at the queue after a full barrier.
 */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/rusage.h"
#include "kernel/task/task_internal.h"

#define WNOHANG     1
#define WUNTRACED   2
#define WSTOPPED    2
#define WEXITED     4
#define WCONTINUED  8
#define WNOWAIT     0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000
#define P_ALL       0
#define P_PID       1
#define P_PGID      2
#define P_PIDFD     3

#define LOOK_PIECE 64 /* children looked at in one section without preemption */

struct wait_opts {
    int type; /* P_ALL, P_PID, P_PGID */
    pid_t nr;
    unsigned options;
    /* result */
    bool candidates;            /* a child that may still give an event */
    struct task_struct *reaped; /* claimed: to be released without locks */
    pid_t pid;
    uid_t uid;
    int status, code; /* wait status; CLD_* */
    bool want_usage;
    struct rusage_acc usage;
};

static bool eligible(const struct wait_opts *w, struct task_struct *child)
{
    if (w->type == P_PID && child->pid != w->nr)
        return false;
    if (w->type == P_PGID && process_group_nr(child) != w->nr)
        return false;
    if (w->options & __WALL)
        return true;
    return (child->exit_signal != SIGCHLD) == !!(w->options & __WCLONE);
}

static void fill_result(struct wait_opts *w, struct task_struct *child, int status, int code)
{
    w->pid = child->pid;
    w->uid = child->real_cred->uid;
    w->status = status;
    w->code = code;
    if (w->want_usage) {
        w->usage = child->signal->self_dead;
        rusage_add_task(&w->usage, child);
        rusage_add(&w->usage, &child->signal->children);
        w->usage.maxrss_kb = max(w->usage.maxrss_kb, child->signal->maxrss_kb);
    }
}

/* All its threads have ended: it never stops or continues again. */
static bool is_zombie(const struct task_struct *child)
{
    return child->exit_state == EXIT_ZOMBIE && child->signal->nr_threads == 1;
}

static bool try_zombie(struct wait_opts *w, struct task_struct *child, struct signal_struct *self)
{
    int status = process_exit_code(child);

    if (!is_zombie(child) || !(w->options & WEXITED))
        return false;
    fill_result(w, child, status,
                status & 0x80   ? CLD_DUMPED
                : status & 0x7f ? CLD_KILLED
                                : CLD_EXITED);
    if (w->options & WNOWAIT)
        return true;
    child->exit_state = EXIT_DEAD;
    list_del(&child->sibling);
    INIT_LIST_HEAD(&child->sibling);
    account_reaped_child(child, self);
    w->reaped = child;
    return true;
}

static bool try_stopped(struct wait_opts *w, struct task_struct *child)
{
    struct signal_struct *sig = child->signal;
    struct sighand_struct *s;
    unsigned long flags;
    int code = 0;

    if (!(w->options & WSTOPPED) || !(sig->flags & SIGNAL_STOP_STOPPED))
        return false;
    s = lock_task_sighand(child, &flags);
    if (sig->flags & SIGNAL_STOP_STOPPED)
        code = sig->group_exit_code;
    if (code && !(w->options & WNOWAIT))
        sig->group_exit_code = 0;
    unlock_task_sighand(s, flags);
    if (!code)
        return false;
    fill_result(w, child, code << 8 | 0x7f, CLD_STOPPED);
    return true;
}

static bool try_continued(struct wait_opts *w, struct task_struct *child)
{
    struct signal_struct *sig = child->signal;
    struct sighand_struct *s;
    unsigned long flags;
    bool was;

    if (!(w->options & WCONTINUED) || !(sig->flags & SIGNAL_STOP_CONTINUED))
        return false;
    s = lock_task_sighand(child, &flags);
    was = sig->flags & SIGNAL_STOP_CONTINUED;
    if (!(w->options & WNOWAIT))
        sig->flags &= ~SIGNAL_STOP_CONTINUED;
    unlock_task_sighand(s, flags);
    if (was)
        fill_result(w, child, 0xffff, CLD_CONTINUED);
    return was;
}

/* Worth waiting for. A caller who asks for stops only would wait for a zombie for ever. */
static bool may_give_event(const struct wait_opts *w, const struct task_struct *child)
{
    return (w->options & WEXITED) || !is_zombie(child);
}

static bool try_child(struct wait_opts *w, struct task_struct *child, struct signal_struct *self)
{
    if (child->exit_state == EXIT_DEAD || !eligible(w, child))
        return false;
    w->candidates |= may_give_event(w, child);
    if (try_zombie(w, child, self))
        return true;
    if (is_zombie(child))
        return false;
    return try_stopped(w, child) ||
           try_continued(w, child); /* also when the leader ended before its threads */
}

static bool try_by_number(struct wait_opts *w, struct signal_struct *self)
{
    struct task_struct *child = find_task_by_vpid(w->nr);

    return child && child->group_leader == child && child->real_parent->signal == self &&
           try_child(w, child, self);
}

/* Lets others have child_lock, and the CPU. Whence to go on: from the child, or, when it left the list meanwhile, from the beginning. */
static struct list_head *breathe(struct signal_struct *self, struct task_struct *child)
{
    bool stays;

    get_task_struct(child);
    spin_unlock(&self->child_lock);
    spin_lock(&self->child_lock);
    stays = child->exit_state != EXIT_DEAD && !list_empty(&child->sibling) && child->real_parent->signal == self;
    put_task_struct(child);
    return stays ? &child->sibling : &self->leader_task->children;
}

/* All children, LOOK_PIECE at a time under child_lock, which is held at call and return. Whoever ends behind our back wakes us. */
static bool try_children(struct wait_opts *w, struct signal_struct *self)
{
    struct list_head *at = self->leader_task->children.next;
    unsigned n = 0;

    for (; at != &self->leader_task->children; at = at->next) {
        struct task_struct *child = list_entry(at, struct task_struct, sibling);

        if (try_child(w, child, self))
            return true;
        if (unlikely(++n % LOOK_PIECE == 0) && likely(rcu_dereference(child->thread_pid->task))) /* else fork may take it back */
            at = breathe(self, child);
    }
    return false;
}

/* One look at the children. True: there is a result. */
static bool look(struct wait_opts *w)
{
    struct signal_struct *self = current->signal;
    bool found;

    w->candidates = false;
    w->reaped = NULL;
    spin_lock(&self->child_lock); /* preemption off: an RCU section as well */
    found = w->type == P_PID ? try_by_number(w, self) : try_children(w, self);
    spin_unlock(&self->child_lock);
    return found;
}

/* 1: result in w; 0: nothing yet (WNOHANG); -ECHILD; -ERESTARTSYS. */
static int do_wait(struct wait_opts *w)
{
    wait_queue_head_t *queue = &current->signal->wait_chldexit;
    struct wait_queue_entry entry;
    int ret;

    init_wait_entry(&entry, 0);
    entry.func = default_wake_function;
    add_wait_queue(queue, &entry);
    for (;;) {
        set_current_state(TASK_INTERRUPTIBLE);
        ret = 1;
        if (look(w))
            break;
        ret = w->candidates ? 0 : -ECHILD;
        if (ret || (w->options & WNOHANG))
            break;
        ret = -ERESTARTSYS;
        if (signal_pending(current))
            break;
        schedule();
    }
    set_current_state(TASK_RUNNING);
    remove_wait_queue(queue, &entry);
    if (ret == 1 && w->reaped) {
        sched_take_debt(w->reaped);
        release_task(w->reaped);
    }
    return ret;
}

static int usage_to_user(const struct wait_opts *w, struct rusage __user *uru)
{
    struct rusage ru;

    if (!uru)
        return 0;
    rusage_to_user_form(&ru, &w->usage);
    return copy_to_user(uru, &ru, sizeof(ru)) ? -EFAULT : 0;
}

static void who_of_wait4(struct wait_opts *w, pid_t pid)
{
    w->nr = pid;
    w->type = P_PID;
    if (pid == -1) {
        w->type = P_ALL;
    } else if (pid <= 0) {
        w->type = P_PGID;
        w->nr = pid ? -pid : process_group_nr(current);
    }
}

long sys_wait4(pid_t pid, int __user *status, int options, struct rusage __user *uru)
{
    struct wait_opts w;
    int ret;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (pid == INT_MIN)
        return -ESRCH;
    who_of_wait4(&w, pid);
    w.options = (unsigned)options | WEXITED;
    w.want_usage = uru != NULL;
    ret = do_wait(&w);
    if (ret <= 0)
        return ret;
    if (status && put_user(w.status, status))
        return -EFAULT;
    return usage_to_user(&w, uru) ? -EFAULT : w.pid;
}

/* waitid's siginfo carries the number in si_status, not the wait status. */
static int plain_status(const struct wait_opts *w)
{
    switch (w->code) {
    case CLD_EXITED:
    case CLD_STOPPED:
        return w->status >> 8 & 0xff;
    case CLD_CONTINUED:
        return SIGCONT;
    }
    return w->status & 0x7f;
}

static int who_of_waitid(struct wait_opts *w, int which, pid_t id)
{
    struct pid *pid;

    w->type = which;
    w->nr = id;
    switch (which) {
    case P_ALL:
        return 0;
    case P_PID:
        return id <= 0 ? -EINVAL : 0;
    case P_PGID:
        if (id < 0)
            return -EINVAL;
        w->nr = id ? id : process_group_nr(current);
        return 0;
    case P_PIDFD:
        if (id < 0)
            return -EINVAL;
        pid = pidfd_get(id, &w->options);
        if (IS_ERR(pid))
            return (int)PTR_ERR(pid);
        w->type = P_PID;
        w->nr = pid_vnr(pid);
        put_pid(pid);
        return 0;
    }
    return -EINVAL;
}

static int waitid_result(const struct wait_opts *w, int ret, siginfo_t __user *uinfo)
{
    siginfo_t info = {0};

    if (!uinfo)
        return 0;
    if (ret == 1) {
        info.si_signo = SIGCHLD;
        info.si_code = w->code;
        info._sifields._sigchld.si_pid = w->pid;
        info._sifields._sigchld.si_uid = w->uid;
        info._sifields._sigchld.si_status = plain_status(w);
    }
    return copy_to_user(uinfo, &info, 32) ? -EFAULT : 0;
}

long sys_waitid(int which, pid_t id, siginfo_t __user *uinfo, int options,
                struct rusage __user *uru)
{
    bool nonblock_fd = false;
    struct wait_opts w;
    int ret;

    if (options &
        ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    w.options = (unsigned)options;
    w.want_usage = uru != NULL;
    ret = who_of_waitid(&w, which, id);
    if (ret)
        return ret;
    nonblock_fd = !(options & WNOHANG) && (w.options & WNOHANG);
    ret = do_wait(&w);
    if (ret == 0 && nonblock_fd)
        return -EAGAIN;
    if (ret < 0)
        return ret;
    if (ret == 1 && usage_to_user(&w, uru))
        return -EFAULT;
    return waitid_result(&w, ret, uinfo);
}
