/* mcs.h: the MCS queue lock. Each waiter spins on its own node, so a hand-over moves one cache line.
 *
 *              lock      trylock   unlock(holder)
 *   lock       any CPUs  any CPUs  any CPUs          nodes differ; one node is in one lock at a time
 * Progress: lock blocks, FIFO; trylock is wait-free; unlock waits only for a successor that is between its xchg and its store.
 * Ordering: M1 unlock releases, the lock that follows acquires (mcs_unlock -> mcs_lock).
 * Reuse: a node may be reused as soon as unlock has returned. The caller keeps preemption off.
 * Misuse: locking what the CPU holds already and unlocking what it does not hold are caught in debug builds (holder.h).
 * Source: Mellor-Crummey and Scott, ACM TOCS 9(1), 1991. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"
#include "lockfree/holder.h"

struct mcs_node {
    struct mcs_node *next; /* written by the successor */
    uint32_t granted;      /* written by the predecessor */
};

struct mcs_lock {
    struct mcs_node *tail;
    LF_HOLDER
};
#define MCS_LOCK_INIT { .tail = NULL }

static inline void mcs_lock(struct mcs_lock *l, struct mcs_node *me)
{
    struct mcs_node *prev;

    LF_MISUSE_WANTED("mcs", l);
    atomic_store_relaxed(&me->next, NULL);
    atomic_store_relaxed(&me->granted, 0);
    prev = atomic_xchg_full(&l->tail, me); /* releases me's init to the successor, acquires a free lock */
    if (lf_unlikely(prev)) {
        atomic_store_release(&prev->next, me); /* pairs with the acquire load in mcs_unlock */
        while (!atomic_load_acquire(&me->granted)) /* M1 */
            cpu_relax();
    }
    LF_MISUSE_TAKEN(l);
}

/* Nobody will wait with this node: granted is not read. */
static inline bool mcs_trylock(struct mcs_lock *l, struct mcs_node *me)
{
    struct mcs_node *none = NULL;

    atomic_store_relaxed(&me->next, NULL);
    if (!atomic_cas_full(&l->tail, &none, me))
        return false;
    LF_MISUSE_TAKEN(l);
    return true;
}

static inline void mcs_unlock(struct mcs_lock *l, struct mcs_node *me)
{
    struct mcs_node *next = atomic_load_acquire(&me->next);

    LF_MISUSE_LEFT("mcs", l);
    if (!next) {
        struct mcs_node *self = me;

        if (lf_likely(atomic_cas_release(&l->tail, &self, NULL))) /* M1 through the tail */
            return;
        while (!(next = atomic_load_acquire(&me->next)))
            cpu_relax();
    }
    atomic_store_release(&next->granted, 1); /* M1 */
}

static inline bool mcs_is_locked(const struct mcs_lock *l)
{
    return atomic_load_relaxed(&l->tail) != NULL;
}
