/* rcu_hash.c: the writers of rcu_hash.h: chains, and the move of buckets to another array. Must never allocate under a lock. */
#include "lockfree/rcu_hash.h"

#define RCU_HASH_ENOMEM 12
#ifndef MOVES_AT_ONCE /* the explorer: fewer, so that a small array has two movers */
#define MOVES_AT_ONCE 4
#endif
#define GROW_AT 2      /* nodes per bucket in one stripe: it asks for twice as many buckets */
#define SHRINK_BELOW 8 /* buckets per node: it asks for half as many */
#define MAX_BUCKETS (1u << 24)

static struct rcu_hash_stripe *stripe_lock(struct rcu_hash *h, uint32_t hash)
{
    struct rcu_hash_stripe *s = &h->stripes[hash & h->stripe_mask];

    rcu_read_lock(); /* keeps preemption off, and the arrays alive */
    qlock_lock(&s->lock);
    return s;
}

static void stripe_unlock(struct rcu_hash_stripe *s)
{
    qlock_unlock(&s->lock);
    rcu_read_unlock();
}

static struct rcu_hash_node **bucket_in(struct rcu_hash_table *t, uint32_t hash)
{
    return &t->bucket[hash & t->mask];
}

/* The bucket where nodes of this hash are now. Its stripe is locked, so it stays. */
static struct rcu_hash_node **bucket_locked(struct rcu_hash *h, uint32_t hash)
{
    struct rcu_hash_table *t = atomic_load_acquire(&h->table);

    while (atomic_load_relaxed(bucket_in(t, hash)) == RCU_HASH_MOVED)
        t = atomic_load_acquire(&t->future); /* never NULL: it was set before the first bucket moved */
    return bucket_in(t, hash);
}

static struct rcu_hash_table *table_make(struct rcu_hash *h, uint32_t buckets)
{
    struct rcu_hash_table *t = h->alloc(sizeof(*t) + buckets * sizeof(t->bucket[0]));

    if (!t)
        return NULL;
    t->mask = buckets - 1;
    t->cursor = 0;
    t->left = buckets;
    t->future = NULL;
    return t;
}

int rcu_hash_init(struct rcu_hash *h, uint32_t buckets, struct rcu_hash_stripe *stripes, uint32_t nr_stripes,
                  struct rcu_hash_table *(*alloc)(size_t), void (*free_later)(struct rcu_hash_table *))
{
    LF_ASSERT(buckets && !(buckets & (buckets - 1)) && nr_stripes && !(nr_stripes & (nr_stripes - 1)), h);
    LF_ASSERT(nr_stripes <= buckets, h);
    h->stripes = stripes;
    h->stripe_mask = nr_stripes - 1;
    h->min_buckets = buckets;
    h->alloc = alloc;
    h->free_later = free_later;
    h->table = table_make(h, buckets);
    return h->table ? 0 : -RCU_HASH_ENOMEM;
}

/* ---- nodes ---- */

static inline bool chain_has(const struct rcu_hash_node *at, const struct rcu_hash_node *n)
{
    while (at && at != n)
        at = atomic_load_relaxed(&at->next);
    return at != NULL;
}

static void link_locked(struct rcu_hash_node **bucket, struct rcu_hash_node *n, uint32_t hash)
{
    LF_DEBUG_ASSERT(!chain_has(*bucket, n), n); /* inserted twice */
    atomic_store_relaxed(&n->hash, hash);
    atomic_store_relaxed(&n->next, atomic_load_relaxed(bucket)); /* a reader may still stand on a node that comes back */
    atomic_store_release(bucket, n);                             /* H1 */
}

void rcu_hash_insert(struct rcu_hash *h, struct rcu_hash_node *n, uint32_t hash)
{
    struct rcu_hash_stripe *s = stripe_lock(h, hash);

    link_locked(bucket_locked(h, hash), n, hash);
    atomic_store_relaxed(&s->count, s->count + 1);
    stripe_unlock(s);
}

struct rcu_hash_node *rcu_hash_insert_unique(struct rcu_hash *h, struct rcu_hash_node *n, uint32_t hash, rcu_hash_match match,
                                             const void *key)
{
    struct rcu_hash_stripe *s = stripe_lock(h, hash);
    struct rcu_hash_node **bucket = bucket_locked(h, hash), *old = atomic_load_relaxed(bucket);

    while (old && !(old->hash == hash && match(old, key)))
        old = atomic_load_relaxed(&old->next);
    if (!old) {
        link_locked(bucket, n, hash);
        atomic_store_relaxed(&s->count, s->count + 1);
    }
    stripe_unlock(s);
    return old;
}

bool rcu_hash_remove(struct rcu_hash *h, struct rcu_hash_node *n)
{
    uint32_t hash = atomic_load_relaxed(&n->hash); /* once: who removed it may be inserting it elsewhere */
    struct rcu_hash_stripe *s = stripe_lock(h, hash);
    struct rcu_hash_node **link = bucket_locked(h, hash), *at;

    while ((at = atomic_load_relaxed(link)) && at != n)
        link = &at->next;
    if (at) {
        atomic_store_release(link, atomic_load_relaxed(&n->next)); /* n keeps its next: readers on it walk on. Release: H1 of the next */
        atomic_store_relaxed(&s->count, s->count - 1);
    }
    stripe_unlock(s);
    return at != NULL;
}

/* ---- resizing ---- */

/* The link that points to the last node of a chain that is not empty. */
static struct rcu_hash_node **last_link(struct rcu_hash_node **link)
{
    struct rcu_hash_node *n = atomic_load_relaxed(link);

    while (atomic_load_relaxed(&n->next)) {
        link = &n->next;
        n = atomic_load_relaxed(link);
    }
    return link;
}

/* One bucket, from its end, then the mark. Each bucket is moved by whoever drew it from the cursor. */
static void move_bucket(struct rcu_hash *h, struct rcu_hash_table *from, struct rcu_hash_table *to, uint32_t b)
{
    struct rcu_hash_stripe *s = stripe_lock(h, b);
    struct rcu_hash_node **bucket = &from->bucket[b];

    while (atomic_load_relaxed(bucket)) {
        struct rcu_hash_node **link = last_link(bucket), *n = atomic_load_relaxed(link);
        struct rcu_hash_node **target = bucket_in(to, n->hash);

        atomic_store_release(&n->next, atomic_load_relaxed(target)); /* a reader on n goes on there: H1 */
        atomic_store_release(target, n);                             /* there before it is gone here: H2 */
        atomic_store_release(link, NULL);                            /* H2; partner: the acquires in rcu_hash_lookup */
    }
    atomic_store_release(bucket, RCU_HASH_MOVED); /* partner: bucket_locked, by the stripe's lock */
    stripe_unlock(s);
}

/* Moves a few buckets; who moves the last one publishes the new array and gives the old one back. */
static void move_some(struct rcu_hash *h, struct rcu_hash_table *from, struct rcu_hash_table *to)
{
    uint32_t b, n = 0;

    if (atomic_load_relaxed(&from->cursor) > from->mask)
        return; /* others have the rest in hand */
    b = atomic_fetch_add_relaxed(&from->cursor, MOVES_AT_ONCE);
    for (; n < MOVES_AT_ONCE && b + n <= from->mask; n++)
        move_bucket(h, from, to, b + n);
    if (!n || atomic_fetch_sub_full(&from->left, n) != n) /* every move before the array changes hands */
        return;
    atomic_store_release(&h->table, to);
    h->free_later(from);
}

uint32_t rcu_hash_count(const struct rcu_hash *h)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i <= h->stripe_mask; i++)
        sum += (uint32_t)atomic_load_relaxed(&h->stripes[i].count);
    return sum;
}

/* One stripe asks, if stripes are alike; then all are counted. */
static uint32_t buckets_wanted(const struct rcu_hash *h, uint32_t buckets, uint32_t hash)
{
    uint64_t guess = (uint64_t)(uint32_t)atomic_load_relaxed(&h->stripes[hash & h->stripe_mask].count) * (h->stripe_mask + 1);

    if (lf_unlikely(guess > (uint64_t)buckets * GROW_AT) && buckets < MAX_BUCKETS && rcu_hash_count(h) > buckets)
        return buckets * 2;
    if (lf_unlikely(guess * SHRINK_BELOW < buckets) && buckets > h->min_buckets && rcu_hash_count(h) < buckets / SHRINK_BELOW)
        return buckets / 2;
    return buckets;
}

/* `from`: the size that was found too large or too small. If somebody else was quicker, the new array goes again. */
static void start_resize(struct rcu_hash *h, uint32_t from, uint32_t buckets)
{
    struct rcu_hash_table *to = table_make(h, buckets), *none = NULL, *t;
    bool started;

    if (!to)
        return; /* no memory: longer chains */
    rcu_read_lock();
    t = rcu_dereference(h->table);
    started = t->mask + 1 == from && atomic_cas_full(&t->future, &none, to); /* before any bucket moves: bucket_locked, rcu_hash_lookup */
    rcu_read_unlock();
    if (!started)
        h->free_later(to);
}

void rcu_hash_maintain(struct rcu_hash *h, uint32_t hash)
{
    struct rcu_hash_table *t, *to;
    uint32_t buckets, wanted;

    rcu_read_lock();
    t = rcu_dereference(h->table);
    to = rcu_dereference(t->future);
    wanted = buckets = t->mask + 1;
    if (lf_unlikely(to != NULL))
        move_some(h, t, to);
    else
        wanted = buckets_wanted(h, buckets, hash);
    rcu_read_unlock();
    if (lf_unlikely(wanted != buckets))
        start_resize(h, buckets, wanted);
}

void rcu_hash_destroy(struct rcu_hash *h)
{
    for (struct rcu_hash_table *t = h->table, *next; t; t = next) {
        next = t->future;
        h->free_later(t);
    }
    h->table = NULL;
}
