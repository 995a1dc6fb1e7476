/*
 * cred.c: credentials. Owns struct cred and group_info: immutable once published, changed by copy
 * and commit. Readers of another task's credentials are RCU readers.
 */
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task_internal.h"

static struct group_info no_groups = {.usage = 2, .ngroups = 0};

struct cred init_cred = {
    .usage = 4,
    .cap_permitted = CAP_FULL_SET,
    .cap_effective = CAP_FULL_SET,
    .cap_bset = CAP_FULL_SET,
    .group_info = &no_groups,
};

void cred_init(void)
{
    init_cred.user = init_user();
}

bool capable(int cap)
{
    if (!(current_cred()->cap_effective & CAP_TO_MASK(cap)))
        return false;
    if (!(current->flags & PF_SUPERPRIV))
        current->flags |= PF_SUPERPRIV;
    return true;
}

bool in_group_p(gid_t gid)
{
    const struct cred *c = current_cred();

    if (gid == c->fsgid)
        return true;
    for (u32 i = 0; i < c->group_info->ngroups; i++)
        if (c->group_info->gid[i] == gid)
            return true;
    return false;
}

void put_group_info(struct group_info *g)
{
    if (atomic_dec_and_test_full(&g->usage))
        kfree(g);
}

struct cred *prepare_creds(void)
{
    struct cred *c = kmalloc(sizeof(*c), GFP_KERNEL);

    if (!c)
        return NULL;
    *c = *current_cred();
    c->usage = 1;
    refcount_get(&c->user->count);
    atomic_inc_relaxed(&c->group_info->usage);
    return c;
}

static void cred_free_rcu(struct rcu_head *head)
{
    struct cred *c = container_of(head, struct cred, rcu);

    free_uid(c->user);
    put_group_info(c->group_info);
    kfree(c);
}

void put_cred(const struct cred *cred)
{
    struct cred *c = (struct cred *)cred;

    if (atomic_dec_and_test_full(&c->usage))
        call_rcu(&c->rcu, cred_free_rcu);
}

/* The task may commit others at any time, and what it had may be on its way out: that counts 0 already, and the task has the next. */
const struct cred *get_task_cred(struct task_struct *t)
{
    struct cred *c;
    u32 n;

    rcu_read_lock();
    do {
        c = (struct cred *)rcu_dereference(t->real_cred);
        n = atomic_load_relaxed(&c->usage);
        while (n && !atomic_cas_full(&c->usage, &n, n + 1))
            ;
    } while (!n);
    rcu_read_unlock();
    return c;
}

/* The process moves to the account of its new real user. */
static void move_process_count(struct user_struct *from, struct user_struct *to)
{
    if (from == to)
        return;
    atomic_inc_relaxed(&to->processes);
    atomic_dec_relaxed(&from->processes);
}

static bool changes_rights(const struct cred *old, const struct cred *new)
{
    return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
           old->fsgid != new->fsgid || (new->cap_permitted & ~old->cap_permitted);
}

int commit_creds(struct cred *new)
{
    const struct cred *old = current->real_cred;

    if (changes_rights(old, new)) {
        if (current->mm)
            current->mm->dumpable = 0;
        current->pdeath_signal = 0;
    }
    move_process_count(old->user, new->user);
    rcu_assign_pointer(current->real_cred, new);
    rcu_assign_pointer(current->cred, new);
    put_cred(old);
    return 0;
}

/* For an uncommitted copy. */
void abort_creds(struct cred *c)
{
    put_cred(c);
}

int cred_set_user(struct cred *c, uid_t uid)
{
    struct user_struct *u = alloc_uid(uid);

    if (!u)
        return -EAGAIN;
    free_uid(c->user);
    c->user = u;
    return 0;
}
