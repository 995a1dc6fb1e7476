/* mutex.c: sleeping locks. The owner word is the owner's task pointer with WAITERS in bit 0; it is taken by one CAS when free and
 * given up by one CAS when nobody waits.
 *
 * Waiters stand in a list under wait_lock, oldest first. unlock with waiters clears the owner but keeps WAITERS and wakes the
 * oldest, which takes the lock when it runs; a running task may be faster (no convoy), but a waiter that lost twice asks for a
 * hand-off: then unlock makes it the owner. With several CPUs a newcomer first spins a little while the owner runs.
 * Tasks are woken after wait_lock is let go: their memory outlives the waker's section with preemption off (RCU).
 * Must never be used in interrupt context. */
#include "kernel/sync/mutex.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/errno.h"
#include "lockfree/rcu.h"

#define WAITERS 1ul
#define HANDOFF 2ul
#define FLAGS (WAITERS | HANDOFF)
#define SPIN_TURNS 64

struct mutex_waiter {
    struct list_head link;
    struct task_struct *task;
};

void mutex_init(struct mutex *m)
{
    m->owner = 0;
    spin_lock_init(&m->wait_lock);
    INIT_LIST_HEAD(&m->wait_list);
}

static inline struct task_struct *owner_of(unsigned long word)
{
    return (struct task_struct *)(word & ~FLAGS);
}

/* Takes a lock that has no owner, whatever flags it has. HANDOFF is dropped: who asked for it either wins here or asks again. */
static bool take_free(struct mutex *m, unsigned long keep)
{
    unsigned long old = atomic_load_relaxed(&m->owner);

    while (!owner_of(old))
        if (atomic_cas_acquire(&m->owner, &old, (unsigned long)current | (old & keep)))
            return true;
    return owner_of(old) == current; /* handed to us */
}

bool mutex_trylock(struct mutex *m)
{
    unsigned long old = atomic_load_relaxed(&m->owner);

    while (!owner_of(old) && !(old & HANDOFF))
        if (atomic_cas_acquire(&m->owner, &old, (unsigned long)current | old))
            return true;
    return false;
}

static bool wait_must_end(unsigned state)
{
    if (state == TASK_INTERRUPTIBLE)
        return signal_pending(current);
    return (state & TASK_WAKEKILL) && fatal_signal_pending(current);
}

/* wait_lock held. */
static void leave_queue(struct mutex *m, struct mutex_waiter *w)
{
    list_del(&w->link);
    if (list_empty(&m->wait_list))
        (void)atomic_fetch_and_relaxed(&m->owner, ~FLAGS);
}

/* True when the lock was taken. Ends as soon as the owner is off its CPU or somebody else is due here. */
static bool spin_while_owner_runs(struct mutex *m)
{
    bool taken = false;

    rcu_read_lock(); /* the owner's task is looked at */
    for (int i = 0; i < SPIN_TURNS && !need_resched(); i++) {
        struct task_struct *owner = owner_of(atomic_load_relaxed(&m->owner));

        if (!owner) {
            taken = mutex_trylock(m);
            if (taken)
                break;
        } else if (!task_is_running(owner)) {
            break;
        }
        cpu_relax();
    }
    rcu_read_unlock();
    return taken;
}

static __noinline int lock_slow(struct mutex *m, unsigned state)
{
    struct mutex_waiter w = {.task = current};
    bool first, lost = false;
    int ret = 0;

    DEBUG_ASSERT(owner_of(atomic_load_relaxed(&m->owner)) != current);
    if (sched_has_other_cpus() && spin_while_owner_runs(m))
        return 0;
    spin_lock(&m->wait_lock);
    list_add_tail(&w.link, &m->wait_list);
    for (;;) {
        set_current_state(state); /* before the look: an unlock after it wakes us */
        first = m->wait_list.next == &w.link;
        (void)atomic_fetch_or_full(&m->owner, first && lost ? FLAGS : WAITERS);
        if (take_free(m, WAITERS))
            break;
        if (wait_must_end(state)) {
            ret = -EINTR;
            break;
        }
        spin_unlock(&m->wait_lock);
        schedule();
        spin_lock(&m->wait_lock);
        lost |= first;
    }
    set_current_state(TASK_RUNNING);
    leave_queue(m, &w);
    spin_unlock(&m->wait_lock);
    return ret;
}

static __always_inline int lock_common(struct mutex *m, unsigned state)
{
    unsigned long free = 0;

    if (likely(atomic_cas_acquire(&m->owner, &free, (unsigned long)current)))
        return 0;
    return lock_slow(m, state);
}

void mutex_lock(struct mutex *m)
{
    (void)lock_common(m, TASK_UNINTERRUPTIBLE);
}

int mutex_lock_interruptible(struct mutex *m)
{
    return lock_common(m, TASK_INTERRUPTIBLE);
}

int mutex_lock_killable(struct mutex *m)
{
    return lock_common(m, TASK_KILLABLE);
}

/* The waiter must take wait_lock before it leaves: its node is there until we let that go. */
static __noinline void unlock_slow(struct mutex *m)
{
    struct task_struct *t = NULL;
    struct mutex_waiter *w;
    unsigned long old, to;

    rcu_read_lock();
    spin_lock(&m->wait_lock);
    w = list_first_entry_or_null(&m->wait_list, struct mutex_waiter, link);
    old = atomic_load_relaxed(&m->owner);
    do {
        to = old & WAITERS;
        if (w && (old & HANDOFF))
            to |= (unsigned long)w->task;
    } while (!atomic_cas_full(&m->owner, &old, to));
    if (w)
        t = w->task;
    spin_unlock(&m->wait_lock);
    if (t)
        wake_up_state(t, TASK_NORMAL);
    rcu_read_unlock();
}

void mutex_unlock(struct mutex *m)
{
    unsigned long me = (unsigned long)current;

    DEBUG_ASSERT(owner_of(atomic_load_relaxed(&m->owner)) == current);
    if (unlikely(!atomic_cas_release(&m->owner, &me, 0)))
        unlock_slow(m);
}

bool mutex_is_locked(const struct mutex *m)
{
    return owner_of(atomic_load_relaxed(&m->owner)) != NULL;
}
