/* deque.h: the work-stealing deque: the owner pushes and pops at the bottom, thieves take at the top. Bounded: the caller brings the
 * slots (a power of two), a full deque refuses.
 *
 *                 push(owner)  pop(owner)  steal
 *   push(owner)   no           no          yes
 *   pop(owner)    no           no          yes
 *   steal         yes          yes         yes       each object goes to exactly one taker
 * Progress: push and pop are wait-free (pop does one CAS when one object is left); steal is lock-free: it fails only when another
 * taker had success.
 * Ordering: K1 what the owner wrote before push is seen by who takes the object (push's store of bottom -> steal's load of it).
 *           K2 pop lowers bottom, full barrier, reads top; steal reads top, full barrier, reads bottom: of a pop and a steal that
 *              want the same last object, at least one sees the other, and the CAS on top decides.
 *           K3 a thief reads its slot before its CAS on top; the owner reuses that slot only after it has read the raised top.
 * Reuse: a taken object is the taker's at once. top only rises (64 bits: no ABA within the life of a machine); the slots may be freed
 * when no thief can come any more. Indices start near their wrap-around in debug builds.
 * Misuse: pushing NULL, or a number of slots that is no power of two, is caught in debug builds.
 * Source: Chase and Lev, "Dynamic circular work-stealing deque", SPAA 2005, with the orders of Le, Pop, Cohen and Zappa Nardelli,
 * "Correct and efficient work-stealing for weak memory models", PPoPP 2013. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct deque {
    /* raised by thieves, and by the owner for the last object */
    uint64_t top LF_CACHELINE;
    /* written by the owner */
    uint64_t bottom LF_CACHELINE;
    uint64_t top_seen; /* owner: top was this at least; push asks again only when the deque looks full */
    /* set once */
    void **slot;
    uint64_t mask;
};

static inline void deque_init(struct deque *d, void **slots, uint64_t n)
{
    LF_DEBUG_ASSERT(n && !(n & (n - 1)), d);
    d->top = d->bottom = d->top_seen = LF_COUNTER_START(uint64_t);
    d->slot = slots;
    d->mask = n - 1;
}

/* Owner only. False: full. */
static inline bool deque_push_owner(struct deque *d, void *object)
{
    uint64_t b = atomic_load_relaxed(&d->bottom);

    LF_DEBUG_ASSERT(object, d);
    if (lf_unlikely(b - d->top_seen > d->mask)) {
        d->top_seen = atomic_load_acquire(&d->top); /* K3: pairs with the CAS in deque_steal */
        if (b - d->top_seen > d->mask)
            return false;
    }
    atomic_store_relaxed(&d->slot[b & d->mask], object);
    atomic_store_release(&d->bottom, b + 1); /* K1 */
    return true;
}

/* Owner only: the object pushed last. NULL: empty. */
static inline void *deque_pop_owner(struct deque *d)
{
    uint64_t b = atomic_load_relaxed(&d->bottom) - 1, t;
    void *object;

    if (b + 1 == atomic_load_relaxed(&d->top)) /* top never passes bottom: empty is final until the owner pushes */
        return NULL;
    (void)atomic_xchg_full(&d->bottom, b); /* K2 */
    t = atomic_load_relaxed(&d->top);
    if ((int64_t)(b - t) > 0)
        return atomic_load_relaxed(&d->slot[b & d->mask]);
    object = NULL;
    if (b == t) {
        object = atomic_load_relaxed(&d->slot[b & d->mask]);
        if (!atomic_cas_full(&d->top, &t, t + 1)) /* K2: a thief was faster */
            object = NULL;
    }
    atomic_store_relaxed(&d->bottom, b + 1);
    return object;
}

/* Anyone but the owner: the object pushed first. NULL: empty. */
static inline void *deque_steal(struct deque *d)
{
    uint64_t t = atomic_load_acquire(&d->top);

    for (;;) {
        void *object;

        atomic_fence_full(); /* K2: pairs with the xchg in deque_pop_owner */
        if ((int64_t)(atomic_load_acquire(&d->bottom) - t) <= 0) /* K1 */
            return NULL;
        object = atomic_load_relaxed(&d->slot[t & d->mask]); /* K3 */
        if (atomic_cas_full(&d->top, &t, t + 1))
            return object;
    }
}

/* How many there are; a hint for everybody but the owner, who is told at least what is there. */
static inline uint64_t deque_count(const struct deque *d)
{
    int64_t n = (int64_t)(atomic_load_relaxed(&d->bottom) - atomic_load_relaxed(&d->top));

    return n > 0 ? (uint64_t)n : 0;
}
