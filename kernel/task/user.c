/*
 * user.c: what is counted per user (processes, queued signals). Owns the hash of user_struct; one
 * exists while a credential or a queued signal refers to it. Looking a user up takes a lock, but
 * only set*id calls do so.
 */
#include "kernel/mm/slab.h"
#include "kernel/task/task_internal.h"

#define USER_BUCKETS 64u

static DEFINE_SPINLOCK(
    user_lock); /* the chains; interrupts off: the last put may come from an interrupt */
static struct user_struct root_user = {.count = 2, .uid = 0, .processes = 1};
static struct user_struct *users[USER_BUCKETS] = {[0] = &root_user};

struct user_struct *init_user(void)
{
    return &root_user;
}

static struct user_struct *find_locked(uid_t uid)
{
    struct user_struct *u = users[uid % USER_BUCKETS];

    while (u && u->uid != uid)
        u = u->next;
    if (u)
        atomic_inc_relaxed(&u->count);
    return u;
}

struct user_struct *alloc_uid(uid_t uid)
{
    struct user_struct *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL), *u;

    if (!fresh)
        return NULL;
    fresh->count = 1;
    fresh->uid = uid;
    spin_lock_irq(&user_lock);
    u = find_locked(uid);
    if (!u) {
        fresh->next = users[uid % USER_BUCKETS];
        users[uid % USER_BUCKETS] = u = fresh;
        fresh = NULL;
    }
    spin_unlock_irq(&user_lock);
    kfree(fresh);
    return u;
}

static void unlink_locked(struct user_struct *u)
{
    struct user_struct **link = &users[u->uid % USER_BUCKETS];

    while (*link != u)
        link = &(*link)->next;
    *link = u->next;
}

void free_uid(struct user_struct *u)
{
    u32 n = atomic_load_relaxed(&u->count);
    unsigned long flags;
    bool last;

    while (n > 1)
        if (atomic_cas_release(&u->count, &n, n - 1))
            return;
    spin_lock_irqsave(&user_lock,
                      flags); /* the last one goes under the lock: nobody may find it meanwhile */
    last = atomic_dec_and_test_full(&u->count);
    if (last)
        unlink_locked(u);
    spin_unlock_irqrestore(&user_lock, flags);
    if (last)
        kfree(u);
}
