/*
 * exec_cred.c: rights after exec: set-user-ID and set-group-ID files, capabilities
 * (capabilities(7), "Transformation of capabilities during execve"; files carry none here). When
 * nothing changes the old credential stays: no allocation.
 */
#include "kernel/task/binprm.h"

#define S_ISUID 04000
#define S_ISGID 02000
#define S_IXGRP 00010

/* Another process could change root and working directory under the program. The own threads end before it runs, and one that ends now may
 * hide another sharer: exec_commit() takes a copy of its own before it gives rights. */
static bool fs_is_shared(void)
{
    return fs_users(current->fs) > READ_ONCE(current->signal->nr_threads);
}

/* False: the program would have more rights, but not for this caller. */
static bool apply_file_ids(struct cred *c, const struct file *file)
{
    const struct inode *inode = file->f_inode;

    if (current->no_new_privs || (inode->i_mode & (S_ISUID | S_ISGID)) == 0 || !file_may_suid(file))
        return true;
    if (fs_is_shared() && !capable(CAP_SETUID))
        return false;
    if (inode->i_mode & S_ISUID)
        c->euid = inode->i_uid;
    if ((inode->i_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        c->egid = inode->i_gid;
    return true;
}

static void transform_caps(struct cred *c, const struct cred *old)
{
    bool root = !(c->securebits & SECBIT_NOROOT) && (!c->euid || !c->uid), effective;
    kernel_cap_t gained = root ? c->cap_bset | old->cap_inheritable : 0;

    if (c->euid != old->euid || c->egid != old->egid)
        c->cap_ambient = 0;
    c->cap_permitted = gained | c->cap_ambient;
    effective = root && !c->euid;
    c->cap_effective = effective ? c->cap_permitted : c->cap_ambient;
    c->securebits &= ~SECBIT_KEEP_CAPS;
}

static bool same_rights(const struct cred *a, const struct cred *b)
{
    return a->euid == b->euid && a->egid == b->egid && a->suid == b->suid && a->sgid == b->sgid &&
           a->fsuid == b->fsuid && a->fsgid == b->fsgid && a->cap_permitted == b->cap_permitted &&
           a->cap_effective == b->cap_effective && a->cap_ambient == b->cap_ambient &&
           a->securebits == b->securebits;
}

int exec_prepare_creds(struct binprm *b)
{
    const struct cred *old = current_cred();
    struct cred c = *old, *new;
    bool given = apply_file_ids(&c, b->file);

    c.suid = c.fsuid = c.euid;
    c.sgid = c.fsgid = c.egid;
    transform_caps(&c, old);
    b->secure = !given || c.euid != c.uid || c.egid != c.gid || (c.uid && (c.cap_permitted & ~c.cap_ambient));
    if (likely(same_rights(&c, old)))
        return 0;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->euid = c.euid, new->egid = c.egid;
    new->suid = c.suid, new->sgid = c.sgid;
    new->fsuid = c.fsuid, new->fsgid = c.fsgid;
    new->cap_permitted = c.cap_permitted;
    new->cap_effective = c.cap_effective;
    new->cap_ambient = c.cap_ambient;
    new->securebits = c.securebits;
    b->cred = new;
    return 0;
}

void exec_commit_creds(struct binprm *b)
{
    if (b->secure)
        current->pdeath_signal = 0;
    if (!b->cred)
        return;
    commit_creds(b->cred);
    b->cred = NULL;
    current->mm->dumpable = b->dumpable; /* commit_creds() has taken it away */
}
