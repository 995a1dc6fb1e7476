/*
 * A pairing heap of struct hrtimer by expires_ns, the latest time of a timer's range (Fredman, Sedgewick, Sleator, Tarjan, Algorithmica 1986):
 * insert O(1), remove O(log n) amortised, the root is the earliest. No allocation.
 *
 * H1 a parent never expires after its child. H2 children of a node are a list: child, then sibling.
 * H3 *t->link == t for every queued timer, NULL for others; the root has no sibling.
 * H4 first_ns is written once an operation, at its end. So whoever reads it beside an operation sees the earliest time before or after it:
 * beside a removal never one that is too late. The root is no such word: while a removal melds, it is NULL, or a later timer.
 * H5 first_soft_ns is the root's soft_ns, written in the same way. soft_ns <= expires_ns, so once any timer of the heap is due at the latest, it
 * has passed, whichever root it is of. It is not the earliest soft_ns of the heap: a timer behind a root that is not yet due may wait until
 * its own latest time. That is all that is promised: func runs between soft_ns and the interrupt for expires_ns.
 * The caller serialises all operations on one heap.
 */
#pragma once
#include "kernel/time/ktime.h"
#include "lockfree/atomic.h"

struct timer_heap {
    struct hrtimer *root;       /* the earliest timer, NULL: empty */
    s64 first_ns;               /* its latest time, S64_MAX: empty; read by anybody (H4) */
    s64 first_soft_ns;          /* its earliest time, S64_MAX: empty; read by anybody (H5) */
};
#define TIMER_HEAP_INIT {.first_ns = S64_MAX, .first_soft_ns = S64_MAX}

void timer_heap_insert(struct timer_heap *h, struct hrtimer *t);    /* t is not queued */
void timer_heap_remove(struct timer_heap *h, struct hrtimer *t);    /* t is in h */
static inline s64 timer_heap_first_ns(const struct timer_heap *h)
{
    return atomic_load_relaxed(&h->first_ns);
}
static inline s64 timer_heap_first_soft_ns(const struct timer_heap *h)
{
    return atomic_load_relaxed(&h->first_soft_ns);
}
