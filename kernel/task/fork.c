/*
 * fork.c: making tasks. Owns copy_process() and kernel_clone(): everything a child has is copied,
 * shared or made here, in one order, undone in the reverse one. A child is found by nobody before
 * publish_child(); after it nothing can fail. No field of the parent is copied that the child does
 * not need: tasks come from the cache with undefined contents.
 */
#include "kernel/arch/x86/switch.h"
#include "kernel/debug/assert.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sync/completion.h"
#include "kernel/task/rseq.h"
#include "kernel/task/task_internal.h"
#include "lockfree/rcu_list.h"

DEFINE_PER_CPU(u64, nr_forks, ANYWHERE);

#define PUBLISH_TRIES 3 /* at a new child's publication beside group signals */
#define PUBLISH_SPINS 100000 /* looks at whether one is under way, in all */
#define CLONE_NAMESPACES                                                                           \
    0x7e020000UL /* NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */

static int check_clone_flags(const struct kernel_clone_args *args)
{
    u64 f = args->flags;

    if (f & CLONE_NAMESPACES)
        return capable(CAP_SYS_ADMIN) && (f & (CLONE_NEWNS | CLONE_FS)) != (CLONE_NEWNS | CLONE_FS)
                   ? -EINVAL
                   : -EPERM;
    if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
        return -EINVAL;
    if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
        return -EINVAL;
    if ((f & CLONE_PARENT) && (current->signal->flags & SIGNAL_UNKILLABLE))
        return -EINVAL;
    if ((f & CLONE_PIDFD) && (f & (CLONE_DETACHED | CLONE_THREAD)))
        return -EINVAL;
    if ((f & CLONE_SIGHAND) && (f & CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    return 0;
}

static void init_links(struct task_struct *p)
{
    INIT_LIST_HEAD(&p->children);
    INIT_LIST_HEAD(&p->sibling);
    INIT_LIST_HEAD(&p->pending_queue);
    INIT_LIST_HEAD(&p->task_works);
    p->pending_set = 0;
}

static void init_own_fields(struct task_struct *p, const struct task_struct *from)
{
    p->work = 0;
    spin_lock_init(&p->alloc_lock);
    p->flags = (from->flags & ~(PF_SUPERPRIV | PF_KTHREAD | PF_EXITING | PF_SIGNALED | PF_VFORK |
                                PF_OOM_VICTIM | PF_NO_SETAFFINITY)) |
               PF_FORKNOEXEC;
    p->preempt_count = 0;
    p->state = TASK_NEW;
    p->usage = 2; /* one for the parent's wait, one for the running task: dropped by
                     sched_exit_current() */
    p->exit_state = 0;
    p->exit_code = 0;
    p->pdeath_signal = 0;
    p->ptrace = 0;
    p->vfork_parent = NULL;
    p->vfork_done = NULL;
    p->set_child_tid = NULL;
    p->clear_child_tid = NULL;
    p->robust_list = NULL;
    p->kthread = NULL;
    p->nsproxy = from->nsproxy;
    p->restart.fn = NULL;
    p->stop_work = p->stopped = false;
    p->utime = p->stime = p->gtime = 0;
    memset(&p->stats, 0, sizeof(p->stats));
    p->timer_slack_ns = p->default_timer_slack_ns = from->timer_slack_ns;
    p->oom_score_adj = from->oom_score_adj;
    p->personality = from->personality;
    p->no_new_privs = from->no_new_privs;
    p->did_exec = false;
    p->seccomp_filters = from->seccomp_filters;
    memcpy(p->comm, from->comm, sizeof(p->comm));
    p->blocked = from->blocked;
    p->real_blocked = 0;
    p->saved_sigmask = 0;
}

/* An alternate signal stack belongs to the address space: kept by fork and vfork, not by a thread.
 */
static void copy_altstack(struct task_struct *p, u64 flags)
{
    bool drop = (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM;

    p->sas_ss_sp = drop ? 0 : current->sas_ss_sp;
    p->sas_ss_size = drop ? 0 : current->sas_ss_size;
    p->sas_ss_flags = drop ? 2 /* SS_DISABLE */ : current->sas_ss_flags;
}

static int copy_creds(struct task_struct *p)
{
    const struct cred *c = current->cred;
    struct user_struct *u = c->user;

    p->real_cred = get_cred(c);
    p->cred = c;
    if (unlikely(atomic_fetch_add_relaxed(&u->processes, 1) >= rlimit(RLIMIT_NPROC)) &&
        u->uid != 0 && !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN)) {
        atomic_dec_relaxed(&u->processes);
        put_cred(c);
        return -EAGAIN;
    }
    return 0;
}

static void uncopy_creds(struct task_struct *p)
{
    atomic_dec_relaxed(&p->real_cred->user->processes);
    put_cred(p->real_cred);
}

static int copy_files_and_fs(struct task_struct *p, u64 flags)
{
    p->files = flags & CLONE_FILES ? get_files(current->files) : dup_files(current->files);
    if (IS_ERR(p->files))
        return (int)PTR_ERR(p->files);
    p->fs = flags & CLONE_FS ? get_fs(current->fs) : copy_fs(current->fs);
    if (!IS_ERR(p->fs))
        return 0;
    put_files(p->files);
    return (int)PTR_ERR(p->fs);
}

static int copy_mm(struct task_struct *p, u64 flags, bool kthread)
{
    struct mm_struct *mm = kthread ? NULL : current->mm;

    p->mm = p->active_mm = NULL;
    if (!mm)
        return 0;
    if (flags & CLONE_VM) {
        mmget(mm);
    } else {
        mm = mm_dup(mm);
        if (IS_ERR(mm))
            return (int)PTR_ERR(mm);
    }
    p->mm = p->active_mm = mm;
    return 0;
}

/* First code of a child with CLONE_CHILD_SETTID, in its own address space. */
static int child_set_tid(void *unused)
{
    (void)put_user(current->pid, current->set_child_tid);
    return 0;
}

static int copy_registers(struct task_struct *p, const struct kernel_clone_args *args)
{
    int (*fn)(void *) = args->fn;
    unsigned long sp = args->stack + args->stack_size;
    int err;

    p->set_child_tid = args->flags & CLONE_CHILD_SETTID ? args->child_tid : NULL;
    p->clear_child_tid = args->flags & CLONE_CHILD_CLEARTID ? args->child_tid : NULL;
    err = copy_thread(p, sp, args->flags & CLONE_SETTLS, args->tls, fn, args->fn_arg);
    if (!err && p->set_child_tid)
        thread_call_first(p, child_set_tid);
    return err;
}

/* Whose child it becomes. With CLONE_PARENT or CLONE_THREAD a sibling of the caller's process. */
static void set_relations(struct task_struct *p, const struct kernel_clone_args *args)
{
    bool thread = args->flags & CLONE_THREAD;

    p->tgid = thread ? current->tgid : p->pid;
    p->group_leader = thread ? current->group_leader : p;
    p->pids[PIDTYPE_PID] = p->thread_pid;
    p->pids[PIDTYPE_TGID] = thread ? current->group_leader->thread_pid : p->thread_pid;
    p->exit_signal = thread                       ? -1
                     : args->flags & CLONE_PARENT ? current->group_leader->exit_signal
                                                  : args->exit_signal;
    p->start_time = (u64)ktime_get_ns();
    p->real_start_time = p->start_time;
    p->stats.start_time = p->start_time;
}

static void set_group_and_session(struct signal_struct *sig)
{
    struct signal_struct *from = current->signal;

    if (!sig->leader_task) { /* a new process: references of its own */
        spin_lock_irq(&current->sighand->siglock); /* with change_group(), change_session() */
        sig->group_pid = get_pid(from->group_pid);
        sig->session_pid = get_pid(from->session_pid);
        sig->pgrp = from->pgrp;
        sig->session = from->session;
        sig->tty = from->tty;
        spin_unlock_irq(&current->sighand->siglock);
    }
}

static void publish_thread(struct task_struct *p)
{
    struct signal_struct *sig = p->signal;

    p->real_parent = p->parent = current->group_leader->real_parent;
    sig->nr_threads++;
    atomic_inc_relaxed(&sig->live); /* do_exit() takes itself away without a lock */
    list_add_tail_rcu(&p->thread_node, &sig->thread_head);
}

/* Under siglock. A signal that came while we copied is handled first: it may have been meant for
 * the child as well. */
static int publish_locked(struct task_struct *p, struct task_struct *parent, u64 flags)
{
    if (unlikely(signal_pending(current))) {
        recalc_sigpending();
        if (signal_pending(current))
            return -ERESTARTNOINTR;
    }
    if (flags & CLONE_THREAD) {
        publish_thread(p);
    } else {
        p->real_parent = p->parent = parent;
        p->signal->ppid = parent->tgid;
        add_child(p, parent);
    }
    if (flags & CLONE_THREAD)
        rcu_assign_pointer(p->thread_pid->task, p);
    else
        (void)atomic_xchg_full(&p->thread_pid->newborn, p); /* full: before group_signals is read again, see pid.c */
    return 0;
}

/* Kernel threads are kthreadd's children, whoever asks for them. */
static struct task_struct *args_parent(const struct task_struct *p)
{
    return (p->flags & PF_KTHREAD) && kthreadd_task ? kthreadd_task : current;
}

static struct signal_struct *lock_new_parent(struct task_struct *p, struct task_struct **parent,
                                             u64 flags)
{
    struct signal_struct *psig;

    if (flags & CLONE_THREAD)
        return NULL;
    if (flags & CLONE_PARENT) {
        psig = lock_parent(current->group_leader);
        *parent = current->group_leader->real_parent;
        return psig;
    }
    psig = args_parent(p)->signal;
    spin_lock(&psig->child_lock);
    *parent = psig->leader_task;
    return psig;
}

/* quiet: nobody signals this group meanwhile; NULL: they may. */
static int publish_once(struct task_struct *p, u64 flags, struct pid *quiet)
{
    struct task_struct *parent = NULL;
    struct signal_struct *psig = lock_new_parent(p, &parent, flags);
    int err;

    if (unlikely(quiet))
        spin_lock_irq(&quiet->lock);
    spin_lock_irq(&current->sighand->siglock);
    err = publish_locked(p, parent, flags);
    spin_unlock(&current->sighand->siglock);
    if (unlikely(quiet))
        spin_unlock(&quiet->lock);
    local_irq_enable();
    if (psig)
        spin_unlock(&psig->child_lock);
    return err;
}

static void unpublish(struct task_struct *p)
{
    struct signal_struct *psig = lock_parent(p);

    list_del_init(&p->sibling);
    rcu_assign_pointer(p->thread_pid->newborn, NULL);
    spin_unlock(&psig->child_lock);
}

/* Makes the child known. Repeats when a group signal was sent meanwhile, see pid.c; those who send one after the other, which needs no
 * permission, delay it by PUBLISH_TRIES: then it is their turn to wait. 0 or -ERESTARTNOINTR. */
static int publish_child(struct task_struct *p, u64 flags)
{
    struct pid *group = p->signal->group_pid; /* the caller's may be another one by now */
    bool taken_back = false;

    if (flags & CLONE_THREAD)
        return publish_once(p, flags, NULL);
    for (unsigned tries = 0, spins = 0;;) {
        struct pid *quiet = unlikely(tries == PUBLISH_TRIES || spins == PUBLISH_SPINS) ? group : NULL;
        u32 seen = atomic_load_acquire(&group->group_signals);
        int err;

        if (unlikely(seen & 1) && !quiet) {
            cpu_relax();
            spins++;
            continue;
        }
        err = publish_once(p, flags, quiet);
        if (unlikely(err)) {
            if (taken_back)
                synchronize_rcu(); /* a walk, whose interrupts are off, may be at it */
            return err;
        }
        if (likely(atomic_load_relaxed(&group->group_signals) == seen) || quiet)
            break;
        unpublish(p);
        taken_back = true;
        tries++;
    }
    rcu_assign_pointer(p->thread_pid->task, p);
    atomic_store_release(&p->thread_pid->newborn, NULL);
    return 0;
}

static int copy_pid(struct task_struct *p, const struct kernel_clone_args *args)
{
    struct pid *pid = alloc_pid(args->set_tid);

    if (IS_ERR(pid))
        return (int)PTR_ERR(pid);
    p->thread_pid = pid;
    p->pid = pid->numbers[0].nr;
    return 0;
}

#define NO_PIDFD (-1)

/* A reserved descriptor until the child is published; NO_PIDFD, or below it -errno - MAX_ERRNO. */
static int make_pidfd(struct task_struct *p, const struct kernel_clone_args *args,
                      struct file **file)
{
    int fd, err = -EFAULT;

    *file = NULL;
    if (!(args->flags & CLONE_PIDFD))
        return NO_PIDFD;
    fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return fd - MAX_ERRNO;
    *file = pidfd_file(p->thread_pid, 0);
    if (!IS_ERR(*file)) {
        if (!put_user(fd, args->pidfd))
            return fd;
        fput(*file);
    } else {
        err = (int)PTR_ERR(*file);
    }
    put_unused_fd(fd);
    return err - MAX_ERRNO;
}

static void put_group_and_session(struct signal_struct *sig)
{
    put_pid(sig->group_pid);
    put_pid(sig->session_pid);
}

static void free_space(struct task_struct *p)
{
    if (p->mm)
        mmput(p->mm);
}

/* Everything the child shares with or copies from current. 0, or nothing is left behind. */
static int copy_resources(struct task_struct *p, const struct kernel_clone_args *args)
{
    u64 flags = args->flags;
    int err = sched_fork(p, flags);

    if (!err)
        err = copy_creds(p);
    if (err)
        return err;
    rseq_fork(p, flags);
    err = copy_files_and_fs(p, flags);
    if (err)
        goto free_creds;
    err = copy_sighand(flags, p);
    if (err)
        goto free_files;
    err = copy_signal(flags, p);
    if (err)
        goto free_sighand;
    err = copy_mm(p, flags, args->fn != NULL);
    if (err)
        goto free_signal;
    err = copy_registers(p, args);
    if (!err)
        return 0;
    free_space(p);
free_signal:
    put_signal(p->signal);
free_sighand:
    put_sighand(p->sighand);
free_files:
    put_files(p->files);
    put_fs(p->fs);
free_creds:
    uncopy_creds(p);
    return err;
}

static void free_resources(struct task_struct *p)
{
    free_space(p);
    put_signal(p->signal);
    put_sighand(p->sighand);
    put_files(p->files);
    put_fs(p->fs);
    uncopy_creds(p);
}

/* Number, relations, pidfd; then the child can be found. 0, or nothing is left behind. */
static int give_identity(struct task_struct *p, const struct kernel_clone_args *args)
{
    bool thread = args->flags & CLONE_THREAD;
    struct file *pidfile;
    int fd, err = copy_pid(p, args);

    if (err)
        return err;
    set_relations(p, args);
    set_group_and_session(p->signal);
    if (!thread)
        p->signal->leader_task = p;
    fd = make_pidfd(p, args, &pidfile);
    err = fd < NO_PIDFD ? fd + MAX_ERRNO : publish_child(p, args->flags);
    if (!err) {
        if (fd >= 0)
            fd_install(fd, pidfile);
        return 0;
    }
    if (fd >= 0) {
        fput(pidfile);
        put_unused_fd(fd);
    }
    if (!thread)
        put_group_and_session(p->signal);
    free_pid(p->thread_pid);
    return err;
}

struct task_struct *copy_process(struct kernel_clone_args *args)
{
    int err = check_clone_flags(args);
    struct task_struct *p;

    if (err)
        return ERR_PTR(err);
    p = alloc_task_struct();
    if (!p)
        return ERR_PTR(nr_threads() >= max_threads ? -EAGAIN : -ENOMEM);
    init_own_fields(p, current);
    init_links(p);
    if (args->fn) {
        p->flags |= PF_KTHREAD;
        if (args->name)
            strlcpy(p->comm, args->name, sizeof(p->comm));
    }
    copy_altstack(p, args->flags);
    err = copy_resources(p, args);
    if (err)
        goto free_task;
    err = give_identity(p, args);
    if (err)
        goto free_all;
    nr_threads_add(1);
    return p;

free_all:
    free_resources(p);
free_task:
    free_unborn_task(p);
    return ERR_PTR(err);
}

/* The parent sleeps until the child has left its mm. Killed, it leaves; whoever takes vfork_done
 * first ends the wait. */
static void wait_for_vfork_done(struct task_struct *child, struct completion *done)
{
    if (wait_for_completion_killable(done) == 0)
        return;
    if (!atomic_xchg_full(&child->vfork_done, NULL))
        wait_for_completion(done);
}

pid_t kernel_clone(struct kernel_clone_args *args)
{
    struct completion vfork;
    struct task_struct *p = copy_process(args);
    pid_t nr;

    if (IS_ERR(p))
        return (pid_t)PTR_ERR(p);
    nr = p->pid;
    if (args->flags & CLONE_PARENT_SETTID)
        (void)put_user(nr, args->parent_tid);
    if (args->flags & CLONE_VFORK) {
        init_completion(&vfork);
        p->vfork_done = &vfork;
        p->flags |= PF_VFORK;
        get_task_struct(p);
    }
    wake_up_new_task(p);
    if (args->flags & CLONE_VFORK) {
        wait_for_vfork_done(p, &vfork);
        put_task_struct(p);
    }
    return nr;
}
