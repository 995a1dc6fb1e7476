/* mpmc_ring.h: a bounded queue of pointers for any number of producers and consumers. Each cell has a sequence number that says whose
 * turn it is; the two positions are the only words that all producers, or all consumers, share.
 *
 *            push   pop
 *   push     yes    yes
 *   pop      yes    yes       each object goes to exactly one popper
 * Progress: neither ever waits, and one that fails says so. Both are lock-free against their own kind. A producer (consumer) that stands
 * still between its CAS and its store makes the ring look full (empty) to those who reach its cell, so the ring as a whole is not
 * lock-free; the kernel keeps preemption off around both.
 * Ordering: N1 what the producer wrote before push is seen by who pops the object (push's store of the cell's turn -> pop's load).
 *           N2 pop reads the cell before push may fill it again (pop's store of the turn -> push's load).
 *           N3 two pushes of one thread are popped in that order; pushes of different threads in the order of their CAS.
 * Reuse: a popped object is the popper's; the cells may be freed when nobody can reach the ring. Positions have 64 bits and start near
 * their wrap-around in debug builds.
 * Misuse: a number of cells that is no power of two or less than two is caught in debug builds.
 * Source: Vyukov, "Bounded MPMC queue", 1024cores.net, 2010. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct mpmc_cell {
    uint64_t turn; /* position: a producer may fill it; position + 1: a consumer may empty it */
    void *object;  /* belongs to whose turn it is */
};

struct mpmc_ring {
    /* producers */
    uint64_t tail LF_CACHELINE;
    /* consumers */
    uint64_t head LF_CACHELINE;
    /* set once */
    struct mpmc_cell *cell LF_CACHELINE;
    uint64_t mask;
};

static inline void mpmc_ring_init(struct mpmc_ring *r, struct mpmc_cell *cells, uint64_t n)
{
    LF_DEBUG_ASSERT(n > 1 && !(n & (n - 1)), r);
    r->tail = r->head = LF_COUNTER_START(uint64_t);
    r->cell = cells;
    r->mask = n - 1;
    for (uint64_t i = 0; i < n; i++)
        cells[(r->tail + i) & r->mask].turn = r->tail + i;
}

/* False: full. */
static inline bool mpmc_ring_push_mpmc(struct mpmc_ring *r, void *object)
{
    uint64_t at = atomic_load_relaxed(&r->tail);

    for (;;) {
        struct mpmc_cell *c = &r->cell[at & r->mask];
        int64_t late = (int64_t)(atomic_load_acquire(&c->turn) - at); /* N2 */

        if (late < 0)
            return false; /* last round's object is still in it */
        if (late > 0) {
            at = atomic_load_relaxed(&r->tail); /* another producer has had it */
        } else if (atomic_cas_relaxed(&r->tail, &at, at + 1)) { /* the turn orders the cell, the position only shares it out */
            c->object = object;
            atomic_store_release(&c->turn, at + 1); /* N1 */
            return true;
        }
    }
}

/* NULL: empty. */
static inline void *mpmc_ring_pop_mpmc(struct mpmc_ring *r)
{
    uint64_t at = atomic_load_relaxed(&r->head);

    for (;;) {
        struct mpmc_cell *c = &r->cell[at & r->mask];
        int64_t late = (int64_t)(atomic_load_acquire(&c->turn) - (at + 1)); /* N1 */

        if (late < 0)
            return NULL;
        if (late > 0) {
            at = atomic_load_relaxed(&r->head);
        } else if (atomic_cas_relaxed(&r->head, &at, at + 1)) {
            void *object = c->object;

            atomic_store_release(&c->turn, at + r->mask + 1); /* N2 */
            return object;
        }
    }
}

/* A hint. */
static inline bool mpmc_ring_is_empty(const struct mpmc_ring *r)
{
    uint64_t at = atomic_load_relaxed(&r->head);

    return (int64_t)(atomic_load_relaxed(&r->cell[at & r->mask].turn) - (at + 1)) < 0;
}
