/* A map from 64-bit indices to pointers: a radix tree of 64-way nodes whose height follows the
 * largest index.
 *
 *                lookup, leaf   insert, remove, next
 *   beside       all            lookup and leaf only: the caller locks
 * Lookups are RCU reads: what they return was in the tree at some moment of the read section. Nodes
 * are freed after a grace period. Freestanding: alloc and free come from kernel/mm/radix64.c. */
#pragma once
#include "lockfree/rcu.h"
#include "kernel/lib/types.h"

#define RADIX64_SHIFT 6
#define RADIX64_SLOTS 64u

struct radix64 {
    void *slot[RADIX64_SLOTS];
    u32 shift; /* of an index, for this level; set once */
    u32 count; /* slots in use */
    struct rcu_head rcu;
};

static inline unsigned radix64_index(const struct radix64 *n, u64 index)
{
    return index >> n->shift & (RADIX64_SLOTS - 1);
}

/* Whether the subtree of n can hold index; n is a root. */
static inline bool radix64_covers(const struct radix64 *n, u64 index)
{
    return n->shift + RADIX64_SHIFT >= 64 || index >> (n->shift + RADIX64_SHIFT) == 0;
}

/* The leaf that holds index, or NULL. */
static inline struct radix64 *radix64_leaf(struct radix64 *const *root, u64 index)
{
    struct radix64 *n = rcu_dereference(*root);

    if (!n || !radix64_covers(n, index))
        return NULL;
    while (n && n->shift)
        n = rcu_dereference(n->slot[radix64_index(n, index)]);
    return n;
}

static inline void *radix64_lookup(struct radix64 *const *root, u64 index)
{
    struct radix64 *n = radix64_leaf(root, index);

    return n ? rcu_dereference(n->slot[index & (RADIX64_SLOTS - 1)]) : NULL;
}

int radix64_insert(struct radix64 **root, u64 index, void *item); /* 0, -EEXIST, -ENOMEM */
void *radix64_remove(struct radix64 **root, u64 index);           /* what was there, or NULL */
/* The first item at or after *index; *index becomes its index. NULL at the end. */
void *radix64_next(struct radix64 *root, u64 *index);
void radix64_init(void);
