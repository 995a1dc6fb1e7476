/* Futexes, layers (a) to (d) of docs/locking.md: bucket lock, tables, hand-off, operations.
 *
 * Keys: (mm, address) for anonymous memory, through private and shared operations alike; (inode, page index, offset) for
 * file pages. Anonymous keys live in a table of their own address space that is made at the first wait; file keys in
 * one table of the machine. An address space in which nobody ever waited answers a wake without touching any table.
 *
 * Invariants (partners named in the code):
 *  F1 `waiters` is raised by RMW before the locked read of the user word.
 *  F2 a waker has a full barrier before it reads the table pointer and `waiters`.
 *  F3 a waiter leaves the queue once, under its bucket's lock; q->bucket == NULL says that it has.
 *  F4 a waker holds the task by an RCU section entered before the unlink; it wakes after the unlock.
 *  F5 two buckets are locked in the order of their addresses.
 *  F6 the blocking state is set before the waiter is queued.
 *  F7 a wake takes those that stood in the queue when it began: who waits again meanwhile has a later number.
 *  F8 no fault is served while blocking: the word is read with faults off; on a fault everything is undone first.
 *  F9 the table of an address space is freed a grace period after the space: who finds a bucket in an RCU section may lock it. */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "lockfree/qlock.h"
#include "lockfree/rcu.h"

#define FUTEX_BITSET_ANY 0xffffffffu
#define FUTEX_ALL (~(u64)0) /* above any number of a waiter */
#define FLAGS_SHARED  1u
#define FLAGS_REALTIME 2u

/* 128 bytes: line 0 lock and count, line 1 the queue. */
struct futex_bucket {
    struct qlock lock;
    u32 waiters;                       /* atomic */
    struct list_head queue __cacheline_aligned; /* lock; real-time waiters by priority, then the others, each in order of arrival */
    u64 arrivals;                      /* lock; how often somebody was queued here (F7) */
} __aligned(128);

struct futex_table {
    u32 mask;                          /* buckets - 1 */
    struct rcu_head rcu;               /* F9 */
    struct futex_bucket bucket[];
};

/* A waiter, on its own stack. Guard: lock of *bucket. */
struct futex_q {
    struct list_head link;
    struct task_struct *task;
    struct futex_key key;
    u32 bitset;                        /* 0: part of a struct pi_waiter (pi_state.h), which plain operations refuse */
    u64 arrival;                       /* of the bucket's `arrivals` */
    int prio;                          /* of a real-time or deadline task, else MAX_RT_PRIO */
    struct futex_bucket *bucket;       /* NULL: not queued any more (F3) */
};

void futex_init(void);                 /* the machine's table; after the slab works */

/* Key of a user word. 0, -EINVAL (not aligned), -EFAULT. */
int futex_get_key(u32 __user *uaddr, unsigned flags, struct futex_key *key);
/* Bucket of a key; NULL: nobody can be waiting (anonymous key, no table yet). The caller has a full barrier before (F2). */
struct futex_bucket *futex_find_bucket(const struct futex_key *key);
/* The same, but makes the address space's table when there is none. NULL: no memory. */
struct futex_bucket *futex_get_bucket(const struct futex_key *key);
static inline bool futex_key_equal(const struct futex_key *x, const struct futex_key *y)
{
    return x->a == y->a && x->b == y->b && x->offset == y->offset && x->kind == y->kind;
}
static inline void futex_lock(struct futex_bucket *b) { preempt_disable(); qlock_lock(&b->lock); }
static inline void futex_unlock(struct futex_bucket *b) { qlock_unlock(&b->lock); preempt_enable(); }

/* Into and out of a bucket's queue, whose lock is held, and its count. */
void futex_link_locked(struct futex_q *q, struct futex_bucket *b);
void futex_unlink_locked(struct futex_q *q, struct futex_bucket *b);
/* q from b1 to the key's bucket b2, both locked. */
void futex_move_locked(struct futex_q *q, struct futex_bucket *b1, struct futex_bucket *b2, const struct futex_key *key);
/* Locks the bucket in which q stands; NULL: in none any more. */
struct futex_bucket *futex_lock_bucket_of(struct futex_q *q);
/* Two buckets, NULL or the same one twice too (F5). */
void futex_lock_two(struct futex_bucket *x, struct futex_bucket *y);
void futex_unlock_two(struct futex_bucket *x, struct futex_bucket *y);
/* q waits for the word, blocking, if it holds val. 0, -EWOULDBLOCK, -EFAULT, -EINVAL, -ENOMEM: not queued, running. */
int futex_queue(struct futex_q *q, u32 __user *uaddr, unsigned flags, u32 val);

/* Tasks taken off a queue and not yet woken. Filled under bucket locks inside an RCU section, emptied after the unlock. */
#define FUTEX_BATCH 16
struct futex_wake_batch {
    struct task_struct *task[FUTEX_BATCH];
    unsigned n;
};
/* Takes up to min(nr, room in the batch) waiters of `key` whose bitset meets `bitset` and whose number is at most `upto` (F7). Bucket lock held. Number taken, -EINVAL: somebody waits
 * there for a PI lock (some may have been taken before). */
int futex_take_locked(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset, u64 upto, struct futex_wake_batch *batch);
/* Wakes up to nr waiters of a key with numbers up to `upto`, in batches. Number woken, -EINVAL. */
int futex_wake_upto(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset, u64 upto);
void futex_wake_batch(struct futex_wake_batch *batch);

/* The operations: counts or 0, or -errno as futex(2). `nr` < 1 wakes one, as Linux does. */
int futex_wait(u32 __user *uaddr, unsigned flags, u32 val, s64 deadline_ns, u32 bitset);
int futex_wake(u32 __user *uaddr, unsigned flags, int nr, u32 bitset);
int futex_requeue(u32 __user *uaddr, unsigned flags, u32 __user *uaddr2, int nr_wake, int nr_requeue, const u32 *cmpval);
int futex_wake_op(u32 __user *uaddr, unsigned flags, u32 __user *uaddr2, int nr_wake, int nr_wake2, u32 op);

/* PI (futex_pi.c, futex_requeue_pi.c). A signal is -ERESTARTNOINTR: only FUTEX_WAIT_REQUEUE_PI returns for one, once it was requeued. */
int futex_lock_pi(u32 __user *uaddr, unsigned flags, s64 deadline_ns, bool try);
int futex_unlock_pi(u32 __user *uaddr, unsigned flags);
int futex_wait_requeue_pi(u32 __user *uaddr, unsigned flags, u32 val, s64 deadline_ns, u32 __user *uaddr2);
int futex_requeue_pi(u32 __user *uaddr, unsigned flags, u32 __user *uaddr2, int nr_wake, int nr_requeue, u32 cmpval);
