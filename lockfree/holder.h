/* holder.h: who holds a spin lock, and where it was taken: what a debug build keeps in the lock itself, so that taking it twice on one CPU
 * and letting go of what the CPU does not hold are reported with both places. Nothing of it is in a release build. For locks that may
 * grow; qlock.h, whose word is all there is, keeps lists instead.
 * The number is stored by the holder only; for another CPU it is never its own, whenever it looks. The caller keeps preemption off. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#if LF_DEBUG
struct lf_holder {
    uint32_t cpu;     /* its number + 1; 0: nobody */
    const void *site; /* the holder's; others read it for the report */
};

static inline void lf_holder_wanted(const struct lf_holder *h, const char *what, const void *lock, const void *here)
{
    if (lf_unlikely(atomic_load_relaxed(&h->cpu) == lf_env_cpu() + 1))
        lockfree_misuse(what, lock, h->site, here);
}

static inline void lf_holder_taken(struct lf_holder *h, const void *here)
{
    h->site = here;
    atomic_store_relaxed(&h->cpu, lf_env_cpu() + 1);
}

/* Before the lock is free. */
static inline void lf_holder_left(struct lf_holder *h, const char *what, const void *lock, const void *here)
{
    if (lf_unlikely(atomic_load_relaxed(&h->cpu) != lf_env_cpu() + 1))
        lockfree_misuse(what, lock, h->site, here);
    atomic_store_relaxed(&h->cpu, 0);
}

#define LF_HOLDER struct lf_holder holder; /* a member */
#define LF_MISUSE_WANTED(kind, l) lf_holder_wanted(&(l)->holder, kind ": locked by a CPU that holds it", (l), lf_here())
#define LF_MISUSE_TAKEN(l) lf_holder_taken(&(l)->holder, lf_here())
#define LF_MISUSE_LEFT(kind, l) lf_holder_left(&(l)->holder, kind ": unlocked by a CPU that does not hold it", (l), lf_here())
#else
#define LF_HOLDER
#define LF_MISUSE_WANTED(kind, l) ((void)0)
#define LF_MISUSE_TAKEN(l)        ((void)0)
#define LF_MISUSE_LEFT(kind, l)   ((void)0)
#endif
