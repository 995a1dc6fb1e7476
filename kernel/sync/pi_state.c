/* pi_state.c: owner and waiters of a PI futex, under its bucket's lock. Invariants: pi_state.h. Must never touch user memory. */
#include "kernel/sync/pi_state.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/err.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"

#define WAITER_OF(n) container_of((n), struct pi_waiter, node)
#define PLACE_PRIO   48 /* shift */
#define PLACE_FIRST  (1ll << 62)

/* By deadline, then by priority, then by arrival. Fair tasks are equals, whatever their nice value: as on Linux the one that came first. */
static s64 place_of(s64 standing, u64 arrival)
{
    s64 prio = min_t(s64, standing - STANDING_OF_PRIO, MAX_RT_PRIO);

    if (standing < STANDING_OF_PRIO)
        return standing;
    return PLACE_FIRST | prio << PLACE_PRIO | (s64)(arrival & ((1ull << PLACE_PRIO) - 1));
}

struct pi_state *pi_state_find_locked(struct futex_bucket *b, const struct futex_key *key)
{
    struct futex_q *q;

    list_for_each_entry(q, &b->queue, link) {
        if (!futex_key_equal(&q->key, key))
            continue;
        return !q->bitset && PI_WAITER(q)->state ? PI_WAITER(q)->state : ERR_PTR(-EINVAL);
    }
    return NULL;
}

struct pi_waiter *pi_top_locked(struct pi_state *s)
{
    return s->waiters.root ? WAITER_OF(s->waiters.root) : NULL;
}

/* PI1. */
static int lend(struct pi_state *s)
{
    struct pi_waiter *top = pi_top_locked(s);

    return sched_lend(s->owner, &s->loan, top ? top->standing : STANDING_NONE);
}

static void insert(struct pi_state *s, struct pi_waiter *w)
{
    w->standing = sched_standing(w->q.task);
    w->node.expires_ns = place_of(w->standing, s->arrivals++);
    timer_heap_insert(&s->waiters, &w->node);
}

/* w is out of the heap: its task waits no more. */
static void end_wait(struct pi_state *s, struct pi_waiter *w)
{
    timer_heap_remove(&s->waiters, &w->node);
    w->q.task->pi.waiter = NULL;
    atomic_store_release(&w->q.task->pi.waits_in, NULL);
}

static void put_state(struct pi_waiter *w)
{
    struct pi_state *s = w->state;

    w->state = NULL;
    if (--s->users)
        return;
    DEBUG_ASSERT(!s->waiters.root && !s->loan.node.link);
    kfree(s);
}

int pi_wait_locked(struct pi_state *s, struct pi_waiter *w)
{
    struct task_struct *t = w->q.task;
    int ret;

    w->state = s;
    s->users++;
    t->pi.waits++;
    t->pi.waiter = w;
    atomic_store_release(&t->pi.waits_in, s->loan.bucket); /* PI2: sched_standing() takes a lock, a full barrier */
    insert(s, w);
    ret = lend(s);
    if (ret < 0) { /* only a state's first waiter can find its owner ended: PI1 */
        end_wait(s, w);
        w->state = NULL;
        s->users--;
    }
    return ret;
}

int pi_reorder_locked(struct pi_waiter *w)
{
    if (sched_standing(w->q.task) != w->standing) {
        timer_heap_remove(&w->state->waiters, &w->node);
        insert(w->state, w);
    }
    return lend(w->state);
}

struct task_struct *pi_leave_locked(struct pi_waiter *w)
{
    struct pi_state *s = w->state;
    struct task_struct *owner = NULL;

    if (!w->granted) {
        end_wait(s, w);
        if (lend(s) > 0 && tryget_task_struct(s->owner)) /* without a loan it may end */
            owner = s->owner;
    }
    put_state(w);
    return owner;
}

void pi_grant_locked(struct pi_state *s, struct pi_waiter *w)
{
    w->state = s;
    s->users++;
    atomic_store_release(&w->granted, 1);
}

struct task_struct *pi_hand_over_locked(struct pi_state *s, bool unnamed)
{
    struct pi_waiter *w = pi_top_locked(s);

    if (!w)
        return NULL;
    end_wait(s, w);
    (void)sched_lend(s->owner, &s->loan, STANDING_NONE);
    s->owner = w->q.task;
    s->unnamed = w->unnamed = unnamed;
    (void)lend(s);
    atomic_store_release(&w->granted, 1);
    return w->q.task;
}
