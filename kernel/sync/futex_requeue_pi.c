/* futex_requeue_pi.c: FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: from a plain word (a condition) to a PI lock without running in
 * between (futex(2)). The waiter is queued like any other, but as a struct pi_waiter, which only this requeue takes; it is woken when
 * it has the lock. Invariants: pi_state.h. */
#include "kernel/sync/pi_state.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "lockfree/rcu.h"

int futex_wait_requeue_pi(u32 __user *uaddr, unsigned flags, u32 val, s64 deadline_ns, u32 __user *uaddr2)
{
    struct pi_waiter w = {.q.task = current, .requeues = true};
    int ret;

    if (uaddr == uaddr2)
        return -EINVAL;
    ret = futex_get_key(uaddr2, flags, &w.target);
    if (!ret)
        ret = futex_get_key(uaddr, flags, &w.q.key);
    if (!ret && futex_key_equal(&w.q.key, &w.target)) /* before it is queued: from then on a requeue may change the key */
        ret = -EINVAL;
    if (!ret)
        ret = futex_queue(&w.q, uaddr, flags, val);
    if (ret)
        return ret;
    ret = pi_sleep(&w, deadline_ns, current->timer_slack_ns) ? -ETIMEDOUT : -ERESTARTNOINTR;
    return pi_finish(&w, uaddr2, ret);
}

/* A requeue: from words [0] to [1]. */
struct pi_requeue {
    u32 __user *uaddr[2];
    struct futex_key key[2];
    struct futex_bucket *bucket[2];
    u32 cmpval;
    int left, done;               /* how many may still come, how many have */
    struct pi_state *spare;
    struct task_struct *owner;    /* of the lock, referenced, when it was given waiters */
    struct task_struct *granted;  /* to be woken */
    u32 word;                     /* what the second word held last */
};

static bool is_candidate(const struct futex_q *q, const struct pi_requeue *r)
{
    const struct pi_waiter *w = container_of(q, struct pi_waiter, q);

    return !q->bitset && w->requeues && !w->state && futex_key_equal(&w->target, &r->key[1]);
}

static struct futex_q *first_waiter(struct pi_requeue *r)
{
    struct futex_q *q;

    if (r->bucket[0])
        list_for_each_entry(q, &r->bucket[0]->queue, link)
            if (futex_key_equal(&q->key, &r->key[0]))
                return q;
    return NULL;
}

/* Both locks held, until the end of this part. 0, -EFAULT, -EAGAIN. */
static int compare(struct pi_requeue *r)
{
    u32 seen;

    if (r->done) /* a later batch */
        return 0;
    if (copy_from_user(&seen, r->uaddr[0], sizeof(seen)))
        return -EFAULT;
    return seen == r->cmpval ? 0 : -EAGAIN;
}

static void grant(struct pi_requeue *r, struct pi_claim *c, struct pi_waiter *w)
{
    *r->spare = (struct pi_state){.owner = c->task, .loan.bucket = c->bucket};
    c->state = r->spare;
    r->granted = c->task;
    pi_grant_locked(c->state, w);
}

/* Moves one waiter, which has the lock if `taken` and else begins to wait for it. 0, PI_RETRY, -errno. */
static int move_one(struct pi_requeue *r, struct pi_claim *c, struct futex_q *q, bool taken)
{
    if (!is_candidate(q, r))
        return -EINVAL;
    if (taken)
        grant(r, c, PI_WAITER(q));
    else if (pi_wait_locked(c->state, PI_WAITER(q)) < 0)
        return pi_owner_gone_locked(c);
    if (c->state == r->spare)
        r->spare = NULL;
    futex_move_locked(q, r->bucket[0], r->bucket[1], &r->key[1]);
    r->left--;
    r->done++;
    return 0;
}

/* 0: that was all; PI_RETRY: there are more, or the owner changed; -errno. */
static int move_batch(struct pi_requeue *r, struct pi_claim *c, bool taken)
{
    struct futex_q *q, *next;
    int moved = 0, ret = 0;

    list_for_each_entry_safe(q, next, &r->bucket[0]->queue, link) {
        if (ret || !r->left || moved == FUTEX_BATCH)
            break;
        if (!futex_key_equal(&q->key, &r->key[0]))
            continue;
        ret = move_one(r, c, q, taken && !moved);
        moved += !ret;
    }
    if (moved > taken) {
        r->owner = c->state->owner;
        get_task_struct(r->owner);
    }
    return !ret && moved == FUTEX_BATCH ? PI_RETRY : ret;
}

static int requeue_locked(struct pi_requeue *r)
{
    struct pi_claim c = {.uaddr = r->uaddr[1], .bucket = r->bucket[1], .key = r->key[1], .others_wait = r->left > 1};
    struct futex_q *first;
    int ret = compare(r);

    if (ret)
        return ret;
    first = r->left ? first_waiter(r) : NULL;
    if (!first)
        return 0;
    if (!is_candidate(first, r))
        return -EINVAL;
    c.task = first->task;
    ret = pi_claim_locked(&c, r->spare);
    if (ret == PI_TAKEN || ret == PI_BUSY)
        ret = move_batch(r, &c, ret == PI_TAKEN);
    r->word = c.word;
    return ret;
}

/* ---- no lock is held ---- */

/* `t` began to wait for a lock whose owner waits for it: back to the word it came from. */
static void take_back(struct pi_requeue *r, struct task_struct *t)
{
    struct task_struct *changed = NULL;
    struct pi_waiter *w;

    futex_lock_two(r->bucket[0], r->bucket[1]);
    w = t->pi.waits_in == r->bucket[1] ? t->pi.waiter : NULL;
    if (w && w->requeues && futex_key_equal(&w->target, &r->key[1])) {
        changed = pi_leave_locked(w);
        futex_move_locked(&w->q, r->bucket[1], r->bucket[0], &r->key[0]);
    }
    futex_unlock_two(r->bucket[0], r->bucket[1]);
    pi_follow_put(changed);
}

/* What was lent to the lock's owner goes on along its chain. 0, -EDEADLK. */
static int follow_owner(struct pi_requeue *r)
{
    struct task_struct *last = NULL;
    int err = pi_check_deadlock(r->owner, &last);

    if (last) {
        take_back(r, last);
        put_task_struct(last);
    }
    put_task_struct(r->owner);
    r->owner = NULL;
    return err;
}

/* The condition is only read, so it may stand where nobody may write. */
static bool fault_in_both(struct pi_requeue *r)
{
    u32 seen;

    return !copy_from_user(&seen, r->uaddr[0], sizeof(seen)) && !futex_fault_in(r->uaddr[1]);
}

/* One section and what follows from it. 0: done; PI_RETRY; -errno. */
static int requeue_once(struct pi_requeue *r)
{
    int ret, err;

    if (!r->spare)
        r->spare = kmalloc(sizeof(*r->spare), GFP_KERNEL);
    if (!r->spare)
        return -ENOMEM;
    r->granted = NULL;
    rcu_read_lock(); /* F4 */
    futex_lock_two(r->bucket[0], r->bucket[1]);
    ret = requeue_locked(r);
    futex_unlock_two(r->bucket[0], r->bucket[1]);
    if (r->granted)
        wake_up_state(r->granted, TASK_NORMAL);
    rcu_read_unlock();
    err = r->owner ? follow_owner(r) : 0;
    if (ret == PI_SHUT) {
        pi_await_open(r->word);
        return PI_RETRY;
    }
    if (ret == -EFAULT && fault_in_both(r))
        return PI_RETRY;
    return err ? err : ret;
}

int futex_requeue_pi(u32 __user *uaddr, unsigned flags, u32 __user *uaddr2, int nr_wake, int nr_requeue, u32 cmpval)
{
    struct pi_requeue r = {.uaddr = {uaddr, uaddr2}, .cmpval = cmpval};
    int ret;

    if (nr_wake != 1 || nr_requeue < 0 || uaddr == uaddr2)
        return -EINVAL;
    r.left = nr_requeue == INT_MAX ? nr_requeue : nr_requeue + 1;
    ret = futex_get_key(uaddr, flags, &r.key[0]);
    if (!ret)
        ret = futex_get_key(uaddr2, flags, &r.key[1]);
    if (ret)
        return ret;
    if (futex_key_equal(&r.key[0], &r.key[1]))
        return -EINVAL;
    atomic_fence_full(); /* F2 */
    r.bucket[0] = futex_find_bucket(&r.key[0]);
    r.bucket[1] = futex_get_bucket(&r.key[1]);
    if (!r.bucket[1])
        return -ENOMEM;
    do {
        ret = requeue_once(&r);
    } while (ret == PI_RETRY && !fatal_signal_pending(current));
    kfree(r.spare);
    return ret < 0 ? ret : r.done;
}
