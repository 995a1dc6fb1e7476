/*
 * cred_calls.c: the calls that read and change user and group ids (credentials(7)). Each makes a
 * copy, changes it and commits: a call that fails changes nothing.
 */
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

#define SAME ((u32)-1)
#define CAP_FS_MASK                                                                                \
    (CAP_TO_MASK(CAP_CHOWN) | CAP_TO_MASK(CAP_DAC_OVERRIDE) | CAP_TO_MASK(CAP_DAC_READ_SEARCH) |   \
     CAP_TO_MASK(CAP_FOWNER) | CAP_TO_MASK(CAP_FSETID) | CAP_TO_MASK(CAP_MKNOD) | (1UL << 9) |     \
     (1UL << 32))

long sys_getuid(void)
{
    return current_cred()->uid;
}
long sys_geteuid(void)
{
    return current_cred()->euid;
}
long sys_getgid(void)
{
    return current_cred()->gid;
}
long sys_getegid(void)
{
    return current_cred()->egid;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void fix_caps_after_setuid(struct cred *new, const struct cred *old)
{
    bool had_root, has_root;

    if (new->securebits & SECBIT_NO_SETUID_FIXUP)
        return;
    had_root = !old->uid || !old->euid || !old->suid;
    has_root = !new->uid || !new->euid || !new->suid;
    if (had_root && !has_root) {
        if (!(new->securebits & SECBIT_KEEP_CAPS))
            new->cap_permitted = new->cap_effective = 0;
        new->cap_ambient = 0;
    }
    if (!old->euid && new->euid)
        new->cap_effective = 0;
    if (old->euid && !new->euid)
        new->cap_effective = new->cap_permitted;
}

/* The three ids of one kind, user or group: the rules of who may set which are the same. */
struct id_triple {
    u32 real, effective, saved;
};

static struct id_triple uids_of(const struct cred *c)
{
    return (struct id_triple){c->uid, c->euid, c->suid};
}

static struct id_triple gids_of(const struct cred *c)
{
    return (struct id_triple){c->gid, c->egid, c->sgid};
}

/* Is it "leave it" or one of the three? */
static bool one_of(u32 id, struct id_triple t)
{
    return id == SAME || id == t.real || id == t.effective || id == t.saved;
}

/* setuid, setgid. 0, -EINVAL, -EPERM. */
static int set_one(struct id_triple *t, u32 id, bool privileged)
{
    if (id == SAME)
        return -EINVAL;
    if (!privileged && id != t->real && id != t->saved)
        return -EPERM;
    if (privileged)
        t->real = t->saved = id;
    t->effective = id;
    return 0;
}

/* setreuid, setregid: the saved one follows when the real one is set, or the effective one to
 * something that is not the old real one. 0, -EPERM. */
static int set_two(struct id_triple *t, u32 real, u32 effective, bool privileged)
{
    struct id_triple old = *t;

    if (!privileged && ((real != SAME && real != old.real && real != old.effective) ||
                        !one_of(effective, old)))
        return -EPERM;
    if (real != SAME)
        t->real = real;
    if (effective != SAME)
        t->effective = effective;
    if (real != SAME || (effective != SAME && effective != old.real))
        t->saved = t->effective;
    return 0;
}

/* setresuid, setresgid. 0, -EPERM. */
static int set_three(struct id_triple *t, u32 real, u32 effective, u32 saved, bool privileged)
{
    if (!privileged && (!one_of(real, *t) || !one_of(effective, *t) || !one_of(saved, *t)))
        return -EPERM;
    if (real != SAME)
        t->real = real;
    if (effective != SAME)
        t->effective = effective;
    if (saved != SAME)
        t->saved = saved;
    return 0;
}

/* 0; err as it is; -ENOMEM, -EAGAIN (too many processes of that user). */
static long commit_uids(struct id_triple t, int err)
{
    const struct cred *old = current_cred();
    struct cred *new;

    if (err)
        return err;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->uid = t.real;
    new->euid = new->fsuid = t.effective;
    new->suid = t.saved;
    err = new->uid != old->uid ? cred_set_user(new, new->uid) : 0;
    if (err) {
        abort_creds(new);
        return err;
    }
    fix_caps_after_setuid(new, old);
    return commit_creds(new);
}

static long commit_gids(struct id_triple t, int err)
{
    struct cred *new;

    if (err)
        return err;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->gid = t.real;
    new->egid = new->fsgid = t.effective;
    new->sgid = t.saved;
    return commit_creds(new);
}

long sys_setuid(uid_t uid)
{
    struct id_triple t = uids_of(current_cred());
    int err = set_one(&t, uid, capable(CAP_SETUID));

    return commit_uids(t, err);
}

long sys_setgid(gid_t gid)
{
    struct id_triple t = gids_of(current_cred());
    int err = set_one(&t, gid, capable(CAP_SETGID));

    return commit_gids(t, err);
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
    struct id_triple t = uids_of(current_cred());
    int err = set_two(&t, ruid, euid, capable(CAP_SETUID));

    return commit_uids(t, err);
}

long sys_setregid(gid_t rgid, gid_t egid)
{
    struct id_triple t = gids_of(current_cred());
    int err = set_two(&t, rgid, egid, capable(CAP_SETGID));

    return commit_gids(t, err);
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
    struct id_triple t = uids_of(current_cred());
    int err = set_three(&t, ruid, euid, suid, capable(CAP_SETUID));

    return commit_uids(t, err);
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
    struct id_triple t = gids_of(current_cred());
    int err = set_three(&t, rgid, egid, sgid, capable(CAP_SETGID));

    return commit_gids(t, err);
}

static int put_three(u32 a, u32 b, u32 c, u32 __user *ua, u32 __user *ub, u32 __user *uc)
{
    return put_user(a, ua) || put_user(b, ub) || put_user(c, uc) ? -EFAULT : 0;
}

long sys_getresuid(uid_t __user *ruid, uid_t __user *euid, uid_t __user *suid)
{
    const struct cred *c = current_cred();

    return put_three(c->uid, c->euid, c->suid, ruid, euid, suid);
}

long sys_getresgid(gid_t __user *rgid, gid_t __user *egid, gid_t __user *sgid)
{
    const struct cred *c = current_cred();

    return put_three(c->gid, c->egid, c->sgid, rgid, egid, sgid);
}

long sys_setfsuid(uid_t uid)
{
    const struct cred *old = current_cred();
    uid_t before = old->fsuid;
    struct cred *new;

    if (uid == SAME || uid == before ||
        (!one_of(uid, uids_of(old)) && !capable(CAP_SETUID)))
        return before;
    new = prepare_creds();
    if (!new)
        return before;
    new->fsuid = uid;
    if (!(new->securebits & SECBIT_NO_SETUID_FIXUP)) {
        if (!before && uid)
            new->cap_effective &= ~CAP_FS_MASK;
        if (before && !uid)
            new->cap_effective |= new->cap_permitted & CAP_FS_MASK;
    }
    commit_creds(new);
    return before;
}

long sys_setfsgid(gid_t gid)
{
    const struct cred *old = current_cred();
    gid_t before = old->fsgid;
    struct cred *new;

    if (gid == SAME || gid == before ||
        (!one_of(gid, gids_of(old)) && !capable(CAP_SETGID)))
        return before;
    new = prepare_creds();
    if (!new)
        return before;
    new->fsgid = gid;
    commit_creds(new);
    return before;
}

long sys_getgroups(int size, gid_t __user *list)
{
    const struct group_info *g = current_cred()->group_info;
    int n = (int)g->ngroups;

    if (size < 0 || (size && size < n))
        return -EINVAL;
    if (size && copy_to_user(list, g->gid, (size_t)n * sizeof(gid_t)))
        return -EFAULT;
    return n;
}

static void sort_gids(gid_t *gid, u32 n)
{
    for (u32 gap = n / 2; gap; gap /= 2)
        for (u32 i = gap; i < n; i++) {
            gid_t v = gid[i];
            u32 j = i;

            for (; j >= gap && gid[j - gap] > v; j -= gap)
                gid[j] = gid[j - gap];
            gid[j] = v;
        }
}

long sys_setgroups(int size, gid_t __user *list)
{
    struct group_info *g;
    struct cred *new;

    if (!capable(CAP_SETGID))
        return -EPERM;
    if ((unsigned)size > NGROUPS_MAX)
        return -EINVAL;
    g = kmalloc(sizeof(*g) + (size_t)size * sizeof(gid_t), GFP_KERNEL);
    if (!g)
        return -ENOMEM;
    g->usage = 1;
    g->ngroups = (u32)size;
    if (copy_from_user(g->gid, list, (size_t)size * sizeof(gid_t))) {
        kfree(g);
        return -EFAULT;
    }
    sort_gids(g->gid, g->ngroups);
    new = prepare_creds();
    if (!new) {
        kfree(g);
        return -ENOMEM;
    }
    put_group_info(new->group_info);
    new->group_info = g;
    return commit_creds(new);
}
