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

static long commit_uids(struct cred *new)
{
    const struct cred *old = current_cred();
    int err = new->uid != old->uid ? cred_set_user(new, new->uid) : 0;

    if (err) {
        abort_creds(new);
        return err;
    }
    new->fsuid = new->euid;
    fix_caps_after_setuid(new, old);
    return commit_creds(new);
}

static bool one_of(u32 id, u32 a, u32 b, u32 c)
{
    return id == SAME || id == a || id == b || id == c;
}

long sys_setuid(uid_t uid)
{
    struct cred *new;

    if (uid == SAME)
        return -EINVAL;
    if (!capable(CAP_SETUID) && uid != current_cred()->uid && uid != current_cred()->suid)
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (capable(CAP_SETUID))
        new->uid = new->suid = uid;
    new->euid = uid;
    return commit_uids(new);
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
    const struct cred *old = current_cred();
    struct cred *new;

    if (!capable(CAP_SETUID) && (!one_of(ruid, old->uid, old->euid, old->uid) ||
                                 !one_of(euid, old->uid, old->euid, old->suid)))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (ruid != SAME)
        new->uid = ruid;
    if (euid != SAME)
        new->euid = euid;
    if (ruid != SAME || (euid != SAME && euid != old->uid))
        new->suid = new->euid;
    return commit_uids(new);
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
    const struct cred *old = current_cred();
    struct cred *new;

    if (!capable(CAP_SETUID) && (!one_of(ruid, old->uid, old->euid, old->suid) ||
                                 !one_of(euid, old->uid, old->euid, old->suid) ||
                                 !one_of(suid, old->uid, old->euid, old->suid)))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (ruid != SAME)
        new->uid = ruid;
    if (euid != SAME)
        new->euid = euid;
    if (suid != SAME)
        new->suid = suid;
    return commit_uids(new);
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

static long commit_gids(struct cred *new)
{
    new->fsgid = new->egid;
    return commit_creds(new);
}

long sys_setgid(gid_t gid)
{
    struct cred *new;

    if (gid == SAME)
        return -EINVAL;
    if (!capable(CAP_SETGID) && gid != current_cred()->gid && gid != current_cred()->sgid)
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (capable(CAP_SETGID))
        new->gid = new->sgid = gid;
    new->egid = gid;
    return commit_gids(new);
}

long sys_setregid(gid_t rgid, gid_t egid)
{
    const struct cred *old = current_cred();
    struct cred *new;

    if (!capable(CAP_SETGID) && (!one_of(rgid, old->gid, old->egid, old->gid) ||
                                 !one_of(egid, old->gid, old->egid, old->sgid)))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (rgid != SAME)
        new->gid = rgid;
    if (egid != SAME)
        new->egid = egid;
    if (rgid != SAME || (egid != SAME && egid != old->gid))
        new->sgid = new->egid;
    return commit_gids(new);
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
    const struct cred *old = current_cred();
    struct cred *new;

    if (!capable(CAP_SETGID) && (!one_of(rgid, old->gid, old->egid, old->sgid) ||
                                 !one_of(egid, old->gid, old->egid, old->sgid) ||
                                 !one_of(sgid, old->gid, old->egid, old->sgid)))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (rgid != SAME)
        new->gid = rgid;
    if (egid != SAME)
        new->egid = egid;
    if (sgid != SAME)
        new->sgid = sgid;
    return commit_gids(new);
}

long sys_setfsuid(uid_t uid)
{
    const struct cred *old = current_cred();
    uid_t before = old->fsuid;
    struct cred *new;

    if (uid == SAME || uid == before ||
        (!one_of(uid, old->uid, old->euid, old->suid) && !capable(CAP_SETUID)))
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
        (!one_of(gid, old->gid, old->egid, old->sgid) && !capable(CAP_SETGID)))
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
