/* refcount.h: reference counts that saturate instead of wrapping.
 *
 *              get         get_not_zero   put
 *   each       any CPUs    any CPUs       any CPUs
 * Progress: get and put are wait-free (one locked operation), get_not_zero is lock-free.
 * Ordering: R1 every access made under a reference is before the free that follows the last put (put is release, and acquire
 * when it reaches zero). get is relaxed: the caller holds a reference already. R2 get_not_zero sees what was done before the puts that it
 * follows. refcount_set: before the object is published.
 * A count beyond INT32_MAX is saturated and stays so: the object leaks, it is never freed early. Zero never rises again.
 * Misuse: taking or putting a reference when there is none is caught in debug builds, with the place of the last put.
 * Source: Linux refcount_t (Windsor et al.), LWN 728675. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define REFCOUNT_SATURATED 0xc0000000u

typedef struct refcount {
    uint32_t refs;
    LF_SITE(ended) /* written by who put the last */
} refcount_t;
#define REFCOUNT_INIT(n) { .refs = (n) }

static inline void refcount_set(refcount_t *r, uint32_t n)
{
    atomic_store_relaxed(&r->refs, n);
}

static inline uint32_t refcount_read(const refcount_t *r)
{
    return atomic_load_relaxed(&r->refs);
}

static inline void refcount_get(refcount_t *r)
{
    uint32_t old = atomic_fetch_add_relaxed(&r->refs, 1);

    LF_MISUSE_IF(old == 0, "refcount: taken after the last was put", r, r->ended);
    if (lf_unlikely((int32_t)old <= 0))
        atomic_store_relaxed(&r->refs, REFCOUNT_SATURATED);
}

static inline bool refcount_get_not_zero(refcount_t *r)
{
    uint32_t old = atomic_load_relaxed(&r->refs);

    do {
        if (!old)
            return false;
        if (lf_unlikely((int32_t)old < 0))
            return true; /* saturated: never freed */
    } while (!atomic_cas_acquire(&r->refs, &old, old + 1)); /* R2; partner: refcount_put */
    return true;
}

/* True when this was the last reference: the caller alone may now free the object. */
static inline bool refcount_put(refcount_t *r)
{
    uint32_t old = atomic_fetch_sub_full(&r->refs, 1); /* R1 */

    if (lf_likely((int32_t)old > 1))
        return false;
    if (old == 1) {
        LF_SITE_HERE(r->ended);
        return true;
    }
    LF_MISUSE_IF(old == 0, "refcount: put after the last was put", r, r->ended);
    atomic_store_relaxed(&r->refs, REFCOUNT_SATURATED);
    return false;
}
