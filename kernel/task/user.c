/*
 * user.c: what is counted per user (processes, queued signals). Owns the hash of user_struct; one
 * exists while a credential or a queued signal refers to it. Only set*id calls look a user up.
 */
#include "kernel/debug/assert.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task_internal.h"

#define USER_BUCKETS 64u

static struct rcu_hash users; /* written with interrupts off: the last put may come from one */
static struct rcu_hash_stripe stripe;
static struct user_struct root_user = {.count = REFCOUNT_INIT(2), .uid = 0, .processes = 1};

static struct rcu_hash_table *buckets_alloc(size_t bytes)
{
    return kzalloc(bytes, GFP_ATOMIC | GFP_NOWARN);
}

static void buckets_free_later(struct rcu_hash_table *t)
{
    kfree_rcu(t, rcu);
}

static u32 hash_of(uid_t uid)
{
    return (uid * 0x9e3779b1u) >> 8;
}

static inline bool uid_matches(const struct rcu_hash_node *n, const void *uid)
{
    return container_of(n, struct user_struct, node)->uid == *(const uid_t *)uid;
}

struct user_struct *init_user(void)
{
    ASSERT(!rcu_hash_init(&users, USER_BUCKETS, &stripe, 1, buckets_alloc, buckets_free_later));
    rcu_hash_insert(&users, &root_user.node, hash_of(0));
    return &root_user;
}

static struct rcu_hash_node *insert_unique(struct user_struct *u)
{
    unsigned long flags = local_irq_save();
    struct rcu_hash_node *old =
        rcu_hash_insert_unique(&users, &u->node, hash_of(u->uid), uid_matches, &u->uid);

    if (!old)
        rcu_hash_maintain(&users, hash_of(u->uid));
    local_irq_restore(flags);
    return old;
}

/* Referenced, or NULL: not there, or about to go. */
static struct user_struct *find_get(uid_t uid)
{
    struct rcu_hash_node *n;
    struct user_struct *u;

    rcu_read_lock();
    n = rcu_hash_lookup(&users, hash_of(uid), uid_matches, &uid);
    u = n ? container_of(n, struct user_struct, node) : NULL;
    if (u && !refcount_get_not_zero(&u->count))
        u = NULL;
    rcu_read_unlock();
    return u;
}

struct user_struct *alloc_uid(uid_t uid)
{
    struct user_struct *u = find_get(uid), *fresh;

    if (u)
        return u;
    fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
    if (!fresh)
        return NULL;
    refcount_set(&fresh->count, 1);
    fresh->uid = uid;
    while (insert_unique(fresh)) {
        u = find_get(uid);
        if (u) {
            kfree(fresh);
            return u;
        }
        cpu_relax(); /* the old one's last reference is gone: it is being removed */
    }
    return fresh;
}

void free_uid(struct user_struct *u)
{
    unsigned long flags = local_irq_save(); /* not preempted between the two: alloc_uid() spins meanwhile */
    bool last = refcount_put(&u->count);

    if (last)
        rcu_hash_remove(&users, &u->node);
    local_irq_restore(flags);
    if (last)
        kfree_rcu(u, rcu);
}
