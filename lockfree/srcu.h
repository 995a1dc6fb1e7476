/* srcu.h: sleepable read-copy-update. Readers may block inside a section, and a domain's periods wait for that domain's readers only.
 * Owns the counters' protocol; the caller brings the counters, one line for each CPU, and whoever waits decides how.
 *
 *                           srcu_lock, srcu_unlock   srcu_start, srcu_advance   srcu_snapshot, srcu_poll
 *   srcu_lock, srcu_unlock  yes                      yes                        yes
 *   srcu_start, _advance    yes                      no: one at a time          yes
 *   srcu_snapshot, _poll    yes                      yes                        yes
 * Theory. A reader counts itself in at one of two indices of its CPU's line and out at the same index, on whatever CPU it is then;
 * an index has no readers when the sum of the outs, read first, equals the sum of the ins. A period waits for the index that is not
 * current (readers that were slow to count in at the last flip), flips, and waits for the other: afterwards nobody is left who
 * counted in before the period began.
 * Progress: readers are wait-free, one locked operation on a line of their own CPU each way; srcu_advance never waits.
 * Ordering: V1 what was done before srcu_start is seen by every section that the period does not wait for; what follows a true
 * srcu_poll or srcu_advance is after all sections that it waited for. Readers are not bound to a CPU or thread: the index is the ticket.
 * Reuse: the domain and its lines may go when no reader is inside and no period runs.
 * Source: McKenney, "Sleepable RCU", LWN 202847, 2006; sums of separate in and out counters: Linux 4.12 (2017). */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct srcu_slot {
    uint64_t in[2], out[2]; /* RMW; only their difference over all slots has a meaning */
} LF_CACHELINE;

struct srcu {
    struct srcu_slot *slots; /* set once, one a CPU */
    uint32_t nr_slots;
    uint32_t index; /* low bit: where readers count themselves in. RMW by srcu_advance */
    uint64_t seq;   /* odd while a period runs */
    bool flipped;   /* srcu_start, srcu_advance */
};

void srcu_init(struct srcu *s, struct srcu_slot *slots, uint32_t nr_slots); /* slots: zeroed */

/* The ticket for srcu_unlock. `slot`: the running CPU's, or any other at a price. */
static inline unsigned srcu_lock(struct srcu *s, uint32_t slot)
{
    unsigned index = atomic_load_relaxed(&s->index) & 1;

    (void)atomic_fetch_add_full(&s->slots[slot].in[index], 1); /* V1: before any read of the section; partner: srcu_start and the flip */
    return index;
}

static inline void srcu_unlock(struct srcu *s, uint32_t slot, unsigned index)
{
    LF_DEBUG_ASSERT(index < 2, s);
    (void)atomic_fetch_add_release(&s->slots[slot].out[index], 1); /* V1: after the section; partner: index_is_idle */
}

void srcu_start(struct srcu *s);   /* begins a period; none may run */
bool srcu_advance(struct srcu *s); /* true: the period is over. Else call it again later */

/* A cookie is complete when a whole period has passed since it was taken. */
static inline uint64_t srcu_snapshot(struct srcu *s)
{
    atomic_fence_full(); /* the removal before seq is read; partner: srcu_start */
    return (atomic_load_acquire(&s->seq) + 3) & ~1ull;
}

static inline bool srcu_poll(const struct srcu *s, uint64_t cookie)
{
    return (int64_t)(atomic_load_acquire(&s->seq) - cookie) >= 0;
}
