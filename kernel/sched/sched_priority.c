/* sched_priority.c: getpriority, setpriority, membarrier: calls that walk over processes or CPUs. Sources: setpriority(2),
 * membarrier(2). */
#include "kernel/arch/x86/smp.h"
#include "kernel/lib/err.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/rq.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "lockfree/rcu.h"

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2

/* One walk of getpriority or setpriority. */
struct priority_walk {
    bool set;
    bool of_user; /* only threads whose real user is uid */
    uid_t uid;
    int nice;     /* to set; or the best found, as 20 - nice, 0 nothing yet */
    int error;    /* -ESRCH until something matched */
};

static bool may_renice(struct task_struct *t)
{
    uid_t euid = current_cred()->euid;
    bool same;

    rcu_read_lock();
    same = t->cred->uid == euid || t->cred->euid == euid;
    rcu_read_unlock();
    return same || capable(CAP_SYS_NICE);
}

static int renice_one(struct task_struct *t, int nice)
{
    if (!may_renice(t))
        return -EPERM;
    if (nice < task_nice(t) && (u64)(20 - nice) > atomic_load_relaxed(&t->signal->rlim[RLIMIT_NICE].rlim_cur) &&
        !capable(CAP_SYS_NICE))
        return -EACCES;
    return set_user_nice(t, nice);
}

static void visit(struct priority_walk *w, struct task_struct *t)
{
    int err;

    if (!w->set) {
        w->nice = max(w->nice, 20 - task_nice(t));
        w->error = 0;
        return;
    }
    err = renice_one(t, w->nice);
    if (w->error == -ESRCH || err)
        w->error = err;
}

#define THREADS_AT_ONCE 32

/* Takes references to the threads behind `last`; NULL, or one that leaves the list (it is EXIT_DEAD before): from the first on. */
static size_t take_threads(struct task_struct *leader, struct task_struct *last, struct task_struct **some)
{
    struct list_head *head = &leader->signal->thread_head, *at = head;
    size_t n = 0;

    rcu_read_lock();
    if (last && READ_ONCE(last->exit_state) != EXIT_DEAD)
        at = &last->thread_node;
    while (n < THREADS_AT_ONCE && (at = rcu_dereference(at->next)) != head) {
        some[n] = list_entry(at, struct task_struct, thread_node);
        n += READ_ONCE(some[n]->exit_state) != EXIT_DEAD && tryget_task_struct(some[n]);
    }
    rcu_read_unlock();
    return n;
}

static bool is_meant(const struct priority_walk *w, const struct task_struct *t)
{
    bool yes;

    rcu_read_lock();
    yes = !w->of_user || t->cred->uid == w->uid;
    rcu_read_unlock();
    return yes;
}

/* All of them, also those that are made meanwhile, by references, some at a time: a visit takes locks and walks along PI chains, where the walker may be preempted. When the last one
 * has left meanwhile the first are visited again, which changes nothing; not for ever where threads come and go. */
static void visit_threads(struct priority_walk *w, struct task_struct *leader)
{
    struct task_struct *some[THREADS_AT_ONCE], *last = NULL;
    size_t n = THREADS_AT_ONCE;

    for (size_t visits = 0; n && visits < max_threads; visits += n) {
        n = take_threads(leader, last, some);
        if (last)
            put_task_struct(last);
        last = n ? some[n - 1] : NULL;
        for (size_t i = 0; i < n; i++) {
            if (is_meant(w, some[i]))
                visit(w, some[i]);
            if (some[i] != last)
                put_task_struct(some[i]);
        }
    }
    if (last)
        put_task_struct(last);
}

static bool in_group(struct task_struct *leader, int who)
{
    bool yes;

    rcu_read_lock();
    yes = task_pgrp(leader) && (who ? pid_vnr(task_pgrp(leader)) == who : task_pgrp(leader) == task_pgrp(current));
    rcu_read_unlock();
    return yes;
}

static void walk_processes(struct priority_walk *w, int which, int who)
{
    struct task_struct *leader;

    w->of_user = which == PRIO_USER;
    w->uid = who ? (uid_t)who : current_cred()->uid;
    for (pid_t nr = 1; (leader = next_process(&nr)); nr++) {
        if (w->of_user || in_group(leader, who))
            visit_threads(w, leader);
        put_task_struct(leader);
    }
}

static int walk(struct priority_walk *w, int which, int who)
{
    w->error = -ESRCH;
    if (which == PRIO_PROCESS) {
        struct task_struct *t = who ? find_get_task_by_vpid(who) : current;

        if (!t)
            return -ESRCH;
        visit(w, t);
        if (who)
            put_task_struct(t);
        return w->error;
    }
    walk_processes(w, which, who);
    return w->error;
}

long sys_getpriority(int which, int who)
{
    struct priority_walk w = {0};
    int err;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    err = walk(&w, which, who);
    return err ? err : w.nice;
}

long sys_setpriority(int which, int who, int niceval)
{
    struct priority_walk w = {.set = true};

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    w.nice = niceval < MIN_NICE ? MIN_NICE : niceval > MAX_NICE ? MAX_NICE : niceval;
    return walk(&w, which, who);
}

/* ---- membarrier ---- */

#define MEMBARRIER_CMD_QUERY 0
#define MEMBARRIER_CMD_GLOBAL 1
#define MEMBARRIER_CMD_GLOBAL_EXPEDITED 2
#define MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED 4
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED 8
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED 16
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE 32
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 64
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ 128
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ 256
#define MEMBARRIER_CMD_FLAG_CPU 1

static void barrier_here(void *unused)
{
    atomic_fence_full();
}

/* What runs here goes through rseq_return_to_user() before its next instruction in user mode. */
static void restart_here(void *mm)
{
    atomic_fence_full();
    if (current->rseq && current->mm == mm)
        set_tsk_work(current, TIF_RSEQ);
}

/* Here and not on the way out: who is interrupted may lose the CPU to another thread of its process first, which returns by SYSRET, and that
 * does not serialise; nor does polling for calls with interrupts off end with an IRET. */
static void sync_core_here(void *unused)
{
    atomic_fence_full();
    sync_core();
}

static long register_space(struct mm_struct *mm, u32 flag)
{
    down_write(&mm->mmap_lock);
    mm->flags |= flag;
    up_write(&mm->mmap_lock);
    return 0;
}

/* Every running thread executes a full barrier between the call and its return. */
static void barrier_everywhere(void)
{
    atomic_fence_full();
    if (sched_smp)
        smp_call_function_many(cpu_online_mask, barrier_here, NULL, true);
    atomic_fence_full();
}

/* Every CPU serialises between the call and its return, the idle ones too: a thread that is switched in later finds it done, on whichever it
 * comes to. The caller must not move in between to one that was not asked because it was its own. */
static void sync_core_everywhere(void)
{
    atomic_fence_full();
    preempt_disable();
    sync_core_here(NULL);
    if (sched_smp)
        smp_call_function_many(cpu_online_mask, sync_core_here, NULL, true);
    preempt_enable();
}

/* Critical sections of rseq(2) that are running on every other CPU, or on one, are restarted. */
static long restart_sections(unsigned flags, int cpu)
{
    if (!(READ_ONCE(current->mm->flags) & MM_MEMBARRIER_RSEQ))
        return -EPERM;
    atomic_fence_full();
    if (!(flags & MEMBARRIER_CMD_FLAG_CPU) || cpu < 0) {
        if (sched_smp)
            smp_call_function_many(cpu_online_mask, restart_here, current->mm, true);
    } else if ((u32)cpu < nr_cpu_ids) {
        preempt_disable(); /* it leaves after it answered, or before it is asked */
        if (cpu_online((u32)cpu))
            smp_call_function_single((unsigned)cpu, restart_here, current->mm, true);
        preempt_enable();
    }
    atomic_fence_full();
    return 0;
}

long sys_membarrier(int cmd, unsigned flags, int cpu_id)
{
    if (flags && !(cmd == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ && flags == MEMBARRIER_CMD_FLAG_CPU))
        return -EINVAL;
    switch (cmd) {
    case MEMBARRIER_CMD_QUERY:
        return MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
               MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
               MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
               MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    case MEMBARRIER_CMD_GLOBAL:
        synchronize_rcu();
        return 0;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        if (!(READ_ONCE(current->mm->flags) & MM_MEMBARRIER))
            return -EPERM;
        /* fall through */
    case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
        barrier_everywhere();
        return 0;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        return register_space(current->mm, MM_MEMBARRIER);
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        if (!(READ_ONCE(current->mm->flags) & MM_MEMBARRIER_SYNC_CORE))
            return -EPERM;
        sync_core_everywhere();
        return 0;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        return register_space(current->mm, MM_MEMBARRIER_SYNC_CORE);
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
        return register_space(current->mm, MM_MEMBARRIER_RSEQ);
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
        return restart_sections(flags, cpu_id);
    case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
        return 0; /* the barrier runs on every CPU, registered or not */
    default:
        return -EINVAL;
    }
}
