/*
 * A pairing heap of struct hrtimer by expires_ns (Fredman, Sedgewick, Sleator, Tarjan, Algorithmica 1986):
 * insert O(1), remove O(log n) amortised, the root is the earliest. No allocation.
 *
 * H1 a parent never expires after its child. H2 children of a node are a list: child, then sibling.
 * H3 *t->link == t for every queued timer, NULL for others; the root has no sibling.
 * The caller serialises all operations on one heap.
 */
#pragma once
#include "kernel/time/ktime.h"

struct timer_heap {
    struct hrtimer *root;       /* the earliest timer, NULL: empty */
};

void timer_heap_insert(struct timer_heap *h, struct hrtimer *t);    /* t is not queued */
void timer_heap_remove(struct timer_heap *h, struct hrtimer *t);    /* t is in h */
