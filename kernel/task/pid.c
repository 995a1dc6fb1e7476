/*
 * pid.c: process ids. Owns the number space, struct pid and the walk over all processes. Offers
 * lookup under RCU. Must never take a lock that unrelated processes share.
 *
 * The links between processes and their guards (docs/locking.md has the whole order):
 *   number -> struct pid -> task   the radix tree and pid->task: written once each way with release
 * or full order, read under RCU children, exit_state           signal->child_lock of the parent
 * process. A child finds its parent by lock_parent(), which re-reads real_parent under the lock.
 * Two child_locks: the process first, then its reaper, which is always an ancestor threads of a
 * process           siglock; readers RCU group and session              numbers and struct pid in
 * signal_struct under siglock. Members are not linked: who signals a group walks all processes;
 * fork, exit and wait touch nothing shared but a reference count A number is used again only when
 * nothing refers to its struct pid: no task, no process in that group or session, no pidfd.
 *
 * A group signal must reach every member, also one that fork publishes behind the walk. kill_pgrp()
 * makes group_signals odd for the length of its walk; fork reads it before and, with a full
 * barrier, after publication as `newborn`. If it is odd or has changed, fork takes the child back and looks at
 * its own pending signals before it tries again (publish_child() in fork.c). Nobody but these walks, in which interrupts are off, looks at
 * newborns, so one that was taken back is nobody's a grace period later. A child that stays becomes `task`, and newborn is cleared after that: a walk reads
 * newborn first.
 */
#include "kernel/task/pid.h"
#include "kernel/debug/assert.h"
#include "kernel/mm/slab.h"
#include "kernel/signal/signal.h"
#include "kernel/task/process.h"
#include "lockfree/radix.h"

#define LOOK_PIECE 32 /* numbers looked at in one section without preemption: of those in use */
#define LOOK_NUMBERS 512 /* in use or not */

#define PID_MIN_REUSED 300
#define PID_BATCH      16u
#define PID_MAX_LIMIT  4194304

static void *node_alloc(size_t size)
{
    return get_zeroed_page(GFP_ATOMIC);
}

int pid_max = 32768;
u32 max_threads = 1u << 20;
static struct radix_tree pid_tree = RADIX_INIT(node_alloc, free_page_virt);
static struct kmem_cache *pid_cache;
static u64 pid_cursor = 1; /* atomic: next batch, before it is folded into the number space */

/* NOPREEMPT: numbers this CPU has taken and not yet tried. */
struct pid_batch {
    u32 next, end;
};
static DEFINE_PER_CPU(struct pid_batch, pid_batch, NOPREEMPT);

void pid_init(unsigned cpus);
void pid_init(unsigned cpus)
{
    pid_cache = kmem_cache_create("pid", sizeof(struct pid), 64);
    ASSERT(pid_cache);
    if ((int)cpus * 1024 > pid_max)
        pid_max = min((int)cpus * 1024, PID_MAX_LIMIT);
}

/* Folds the ever growing cursor into [1, pid_max) first, then round and round [PID_MIN_REUSED,
 * pid_max). */
static void batch_refill(struct pid_batch *b)
{
    u64 raw = atomic_fetch_add_relaxed(&pid_cursor, PID_BATCH);
    u32 limit = (u32)READ_ONCE(pid_max), span = limit - PID_MIN_REUSED;

    b->next = raw < limit ? (u32)raw : PID_MIN_REUSED + (u32)((raw - limit) % span);
    b->end = min(b->next + PID_BATCH, limit);
}

static u32 take_number(void)
{
    struct pid_batch *b;
    u32 nr;

    preempt_disable();
    b = this_cpu_ptr(&pid_batch);
    if (unlikely(b->next >= b->end))
        batch_refill(b);
    nr = b->next++;
    preempt_enable();
    return nr;
}

struct pid *alloc_pid(pid_t wanted)
{
    struct pid *p = kmem_cache_alloc(pid_cache, GFP_KERNEL);
    int err = -EAGAIN;

    if (unlikely(!p))
        return ERR_PTR(-ENOMEM);
    p->count = 1;
    p->level = 0;
    p->task = p->newborn = NULL;
    p->group_signals = NEAR_WRAP(u32);
    spin_lock_init(&p->lock);
    init_waitqueue_head(&p->wait_pidfd);
    p->numbers[0].ns = NULL;
    for (int tries = wanted ? 1 : pid_max; tries > 0; tries--) {
        u32 nr = wanted ? (u32)wanted : take_number();

        p->numbers[0].nr = (int)nr;
        err = radix_insert(&pid_tree, nr, p);
        if (likely(!err))
            return p;
        if (err == -ENOMEM)
            break;
    }
    kmem_cache_free(pid_cache, p);
    return ERR_PTR(err == -EEXIST && !wanted ? -EAGAIN : err);
}

static void pid_free_rcu(struct rcu_head *head)
{
    kmem_cache_free(pid_cache, container_of(head, struct pid, rcu));
}

void put_pid(struct pid *p)
{
    if (!p || !atomic_dec_and_test_full(&p->count))
        return;
    radix_remove(&pid_tree, (u32)p->numbers[0].nr);
    call_rcu(&p->rcu, pid_free_rcu);
}

void free_pid(struct pid *p)
{
    rcu_assign_pointer(p->task, NULL);
    atomic_fence_full(); /* with pidfd_poll(): it queued itself before it read task, or we see it
                            here */
    if (waitqueue_active(&p->wait_pidfd))
        wake_up_all(&p->wait_pidfd);
    put_pid(p);
}

struct pid *find_pid(int nr)
{
    return nr > 0 ? radix_lookup(&pid_tree, (u32)nr) : NULL;
}

/* A pid found under RCU whose last reference may be gone. */
static bool tryget_pid(struct pid *p)
{
    u32 n = atomic_load_relaxed(&p->count);

    while (n && !atomic_cas_acquire(&p->count, &n, n + 1))
        ;
    return n != 0;
}

struct pid *find_get_pid(int nr)
{
    struct pid *p;

    rcu_read_lock();
    p = find_pid(nr);
    if (p && !tryget_pid(p))
        p = NULL;
    rcu_read_unlock();
    return p;
}

struct task_struct *pid_task(struct pid *p, enum pid_type type)
{
    struct task_struct *t = p ? rcu_dereference(p->task) : NULL;

    if (t && type != PIDTYPE_PID && t->group_leader != t)
        return NULL;
    return t;
}

struct task_struct *find_task_by_vpid(pid_t nr)
{
    struct pid *p = find_pid(nr);

    return p ? rcu_dereference(p->task) : NULL;
}

struct task_struct *find_get_task_by_vpid(pid_t nr)
{
    struct task_struct *t;

    rcu_read_lock();
    t = find_task_by_vpid(nr);
    if (t && !tryget_task_struct(t))
        t = NULL;
    rcu_read_unlock();
    return t;
}

struct pid *task_pgrp(struct task_struct *t)
{
    return rcu_dereference(t->signal->group_pid);
}

struct pid *task_session(struct task_struct *t)
{
    return rcu_dereference(t->signal->session_pid);
}

pid_t process_group_nr(const struct task_struct *t)
{
    return READ_ONCE(t->signal->pgrp);
}

pid_t process_session_nr(const struct task_struct *t)
{
    return READ_ONCE(t->signal->session);
}

/* One section's worth: *t is the first process among LOOK_PIECE numbers in use, or LOOK_NUMBERS of any kind, from *key on, NULL when none
 * of them is one. False: no number is left. */
static bool look_at_some(u32 *key, bool newborns, struct task_struct **t)
{
    u32 end = min(*key + LOOK_NUMBERS, (u32)RADIX_MAX);
    struct pid *p;

    *t = NULL;
    rcu_read_lock();
    for (unsigned n = 0; n < LOOK_PIECE && (p = radix_find_next(&pid_tree, key, end)); n++, (*key)++) {
        struct task_struct *task = newborns ? atomic_load_acquire(&p->newborn) : NULL;

        if (!task)
            task = rcu_dereference(p->task);
        if (task && task->group_leader == task && tryget_task_struct(task)) {
            *t = task;
            break;
        }
    }
    rcu_read_unlock();
    return *key < RADIX_MAX;
}

static struct task_struct *next_of(pid_t *nr, bool newborns)
{
    u32 key = (u32)*nr;
    struct task_struct *t;

    while (look_at_some(&key, newborns, &t) && !t)
        ;
    *nr = (pid_t)key;
    return t;
}

struct task_struct *next_process(pid_t *nr)
{
    return next_of(nr, false);
}

struct task_struct *next_process_or_newborn(pid_t *nr)
{
    return next_of(nr, true);
}
