/* radix.h: a map from small integers to pointers (pids). Fixed height, 27 bits of index; inner nodes are added by CAS and live as
 * long as the tree, so that neither readers nor writers lock.
 *
 *              lookup   insert   remove   find_next
 *   each       yes      yes      yes      yes
 * Progress: lookup, remove wait-free; insert lock-free. Ordering: X1 what was written before insert is seen through lookup, find_next
 * and remove. X2 remove is a full barrier. Reuse: a removed object may be freed after a grace period (lookup runs inside an RCU section);
 * nodes are freed by radix_destroy, when nobody else can reach the tree.
 * Memory: one node (4 KiB) per 512 used indices; indices are handed out densely. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#ifndef RADIX_SHIFT /* the explorer: 1, so that a walk is a few steps */
#define RADIX_SHIFT 9
#endif
#define RADIX_FANOUT (1u << RADIX_SHIFT)
#define RADIX_LEVELS 3
#define RADIX_MAX (1u << (RADIX_SHIFT * RADIX_LEVELS))

struct radix_node {
    void *slot[RADIX_FANOUT];
};

struct radix_tree {
    struct radix_node *root;
    void *(*alloc)(size_t size); /* zeroed memory or NULL */
    void (*free)(void *p);
};
#define RADIX_INIT(alloc_fn, free_fn) { NULL, (alloc_fn), (free_fn) }

static inline unsigned radix_index(uint32_t key, int level)
{
    return (key >> (RADIX_SHIFT * level)) & (RADIX_FANOUT - 1);
}

static inline void *radix_lookup(struct radix_tree *t, uint32_t key)
{
    struct radix_node *n = atomic_load_acquire(&t->root);

    if (lf_unlikely(key >= RADIX_MAX))
        return NULL;
    for (int level = RADIX_LEVELS - 1; level > 0; level--) {
        if (!n)
            return NULL;
        n = (struct radix_node *)atomic_load_acquire(&n->slot[radix_index(key, level)]);
    }
    return n ? atomic_load_acquire(&n->slot[radix_index(key, 0)]) : NULL; /* X1 */
}

/* 0, -ENOMEM (-12), or -EEXIST (-17). */
int radix_insert(struct radix_tree *t, uint32_t key, void *object);
/* Returns what was there, NULL if nothing. */
void *radix_remove(struct radix_tree *t, uint32_t key);
/* The first object with an index from *key on and below `end`, at most RADIX_MAX; *key becomes its index. NULL when there is none: *key is
 * then where to go on, `end` or more, RADIX_MAX when nothing follows. Looks through no leaf that begins at `end` or later, so a walker that
 * must not take long goes on piece by piece. Beside changes: no object that is there all the while is passed by, and what is found was there. */
void *radix_find_next(struct radix_tree *t, uint32_t *key, uint32_t end);
void radix_destroy(struct radix_tree *t);
