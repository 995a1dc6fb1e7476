/* Futex core: keys, tables, wait and wake. Contract and invariants F1 to F8: futex.h. */
#include "kernel/sync/futex.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/err.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/task/process.h"
#include "lockfree/rcu.h"

#define PRIVATE_BUCKETS 16u
#define SHARED_BUCKETS  2048u

static struct futex_table *shared_table; /* set once by futex_init */

static struct futex_table *table_alloc(u32 buckets)
{
    size_t bytes = sizeof(struct futex_table) + buckets * sizeof(struct futex_bucket);
    struct futex_table *t = bytes > 4 * PAGE_SIZE ? vmalloc(bytes) : kzalloc(bytes, GFP_KERNEL);

    if (!t)
        return NULL;
    t->mask = buckets - 1;
    for (u32 i = 0; i < buckets; i++)
        INIT_LIST_HEAD(&t->bucket[i].queue);
    return t;
}

void futex_init(void)
{
    shared_table = table_alloc(SHARED_BUCKETS);
    ASSERT(shared_table);
}

void futex_mm_free(void *table)
{
    kfree_rcu((struct futex_table *)table, rcu); /* F9 */
}

/* As on Linux a private and a shared operation on the same anonymous word do not meet. */
static int shared_key(u64 addr, struct futex_key *key)
{
    int ret = get_futex_key_shared(current->mm, addr, key);

    if (!ret && key->kind == FUTEX_KEY_ANON)
        key->offset = 1;
    return ret;
}

static __always_inline int get_key(u32 __user *uaddr, unsigned flags, struct futex_key *key)
{
    u64 addr = (u64)uaddr;

    if (unlikely(addr & 3))
        return -EINVAL;
    if (unlikely(!access_ok(uaddr, sizeof(*uaddr))))
        return -EFAULT;
    if (flags & FLAGS_SHARED)
        return shared_key(addr, key);
    key->a = (u64)current->mm;
    key->b = addr;
    key->offset = 0;
    key->kind = FUTEX_KEY_ANON;
    return 0;
}

int futex_get_key(u32 __user *uaddr, unsigned flags, struct futex_key *key)
{
    return get_key(uaddr, flags, key);
}

static inline struct futex_bucket *bucket_of(struct futex_table *t, const struct futex_key *key)
{
    u64 h = (key->a ^ key->b ^ key->offset) * 0x9e3779b97f4a7c15UL;

    return &t->bucket[(h >> 40) & t->mask];
}

static __always_inline struct futex_bucket *find_bucket(const struct futex_key *key)
{
    struct futex_table *t = shared_table;

    if (key->kind == FUTEX_KEY_ANON)
        t = atomic_load_acquire(&current->mm->futex_table);
    return t ? bucket_of(t, key) : NULL;
}

struct futex_bucket *futex_find_bucket(const struct futex_key *key)
{
    return find_bucket(key);
}

static __noinline struct futex_bucket *make_table(const struct futex_key *key)
{
    struct futex_table *t = table_alloc(PRIVATE_BUCKETS);
    void *none = NULL;

    if (!t)
        return NULL;
    if (!atomic_cas_full(&current->mm->futex_table, &none, (void *)t))
        kfree(t); /* another thread was first */
    return find_bucket(key);
}

static __always_inline struct futex_bucket *get_bucket(const struct futex_key *key)
{
    struct futex_bucket *b = find_bucket(key);

    return likely(b) ? b : make_table(key);
}

struct futex_bucket *futex_get_bucket(const struct futex_key *key)
{
    return get_bucket(key);
}

/* ---- a bucket's queue ---- */

/* As on Linux who is real time stands before who is not, and the more urgent first. */
static __noinline void link_urgent(struct futex_q *q, struct futex_bucket *b)
{
    struct futex_q *at;

    list_for_each_entry(at, &b->queue, link) {
        if (at->prio > q->prio) {
            list_add_tail(&q->link, &at->link);
            return;
        }
    }
    list_add_tail(&q->link, &b->queue);
}

static __always_inline void insert_waiter(struct futex_q *q, struct futex_bucket *b)
{
    q->prio = min(q->task->normal_prio, MAX_RT_PRIO);
    q->arrival = ++b->arrivals;
    if (likely(q->prio == MAX_RT_PRIO))
        list_add_tail(&q->link, &b->queue);
    else
        link_urgent(q, b);
}

static inline void unlink_waiter(struct futex_q *q, struct futex_bucket *b)
{
    list_del(&q->link);
    atomic_dec_relaxed(&b->waiters);
    atomic_store_release(&q->bucket, NULL); /* F3; the stack frame of q may go from here on */
}

void futex_link_locked(struct futex_q *q, struct futex_bucket *b)
{
    (void)atomic_fetch_add_full(&b->waiters, 1);
    insert_waiter(q, b);
    q->bucket = b;
}

void futex_unlink_locked(struct futex_q *q, struct futex_bucket *b)
{
    unlink_waiter(q, b);
}

void futex_move_locked(struct futex_q *q, struct futex_bucket *b1, struct futex_bucket *b2, const struct futex_key *key)
{
    q->key = *key;
    if (b1 == b2)
        return;
    (void)atomic_fetch_add_full(&b2->waiters, 1); /* F1 for the new word */
    list_del(&q->link);
    insert_waiter(q, b2);
    atomic_store_release(&q->bucket, b2);
    atomic_dec_relaxed(&b1->waiters);
}

struct futex_bucket *futex_lock_bucket_of(struct futex_q *q)
{
    struct futex_bucket *b;

    while ((b = atomic_load_acquire(&q->bucket))) {
        futex_lock(b);
        if (q->bucket == b) /* a requeue may have moved it meanwhile */
            return b;
        futex_unlock(b);
    }
    return NULL;
}

/* ---- wake ---- */

/* Of those up to `upto`; FUTEX_ALL: of all that stand there, and no number is looked at. */
static __always_inline int take(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset, u64 upto, struct futex_wake_batch *batch)
{
    struct futex_q *q, *next;
    int taken = 0;

    list_for_each_entry_safe(q, next, &b->queue, link) {
        if (taken >= nr || batch->n == FUTEX_BATCH)
            break;
        if (!futex_key_equal(&q->key, key) || (upto != FUTEX_ALL && q->arrival > upto))
            continue;
        if (!(q->bitset & bitset)) {
            if (unlikely(!q->bitset))
                return -EINVAL;
            continue;
        }
        batch->task[batch->n++] = q->task;
        unlink_waiter(q, b);
        taken++;
    }
    return taken;
}

int futex_take_locked(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset, u64 upto, struct futex_wake_batch *batch)
{
    return take(b, key, nr, bitset, upto, batch);
}

void futex_wake_batch(struct futex_wake_batch *batch)
{
    for (unsigned i = 0; i < batch->n; i++) {
        if (batch->n == 1)
            wake_up_state_sync(batch->task[i], TASK_NORMAL);
        else
            wake_up_process(batch->task[i]);
    }
    batch->n = 0;
}

int futex_wake_upto(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset, u64 upto)
{
    struct futex_wake_batch batch = {.n = 0};
    int woken = 0, taken;

    do {
        rcu_read_lock(); /* F4 */
        futex_lock(b);
        taken = futex_take_locked(b, key, nr - woken, bitset, upto, &batch);
        futex_unlock(b);
        futex_wake_batch(&batch);
        rcu_read_unlock();
        if (unlikely(taken < 0))
            return taken;
        woken += taken;
    } while (taken == FUTEX_BATCH && woken < nr);
    return woken;
}

/* Up to nr of those that wait now. */
static __always_inline int wake_key(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset)
{
    struct futex_wake_batch batch; /* an initialiser would clear all its slots */
    u64 upto = 0;
    int taken, rest;

    batch.n = 0;
    rcu_read_lock(); /* F4 */
    futex_lock(b);
    taken = take(b, key, nr, bitset, FUTEX_ALL, &batch);
    if (unlikely(taken == FUTEX_BATCH))
        upto = b->arrivals;
    futex_unlock(b);
    futex_wake_batch(&batch);
    rcu_read_unlock();
    if (likely(taken < FUTEX_BATCH || taken == nr))
        return taken;
    rest = futex_wake_upto(b, key, nr - taken, bitset, upto);
    return rest < 0 ? rest : taken + rest;
}

int futex_wake(u32 __user *uaddr, unsigned flags, int nr, u32 bitset)
{
    struct futex_bucket *b;
    struct futex_key key;
    int ret;

    if (unlikely(!bitset))
        return -EINVAL;
    ret = get_key(uaddr, flags, &key);
    if (unlikely(ret))
        return ret;
    atomic_fence_full(); /* F2: the caller's store to the word before our reads; partner: F1 in queue_if_equal */
    b = find_bucket(&key);
    if (!b || !atomic_load_relaxed(&b->waiters))
        return 0;
    return wake_key(b, &key, max(nr, 1), bitset);
}

/* ---- wait ---- */

/* Queues q if the word still holds val. 0 (queued, blocking), -EWOULDBLOCK, -EFAULT (nothing queued, state running). */
static __always_inline int queue_if_equal(struct futex_q *q, struct futex_bucket *b, u32 __user *uaddr, u32 val)
{
    u32 seen;

    (void)atomic_fetch_add_full(&b->waiters, 1); /* F1; partner: the fence in futex_wake */
    futex_lock(b);
    if (unlikely(copy_from_user(&seen, uaddr, sizeof(seen)))) { /* F8: preemption is off, no fault is served */
        futex_unlock(b);
        atomic_dec_relaxed(&b->waiters);
        return -EFAULT;
    }
    if (seen != val) {
        futex_unlock(b);
        atomic_dec_relaxed(&b->waiters);
        return -EWOULDBLOCK;
    }
    set_current_state(TASK_INTERRUPTIBLE); /* F6 */
    q->bucket = b;
    insert_waiter(q, b);
    futex_unlock(b);
    return 0;
}

static __always_inline int queue(struct futex_q *q, u32 __user *uaddr, unsigned flags, u32 val)
{
    struct futex_bucket *b;
    u32 seen __unused;
    int ret;

    for (;;) {
        ret = get_key(uaddr, flags, &q->key);
        if (unlikely(ret))
            return ret;
        b = get_bucket(&q->key);
        if (unlikely(!b))
            return -ENOMEM;
        ret = queue_if_equal(q, b, uaddr, val);
        if (likely(ret != -EFAULT) || get_user(seen, uaddr)) /* serves the fault */
            return ret;
    }
}

int futex_queue(struct futex_q *q, u32 __user *uaddr, unsigned flags, u32 val)
{
    return queue(q, uaddr, flags, val);
}

/* Leaves the queue. True: it was still there; false: a waker had taken it. */
static bool unqueue(struct futex_q *q)
{
    struct futex_bucket *b = atomic_load_acquire(&q->bucket);

    if (likely(!b) || !(b = futex_lock_bucket_of(q)))
        return false;
    unlink_waiter(q, b);
    futex_unlock(b);
    return true;
}

/* Sleeps until woken, the deadline, or a signal. True when the deadline passed. */
static bool sleep_queued(struct futex_q *q, s64 deadline_ns)
{
    bool expired = false;

    for (;;) {
        if (!atomic_load_acquire(&q->bucket) || signal_pending(current))
            break;
        if (likely(deadline_ns == S64_MAX))
            schedule();
        else
            expired = schedule_hrtimeout_range(deadline_ns, current->timer_slack_ns);
        if (expired || !atomic_load_acquire(&q->bucket))
            break;
        set_current_state(TASK_INTERRUPTIBLE);
    }
    set_current_state(TASK_RUNNING);
    return expired;
}

int futex_wait(u32 __user *uaddr, unsigned flags, u32 val, s64 deadline_ns, u32 bitset)
{
    struct futex_q q = { .task = current, .bitset = bitset };
    bool expired;
    int ret;

    if (unlikely(!bitset))
        return -EINVAL;
    for (;;) {
        ret = queue(&q, uaddr, flags, val);
        if (ret)
            return ret;
        expired = sleep_queued(&q, deadline_ns);
        if (!unqueue(&q))
            return 0;
        if (expired)
            return -ETIMEDOUT;
        if (signal_pending(current))
            return -ERESTARTSYS;
    }
}
