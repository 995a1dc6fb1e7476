/* pi_chain.c: from a task to the owner of the lock it waits for, to the one whom that waits for, and so on: passes urgency on, finds
 * circles.
 *
 * A step holds one bucket's lock and no other; between two steps the walk may be preempted and everything may change. So
 *  - whoever changed a task's urgency steps on from there until a step changes nothing: another walk cares for the rest. Each step
 *    computes from what is true then, so the last one to pass is right;
 *  - a circle counts when two walks in a row found the same waits of the same tasks: as a task that waits can neither begin another wait
 *    nor let a lock go, all of them stood at one moment, between the two walks. Of two tasks that close a circle each stands in its queue before
 *    it walks, so at least the later one finds it. */
#include "kernel/sync/pi_state.h"
#include "kernel/lib/errno.h"
#include "kernel/sched/sched.h"
#include "kernel/task/process.h"
#include "lockfree/rcu.h"

int futex_max_lock_depth = 1024; /* as on Linux */

/* The locked bucket in which t waits for a PI lock; NULL: it waits for none. In an RCU section: the bucket's table may go (F9). */
static struct futex_bucket *lock_where_it_waits(struct task_struct *t)
{
    for (;;) {
        struct futex_bucket *b = atomic_load_acquire(&t->pi.waits_in);

        if (!b)
            return NULL;
        futex_lock(b);
        if (t->pi.waits_in == b)
            return b;
        futex_unlock(b);
    }
}

/* What a walk saw. */
struct walk {
    bool changed;  /* the last step changed an owner's urgency */
    u64 signature; /* of the waits */
};

/* The owner of what t waits for, referenced, which is lent what t's urgency is now. NULL: t does not wait. */
static struct task_struct *step(struct task_struct *t, struct walk *walk)
{
    struct task_struct *owner = NULL;
    struct futex_bucket *b;

    rcu_read_lock();
    b = lock_where_it_waits(t);
    if (b) {
        walk->changed = pi_reorder_locked(t->pi.waiter) > 0;
        walk->signature = (walk->signature ^ (u64)t ^ t->pi.waits) * 0x9e3779b97f4a7c15ul;
        owner = t->pi.waiter->state->owner;
        get_task_struct(owner);
        futex_unlock(b);
    }
    rcu_read_unlock();
    return owner;
}

/* One walk from `start`. 1: it came back, from *last, referenced; 0: it ended elsewhere; -EDEADLK: it is too long. */
static int walk_round(struct task_struct *start, struct walk *walk, struct task_struct **last)
{
    struct task_struct *t = start, *next;

    get_task_struct(t);
    for (int depth = 0; depth < READ_ONCE(futex_max_lock_depth); depth++) {
        next = step(t, walk);
        if (next == start) {
            put_task_struct(next);
            *last = t;
            return 1;
        }
        put_task_struct(t);
        if (!next)
            return 0;
        t = next;
    }
    put_task_struct(t);
    return -EDEADLK;
}

int pi_check_deadlock(struct task_struct *t, struct task_struct **last)
{
    struct task_struct *from = NULL;
    u64 before = 0;

    for (;;) {
        struct walk walk = {.signature = 1};
        int ret = walk_round(t, &walk, &from);

        if (ret <= 0)
            return ret;
        if (walk.signature == before)
            break;
        before = walk.signature;
        put_task_struct(from);
    }
    if (last)
        *last = from;
    else
        put_task_struct(from);
    return -EDEADLK;
}

void pi_follow_put(struct task_struct *t)
{
    struct walk walk = {.changed = true};

    for (int depth = 0; t; depth++) {
        struct task_struct *next = walk.changed && depth < READ_ONCE(futex_max_lock_depth) ? step(t, &walk) : NULL;

        put_task_struct(t);
        t = next;
    }
}

void pi_follow(struct task_struct *t)
{
    if (likely(!atomic_load_acquire(&t->pi.waits_in))) /* PI2 */
        return;
    get_task_struct(t);
    pi_follow_put(t);
}
