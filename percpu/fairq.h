/* fairq.h: the fair class's container: runnable tasks ordered by key (virtual time), each with a virtual deadline.
 *
 *            insert, remove, min, late, pick_eligible, first_after, next  fair_node_is_queued
 *   each     no: owner CPU only, interrupts off                           any CPU, a hint (see slot)
 * Up to FAIRQ_FLAT entries stand in flat arrays, where insert and remove are a few stores and the minimum is a short scan; while
 * the arrays are full, or anything is still beyond them, new entries go to a red-black tree ordered by key, in which every node knows the
 * earliest deadline below it, so that the earliest eligible deadline is found on one way down.
 * Keys and deadlines wrap: they are compared by signed difference, and all live ones lie within 2^63 of each other.
 * Progress: no loop waits; min, insert and remove take at most FAIRQ_FLAT steps, or those of a balanced tree. Reuse: a removed node is the
 * caller's. Its key and deadline must not change while it is queued.
 * Misuse: inserting twice and removing what is not queued are caught in debug builds.
 * Source: Guibas and Sedgewick, "A dichromatic framework for balanced trees", FOCS 1978; Stoica and Abdel-Wahab, "Earliest eligible virtual
 * deadline first", TR-95-22, 1995 (what the deadlines are for, and the tree with the least of them). */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define FAIRQ_FLAT 16
#define FAIRQ_IN_TREE FAIRQ_FLAT
#define FAIRQ_NOWHERE (FAIRQ_FLAT + 1)
#define FAIRQ_RED 1ul

struct fair_node {
    uint64_t key;
    uint64_t deadline;
    /* in the tree */
    uint64_t least;             /* the earliest deadline of this node and all below */
    struct fair_node *child[2]; /* smaller keys, and larger or equal ones */
    uintptr_t up;               /* parent's address | FAIRQ_RED */
    /* Index in the flat arrays, FAIRQ_IN_TREE or FAIRQ_NOWHERE. Another CPU's owner may look at it (rq_env_holds) and then
     * checks that it was entitled to: atomic, relaxed. */
    uint32_t slot;
    LF_SITE(queued) /* where it was inserted or, when FAIRQ_NOWHERE, removed */
};

struct fairq {
    uint32_t flat;  /* entries in the arrays */
    uint32_t total; /* entries in all */
    struct fair_node *root, *first; /* of the tree; first has the smallest key */
    uint64_t key[FAIRQ_FLAT];
    struct fair_node *node[FAIRQ_FLAT];
};

void fairq_tree_insert(struct fairq *q, struct fair_node *n);
void fairq_tree_remove(struct fairq *q, struct fair_node *n);

static inline bool fairq_key_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static inline void fair_node_init(struct fair_node *n)
{
    atomic_store_relaxed(&n->slot, FAIRQ_NOWHERE);
    LF_SITE_NONE(n->queued);
}

static inline bool fair_node_is_queued(const struct fair_node *n)
{
    return atomic_load_acquire(&n->slot) != FAIRQ_NOWHERE;
}

static inline void fairq_insert(struct fairq *q, struct fair_node *n)
{
    LF_MISUSE_IF(n->slot != FAIRQ_NOWHERE, "fairq: inserted while in a queue", n, n->queued);
    LF_SITE_HERE(n->queued);
    q->total++;
    if (lf_unlikely(q->flat == FAIRQ_FLAT || q->root)) {
        fairq_tree_insert(q, n);
        return;
    }
    atomic_store_relaxed(&n->slot, q->flat);
    q->key[q->flat] = n->key;
    q->node[q->flat++] = n;
}

static inline void fairq_remove(struct fairq *q, struct fair_node *n)
{
    uint32_t last;

    LF_MISUSE_IF(n->slot == FAIRQ_NOWHERE, "fairq: removed while in no queue", n, n->queued);
    LF_SITE_HERE(n->queued);
    q->total--;
    if (lf_unlikely(n->slot == FAIRQ_IN_TREE)) {
        fairq_tree_remove(q, n);
    } else {
        last = --q->flat;
        q->key[n->slot] = q->key[last];
        q->node[n->slot] = q->node[last];
        atomic_store_relaxed(&q->node[n->slot]->slot, n->slot);
    }
    atomic_store_relaxed(&n->slot, FAIRQ_NOWHERE);
}

/* n is the only entry, and in the arrays. */
static inline bool fairq_is_sole(const struct fairq *q, const struct fair_node *n)
{
    return q->total == 1 && n->slot == 0;
}

/* fairq_remove() of such. */
static inline void fairq_remove_sole(struct fairq *q, struct fair_node *n)
{
    LF_SITE_HERE(n->queued);
    q->flat = q->total = 0;
    atomic_store_relaxed(&n->slot, FAIRQ_NOWHERE);
}

/* The smallest key; NULL when empty. The first inserted wins a tie in the arrays' order. */
static inline struct fair_node *fairq_min(const struct fairq *q)
{
    struct fair_node *best = q->first;
    uint64_t key;
    uint32_t at = 0;

    if (lf_unlikely(!q->flat))
        return best;
    key = q->key[0];
    for (uint32_t i = 1; i < q->flat; i++) {
        if (fairq_key_before(q->key[i], key)) {
            key = q->key[i];
            at = i;
        }
    }
    if (lf_unlikely(best) && fairq_key_before(best->key, key))
        return best;
    return q->node[at];
}

/* Of those whose key is not after v, the one with the earliest deadline; NULL when there is none. */
struct fair_node *fairq_pick_eligible(const struct fairq *q, uint64_t v);
/* Of the others the one with the least key; NULL when there is none. */
struct fair_node *fairq_first_after(const struct fairq *q, uint64_t v);
/* All entries, in no order: the one after n, the first for NULL; NULL after the last. None may come or go in between. */
struct fair_node *fairq_next(const struct fairq *q, const struct fair_node *n);
/* Some entry with a large key: the flat array's largest, else the tree's. For handing work away. */
struct fair_node *fairq_late(const struct fairq *q);
