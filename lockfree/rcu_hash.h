/* rcu_hash.h: a hash table of the caller's own nodes that RCU readers search without locks while writers insert, remove and the
 * table grows or shrinks. Owns the bucket arrays and the writers' locks; never a node.
 *
 *                     lookup   insert, remove   maintain   destroy
 *   lookup            yes      yes              yes        no
 *   insert, remove    yes      yes (a lock)     yes        no
 *   maintain          yes      yes              yes        no
 * Theory. A bucket array never changes its size; to resize, a second array becomes the first one's `future`, and the buckets move
 * one by one under their lock, each chain from its end: the last node is linked into its new chain, then cut off the old one. A
 * reader that stands on it walks on in the new chain and compares more than it had to; one that comes to the end of an old chain
 * without a match looks into the future array, which holds by then whatever had gone. An emptied bucket is marked; writers that
 * find the mark go to the future. Nobody waits for a resize: each writer that calls maintain moves a few buckets.
 * A writer's lock covers all buckets whose hashes agree in the low bits, in every array, so a move needs one lock. It counts the
 * nodes below it on the line that the writer owns anyway; that count is what asks for a resize.
 * Progress: lookup is wait-free for a bounded chain; writers block (queue lock); maintain takes one lock at a time.
 * Ordering: H1 what was written to a node before insert is seen through lookup. H2 a node that stays in the table is found: a
 * reader that misses it in an old chain sees the future (the cut is a release, the step an acquire). H3 insert and remove of equal
 * hashes are ordered by their lock. A lookup beside remove or insert may see it or not.
 * Reuse: a removed node may be freed, or inserted again, after a grace period; inserted again at once it may lead readers into
 * another chain, which they end too, but a miss proves nothing then. Arrays are freed by `free_later` after a grace period.
 * Contexts: writers and lookup run inside a read section (writers enter one themselves). If interrupts write too, interrupts are
 * off. maintain may allocate: call it where that is allowed, no lock held.
 * Why this one: split-ordered lists (Shalev and Shavit, JACM 2006) need a second key order and dummy nodes in every chain; two chains
 * per node (Herbert Xu) cost a pointer in every object. Source: relativistic hash tables, Triplett, McKenney and Walpole, USENIX ATC 2011,
 * with moves from the chain's end and a look into the future array (Graf's rhashtable, LWN 612100, 2014). */
#pragma once
#include "lockfree/qlock.h"
#include "lockfree/rcu.h"

struct rcu_hash_node {
    struct rcu_hash_node *next;
    uint32_t hash; /* set by insert; readers may stand on a node that comes back: atomic, relaxed */
};

/* In a bucket: its chain has moved to the future array. Readers take it for an end. */
#define RCU_HASH_MOVED ((struct rcu_hash_node *)1)

struct rcu_hash_table {
    uint32_t mask;                 /* set once */
    uint32_t cursor;               /* RMW: the next bucket to move */
    uint32_t left;                 /* RMW: buckets that have not moved */
    struct rcu_hash_table *future; /* CAS; NULL: not being resized */
    struct rcu_head rcu;
    struct rcu_hash_node *bucket[];
};

struct rcu_hash_stripe {
    struct qlock lock;
    int32_t count; /* lock: nodes below it; others read it as a hint */
} LF_CACHELINE;

struct rcu_hash {
    struct rcu_hash_table *table;
    struct rcu_hash_stripe *stripes;
    uint32_t stripe_mask; /* every array has at least as many buckets */
    uint32_t min_buckets;
    struct rcu_hash_table *(*alloc)(size_t bytes); /* zeroed memory or NULL */
    void (*free_later)(struct rcu_hash_table *t);  /* after a grace period */
};

typedef bool (*rcu_hash_match)(const struct rcu_hash_node *n, const void *key);

static inline bool rcu_hash_is_node(const struct rcu_hash_node *n)
{
    return (uintptr_t)n > (uintptr_t)RCU_HASH_MOVED;
}

static inline __attribute__((always_inline)) struct rcu_hash_node *
rcu_hash_search(const struct rcu_hash_table *t, uint32_t hash, rcu_hash_match match, const void *key)
{
    struct rcu_hash_node *n = atomic_load_acquire(&t->bucket[hash & t->mask]); /* H1, H2: insert, move_bucket */

    for (; rcu_hash_is_node(n); n = atomic_load_acquire(&n->next))
        if (atomic_load_relaxed(&n->hash) == hash && match(n, key))
            return n;
    return NULL;
}

/* The node of this hash that matches, or NULL. Inside a read section. With a constant `match` the compiler inlines it. */
static inline __attribute__((always_inline)) struct rcu_hash_node *
rcu_hash_lookup(const struct rcu_hash *h, uint32_t hash, rcu_hash_match match, const void *key)
{
    const struct rcu_hash_table *t = rcu_dereference(h->table);

    do {
        struct rcu_hash_node *n = rcu_hash_search(t, hash, match, key);

        if (n)
            return n;
        t = rcu_dereference(t->future);
    } while (lf_unlikely(t != NULL));
    return NULL;
}

/* `buckets` and `stripes` are powers of two, stripes <= buckets; stripes: zeroed, the caller's, alive as long as h. 0 or -12. */
int rcu_hash_init(struct rcu_hash *h, uint32_t buckets, struct rcu_hash_stripe *stripes, uint32_t nr_stripes,
                  struct rcu_hash_table *(*alloc)(size_t), void (*free_later)(struct rcu_hash_table *));
void rcu_hash_insert(struct rcu_hash *h, struct rcu_hash_node *n, uint32_t hash);
/* The node that was there already (nothing is inserted), or NULL. Inside a read section if the result is used. */
struct rcu_hash_node *rcu_hash_insert_unique(struct rcu_hash *h, struct rcu_hash_node *n, uint32_t hash, rcu_hash_match match,
                                             const void *key);
/* False: it is not in the table (any more). Exactly one of several callers gets true. */
bool rcu_hash_remove(struct rcu_hash *h, struct rcu_hash_node *n);
/* Starts a resize if the writers' counts ask for one, and moves a few buckets of one that runs. */
void rcu_hash_maintain(struct rcu_hash *h, uint32_t hash);
/* Nobody uses the table any more. Frees the arrays by free_later. */
void rcu_hash_destroy(struct rcu_hash *h);
uint32_t rcu_hash_count(const struct rcu_hash *h); /* a hint while writers run */
