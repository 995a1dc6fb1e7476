/* percpu_ref.h: a reference count that many CPUs change and that hardly ever matters. Spread, each CPU counts in a part of its own and
 * nobody knows the sum; shared, it is one word and exact. Who wants to know asks for shared and waits a grace period of RCU.
 *
 *               get/put          share_begin/share_end/spread (one switcher at a time: the caller brings the lock)
 *   get/put     yes              yes
 *   switches    yes              no
 * get and put run in a read section of RCU, with the part of the running CPU; a part is not used in interrupts.
 *      share_begin(r);  wait for a grace period;  share_end(r);   percpu_ref_count is exact;  then either free, or spread(r) again
 * Progress: all wait-free; the grace period is the caller's.
 * Ordering: E1 who has seen SPREAD counts in its part, and does so before the grace period after share_begin ends: share_end sees it.
 *           E2 until share_end the word holds PERCPU_REF_BIAS more than the references that are counted in it: no put reaches zero early.
 *           E3 put releases, and acquires when it was the last: every access under a reference is before the free.
 *           E4 spread raises the word by the bias, and share_end has emptied the parts, before the mode says SPREAD (release; acquired
 *           by get and put): a part never counts without the bias, nor on top of what it held before.
 * Reuse: after put said that it was the last (only ever while shared), or the count was read as zero while shared and no new
 * reference can come, the object may be freed after a grace period.
 * Misuse: switching twice, or a put below zero, is caught in debug builds.
 * Source: Overstreet and Heo, Linux percpu-refcount, LWN 557478, 2013. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define PERCPU_REF_BIAS (1ull << 62)

enum percpu_ref_mode { PERCPU_REF_SHARED, PERCPU_REF_SHARING, PERCPU_REF_SPREAD };

struct percpu_ref {
    /* read by all, changed by the switcher */
    uint32_t mode;
    uint32_t part; /* set once: which part of each CPU; the caller's number */
    /* RMW: the references, while shared; see E2 */
    uint64_t count LF_CACHELINE;
};

/* The part of a CPU, for the switcher. */
typedef int64_t *percpu_ref_part_of(uint32_t part, uint32_t cpu);

/* Shared, with `count` references. */
static inline void percpu_ref_init(struct percpu_ref *r, uint32_t part, uint64_t count)
{
    r->mode = PERCPU_REF_SHARED;
    r->part = part;
    r->count = count;
}

/* The caller holds a reference, or another reason why the object stays. */
static inline void percpu_ref_get(struct percpu_ref *r, int64_t *part)
{
    if (lf_likely(atomic_load_acquire(&r->mode) == PERCPU_REF_SPREAD)) /* E1, E4; partner: percpu_ref_spread */
        atomic_store_relaxed(part, atomic_load_relaxed(part) + 1);
    else
        (void)atomic_fetch_add_relaxed(&r->count, 1);
}

/* True when it was the last: only while shared. */
static inline bool percpu_ref_put(struct percpu_ref *r, int64_t *part)
{
    uint64_t old;

    if (lf_likely(atomic_load_acquire(&r->mode) == PERCPU_REF_SPREAD)) { /* E1, E4 */
        atomic_store_release(part, atomic_load_relaxed(part) - 1); /* E3: share_end reads it */
        return false;
    }
    old = atomic_fetch_sub_full(&r->count, 1); /* E3 */
    LF_DEBUG_ASSERT(old != 0, r);
    return old == 1;
}

/* Exact while shared and no get can come; else no more than a hint. */
static inline uint64_t percpu_ref_count(const struct percpu_ref *r)
{
    return atomic_load_acquire(&r->count); /* E3 */
}

/* ---- the switcher ---- */

static inline bool percpu_ref_is_spread(const struct percpu_ref *r)
{
    return atomic_load_relaxed(&r->mode) == PERCPU_REF_SPREAD;
}

/* From here on CPUs count in the word, each at its next read section. */
static inline void percpu_ref_share_begin(struct percpu_ref *r)
{
    LF_DEBUG_ASSERT(atomic_load_relaxed(&r->mode) == PERCPU_REF_SPREAD, r);
    atomic_store_release(&r->mode, PERCPU_REF_SHARING);
}

/* A grace period after share_begin: adds the parts, empties them. */
void percpu_ref_share_end(struct percpu_ref *r, percpu_ref_part_of *part_of, uint32_t cpus);
/* The parts are zero: each CPU counts for itself again. */
void percpu_ref_spread(struct percpu_ref *r);
