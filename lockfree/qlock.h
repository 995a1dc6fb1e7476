/* qlock.h: a one-word queue lock with an MCS tail. The word is {tail node, held}; it is taken by one CAS when free, and waiters
 * queue with nodes on their own stacks, so every context (task, irq, nmi) nests without a slot table.
 *
 *              lock      trylock   unlock(holder)
 *   each       any CPUs  any CPUs  any CPUs
 * Where CPUs are virtual and may be off their processor (qlock_unfair), waiters do not queue: a queue would wait for the one CPU
 * whose turn it is. Then any waiter that runs takes the free lock.
 * Progress: lock blocks; FIFO among queued waiters, and no newcomer passes a queue. trylock is wait-free. unlock is wait-free.
 * Ordering: Q1 unlock releases, the next lock acquires. Reuse: the lock's memory may be freed once no one can reach it and the
 * last unlock returned; a node never outlives qlock_lock. The caller keeps preemption off.
 * Source: Mellor-Crummey and Scott, TOCS 1991, with the held bit apart from the queue (Linux qspinlock, LWN 590243, 2014). */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define QLOCK_HELD 1ul

/* Set once, before the second CPU starts. */
extern bool qlock_unfair;

struct qlock {
    union {
        uintptr_t word; /* tail node address | QLOCK_HELD */
        uint8_t held;   /* the low byte: node addresses are 256-aligned, so that byte is held or not */
    };
};
#define QLOCK_INIT { { 0 } }

struct qlock_node {
    struct qlock_node *next; /* written by the successor */
    uint32_t first;          /* written by the predecessor: you are at the head of the queue */
} __attribute__((aligned(256)));

static inline bool qlock_trylock(struct qlock *l)
{
    uintptr_t zero = 0;

    return atomic_cas_acquire(&l->word, &zero, QLOCK_HELD);
}

void qlock_lock_slow(struct qlock *l);

static inline void qlock_lock(struct qlock *l)
{
    if (lf_unlikely(!qlock_trylock(l)))
        qlock_lock_slow(l);
}

static inline void qlock_unlock(struct qlock *l)
{
    LF_DEBUG_ASSERT(atomic_load_relaxed(&l->word) & QLOCK_HELD, l);
#ifdef __SANITIZE_THREAD__ /* it does not follow a release through a store of part of a word */
    (void)atomic_fetch_and_full(&l->word, ~QLOCK_HELD);
#else
    atomic_store_release(&l->held, 0); /* Q1: the tail above the low byte stays */
#endif
}

static inline bool qlock_is_locked(const struct qlock *l)
{
    return atomic_load_relaxed(&l->word) != 0;
}
