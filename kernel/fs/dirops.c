/* Calls that change directories: mkdir, rmdir, unlink, link, symlink, mknod, rename. Owns
 * rename_mutex, which a rename between two directories takes, so that no ancestor relation changes
 * under it. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u

static DEFINE_MUTEX(rename_mutex);

/* A parent that is locked, and the last name in it. */
struct dir_slot {
    struct path_s parent;
    struct inode *dir;
    struct last_name last;
};

/* ---- permission rules ---- */
static bool sticky_forbids(const struct inode *dir, const struct inode *inode)
{
    uid_t me = current_cred()->fsuid;

    return dir->i_mode & 01000 && inode->i_uid != me && dir->i_uid != me && !capable(CAP_FOWNER);
}

static int may_create(struct inode *dir)
{
    return dir->i_flags & S_DEAD ? -ENOENT : inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

static int may_delete(struct inode *dir, struct dentry *victim, bool is_dir)
{
    int err = inode_permission(dir, MAY_WRITE | MAY_EXEC);

    if (err)
        return err;
    if (sticky_forbids(dir, victim->d_inode))
        return -EPERM;
    if (is_dir != S_ISDIR(victim->d_inode->i_mode))
        return is_dir ? -ENOTDIR : -EISDIR;
    return 0;
}

/* ---- making a name ---- */
static int slot_open(struct dir_slot *s, int dfd, const char __user *name)
{
    struct pathname p;
    int err = getname(&p, name);

    if (err)
        return err;
    err = path_lookup_parent(dfd, p.s, 0, &s->parent, &s->last);
    putname(&p);
    if (!err)
        s->dir = s->parent.dentry->d_inode;
    return err;
}

/* Locks the directory and makes a negative dentry; ERR_PTR(-EEXIST, ...) with the lock given back.
 * Ends with slot_close. */
static struct dentry *slot_create(struct dir_slot *s, int dfd, const char __user *name, bool is_dir)
{
    struct dentry *d;
    int err = slot_open(s, dfd, name);

    if (err)
        return ERR_PTR(err);
    err = -EEXIST;
    if (s->last.type != LAST_NORM)
        goto fail;
    mutex_lock(&s->dir->i_mutex);
    d = lookup_one_locked(s->parent.dentry, &s->last);
    if (!IS_ERR(d))
        dput(d);
    else
        err = PTR_ERR(d);
    if (err == -ENOENT && (!s->last.slash || is_dir)) {
        err = mnt_want_write(s->parent.mnt);
        if (!err)
            err = may_create(s->dir);
        if (!err && s->dir->i_op && s->dir->i_op->lookup && !s->dir->i_op->create)
            err = -ENOENT; /* Linux's answer in /proc: its names come from lookup alone */
        d = err ? NULL : d_alloc(s->parent.dentry, s->last.name, s->last.len, s->last.hash);
        if (d)
            return d;
        if (!err)
            err = -ENOMEM;
    }
    mutex_unlock(&s->dir->i_mutex);
fail:
    path_put(&s->parent);
    return ERR_PTR(err);
}

static void slot_close(struct dir_slot *s, struct dentry *d)
{
    mutex_unlock(&s->dir->i_mutex);
    dput(d);
    path_put(&s->parent);
}

/* err == 0: the new name becomes visible. */
static int slot_finish(struct dir_slot *s, struct dentry *d, int err)
{
    if (!err)
        d_add(d);
    slot_close(s, d);
    return err;
}

long sys_mkdirat(int dfd, const char __user *name, mode_t mode)
{
    struct dir_slot s;
    struct dentry *d = slot_create(&s, dfd, name, true);
    const struct inode_operations *op;
    int err = -EPERM;

    if (IS_ERR(d))
        return PTR_ERR(d);
    op = s.dir->i_op;
    if (op && op->mkdir)
        err = op->mkdir(s.dir, d, S_IFDIR | (mode & 01777 & ~fs_umask(current->fs)));
    return slot_finish(&s, d, err);
}

long sys_mkdir(const char __user *name, mode_t mode)
{
    return sys_mkdirat(AT_FDCWD, name, mode);
}

static int make_node(struct dir_slot *s, struct dentry *d, mode_t mode, dev_t dev)
{
    const struct inode_operations *op = s->dir->i_op;

    if (!op || !op->mknod)
        return -EPERM;
    if (S_ISREG(mode))
        return op->create(s->dir, d, mode);
    return op->mknod(s->dir, d, mode, dev);
}

static int check_node_type(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        return 0;
    case S_IFCHR:
    case S_IFBLK:
        return capable(CAP_MKNOD) ? 0 : -EPERM;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
}

long sys_mknodat(int dfd, const char __user *name, mode_t mode, unsigned dev)
{
    struct dir_slot s;
    struct dentry *d;
    int err;

    if (!(mode & S_IFMT))
        mode |= S_IFREG;
    err = check_node_type(mode);
    if (err)
        return err;
    d = slot_create(&s, dfd, name, false);
    if (IS_ERR(d))
        return PTR_ERR(d);
    mode = (mode & S_IFMT) | (mode & 07777 & ~fs_umask(current->fs));
    return slot_finish(&s, d, make_node(&s, d, mode, new_decode_dev(dev)));
}

long sys_mknod(const char __user *name, mode_t mode, unsigned dev)
{
    return sys_mknodat(AT_FDCWD, name, mode, dev);
}

long sys_symlinkat(const char __user *oldname, int newdfd, const char __user *newname)
{
    struct dir_slot s;
    struct pathname target;
    struct dentry *d;
    int err = getname(&target, oldname);

    if (err)
        return err;
    if (!*target.s) {
        err = -ENOENT;
    } else {
        d = slot_create(&s, newdfd, newname, false);
        err = PTR_ERR(d);
        if (!IS_ERR(d)) {
            err = s.dir->i_op && s.dir->i_op->symlink ? s.dir->i_op->symlink(s.dir, d, target.s)
                                                      : -EPERM;
            err = slot_finish(&s, d, err);
        }
    }
    putname(&target);
    return err;
}

long sys_symlink(const char __user *oldname, const char __user *newname)
{
    return sys_symlinkat(oldname, AT_FDCWD, newname);
}

static int do_link(struct dir_slot *s, struct dentry *d, const struct path_s *old)
{
    struct inode *inode = old->dentry->d_inode;

    if (old->mnt != s->parent.mnt)
        return -EXDEV;
    if (S_ISDIR(inode->i_mode) || !s->dir->i_op || !s->dir->i_op->link)
        return -EPERM;
    if (!inode->i_nlink && !(inode->i_flags & S_LINKABLE))
        return -ENOENT;
    return s->dir->i_op->link(old->dentry, s->dir, d);
}

long sys_linkat(int olddfd, const char __user *oldname, int newdfd, const char __user *newname,
                int flags)
{
    struct dir_slot s;
    struct path_s old;
    struct dentry *d;
    int err;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !capable(CAP_DAC_READ_SEARCH))
        return -ENOENT;
    err = user_path_at(olddfd, oldname,
                       (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
                           (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
                       &old);
    if (err)
        return err;
    d = slot_create(&s, newdfd, newname, false);
    err = PTR_ERR(d);
    if (!IS_ERR(d))
        err = slot_finish(&s, d, do_link(&s, d, &old));
    path_put(&old);
    return err;
}

long sys_link(const char __user *oldname, const char __user *newname)
{
    return sys_linkat(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

/* ---- removing ---- */
static int remove_dir(struct inode *dir, struct dentry *d)
{
    struct inode *victim = d->d_inode;
    int err = may_delete(dir, d, true);

    if (err)
        return err;
    if (!dir->i_op || !dir->i_op->rmdir)
        return -EPERM;
    mutex_lock(&victim->i_mutex);
    err = is_mountpoint(d) ? -EBUSY : dir->i_op->rmdir(dir, d);
    if (!err) {
        victim->i_flags |= S_DEAD;
        d_delete(d);
    }
    mutex_unlock(&victim->i_mutex);
    return err;
}

static int remove_file(struct inode *dir, struct dentry *d, bool slash)
{
    int err;

    if (slash)
        return S_ISDIR(d->d_inode->i_mode) ? -EISDIR : -ENOTDIR;
    err = may_delete(dir, d, false);
    if (err)
        return err;
    if (!dir->i_op || !dir->i_op->unlink)
        return -EPERM;
    if (is_mountpoint(d))
        return -EBUSY;
    err = dir->i_op->unlink(dir, d);
    if (!err)
        d_delete(d);
    return err;
}

static int check_rmdir_name(enum last_type type)
{
    return type == LAST_NORM     ? 0
           : type == LAST_DOT    ? -EINVAL
           : type == LAST_DOTDOT ? -ENOTEMPTY
                                 : -EBUSY;
}

static long do_remove(int dfd, const char __user *name, bool is_dir)
{
    struct dir_slot s;
    struct dentry *d;
    int err = slot_open(&s, dfd, name);

    if (err)
        return err;
    err = is_dir ? check_rmdir_name(s.last.type) : s.last.type != LAST_NORM ? -EISDIR : 0;
    if (err)
        goto out;
    mutex_lock(&s.dir->i_mutex);
    d = lookup_one_locked(s.parent.dentry, &s.last);
    err = IS_ERR(d) ? PTR_ERR(d) : mnt_want_write(s.parent.mnt);
    if (!err)
        err = is_dir ? remove_dir(s.dir, d) : remove_file(s.dir, d, s.last.slash);
    mutex_unlock(&s.dir->i_mutex);
    if (!IS_ERR(d))
        dput(d); /* the last one truncates: outside the lock */
out:
    path_put(&s.parent);
    return err;
}

long sys_unlinkat(int dfd, const char __user *name, int flag)
{
    if (flag & ~AT_REMOVEDIR)
        return -EINVAL;
    return do_remove(dfd, name, flag & AT_REMOVEDIR);
}

long sys_unlink(const char __user *name)
{
    return do_remove(AT_FDCWD, name, false);
}

long sys_rmdir(const char __user *name)
{
    return do_remove(AT_FDCWD, name, true);
}

/* ---- rename ---- */
static void lock_two_dirs(struct dir_slot *a, struct dir_slot *b)
{
    if (a->dir == b->dir) {
        mutex_lock(&a->dir->i_mutex);
        return;
    }
    mutex_lock(&rename_mutex);
    if (d_is_ancestor(b->parent.dentry, a->parent.dentry) ||
        (!d_is_ancestor(a->parent.dentry, b->parent.dentry) && b->dir < a->dir)) {
        mutex_lock(&b->dir->i_mutex);
        mutex_lock(&a->dir->i_mutex);
    } else {
        mutex_lock(&a->dir->i_mutex);
        mutex_lock(&b->dir->i_mutex);
    }
}

static void unlock_two_dirs(struct dir_slot *a, struct dir_slot *b)
{
    mutex_unlock(&a->dir->i_mutex);
    if (a->dir == b->dir)
        return;
    mutex_unlock(&b->dir->i_mutex);
    mutex_unlock(&rename_mutex);
}

/* The names and types, in Linux's order. new may be an ERR_PTR. */
static int check_rename(struct dir_slot *o, struct dir_slot *n, struct dentry *old,
                        struct dentry *new, unsigned flags)
{
    bool dir = S_ISDIR(old->d_inode->i_mode), target = !IS_ERR(new);

    if (target && flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (flags & RENAME_EXCHANGE) {
        if (!target)
            return -ENOENT;
        if (!S_ISDIR(new->d_inode->i_mode) && n->last.slash)
            return -ENOTDIR;
    }
    if (!dir && (o->last.slash || (n->last.slash && !(flags & RENAME_EXCHANGE))))
        return -ENOTDIR;
    if (d_is_ancestor(old, n->parent.dentry))
        return -EINVAL;
    if (target && d_is_ancestor(new, o->parent.dentry))
        return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    return 0;
}

static int check_rename_rights(struct dir_slot *o, struct dir_slot *n, struct dentry *old,
                               struct dentry *new, unsigned flags)
{
    bool dir = S_ISDIR(old->d_inode->i_mode);
    int err = may_delete(o->dir, old, dir);

    if (err)
        return err;
    if (!new->d_inode)
        err = may_create(n->dir);
    else if (flags & RENAME_EXCHANGE)
        err = may_delete(n->dir, new, S_ISDIR(new->d_inode->i_mode));
    else
        err = may_delete(n->dir, new, dir);
    if (!err && dir && o->dir != n->dir)
        err = inode_permission(old->d_inode, MAY_WRITE);
    if (!err && flags & RENAME_EXCHANGE && S_ISDIR(new->d_inode->i_mode) && o->dir != n->dir)
        err = inode_permission(new->d_inode, MAY_WRITE); /* its .. changes too */
    if (!err && (!o->dir->i_op || !o->dir->i_op->rename))
        err = -EPERM;
    if (!err && (is_mountpoint(old) || (new->d_inode &&is_mountpoint(new))))
        err = -EBUSY;
    return err;
}

/* Everything is checked and allocated: the names change at one moment for path walks. */
static void commit_rename(struct dir_slot *o, struct dir_slot *n, struct dentry *old,
                          struct dentry *new, char *name)
{
    tree_write_begin();
    d_move(old, n->parent.dentry, name, n->last.len, n->last.hash);
    tree_write_end();
    d_delete(new); /* after it: a walk finds the old target or the new one, never nothing */
    if (o->dir != n->dir) {
        dget(n->parent.dentry);
        dput(o->parent.dentry);
    }
}

static void commit_exchange(struct dir_slot *o, struct dir_slot *n, struct dentry *old,
                            struct dentry *new, char *old_name, char *new_name)
{
    tree_write_begin();
    d_exchange(old, new, old_name, new_name);
    tree_write_end();
}

/* A directory that is replaced must stay empty while it goes. */
static int call_rename(struct dir_slot *o, struct dir_slot *n, struct dentry *old,
                       struct dentry *new, unsigned flags)
{
    struct inode *victim =
        new->d_inode && !(flags & RENAME_EXCHANGE) && S_ISDIR(new->d_inode->i_mode) ? new->d_inode
                                                                                    : NULL;
    int err;

    if (victim)
        mutex_lock(&victim->i_mutex);
    err = o->dir->i_op->rename(o->dir, old, n->dir, new, flags);
    if (victim) {
        if (!err)
            victim->i_flags |= S_DEAD;
        mutex_unlock(&victim->i_mutex);
    }
    return err;
}

/* Directories locked. new: negative dentry when nothing is there. */
static int do_rename(struct dir_slot *o, struct dir_slot *n, struct dentry *old, struct dentry *new,
                     unsigned flags)
{
    bool exchange = flags & RENAME_EXCHANGE;
    char *new_name, *old_name = NULL;
    int err;

    if (new->d_inode == old->d_inode)
        return 0;
    err = check_rename_rights(o, n, old, new, flags);
    if (err)
        return err;
    new_name = d_name_dup(n->last.name, n->last.len);
    if (exchange)
        old_name = d_name_dup(o->last.name, o->last.len);
    if (!new_name || (exchange && !old_name))
        err = -ENOMEM;
    if (!err)
        err = call_rename(o, n, old, new, flags);
    if (err) {
        if (new_name)
            d_name_free(new_name);
        if (old_name)
            d_name_free(old_name);
        return err;
    }
    if (exchange)
        commit_exchange(o, n, old, new, old_name, new_name);
    else
        commit_rename(o, n, old, new, new_name);
    return 0;
}

static int rename_locked(struct dir_slot *o, struct dir_slot *n, unsigned flags)
{
    struct dentry *old = lookup_one_locked(o->parent.dentry, &o->last), *new;
    int err;

    if (IS_ERR(old))
        return PTR_ERR(old);
    new = lookup_one_locked(n->parent.dentry, &n->last);
    err = check_rename(o, n, old, new, flags);
    if (!err && IS_ERR(new)) {
        err = PTR_ERR(new);
        if (err == -ENOENT) {
            new = d_alloc(n->parent.dentry, n->last.name, n->last.len, n->last.hash);
            err = new ? 0 : -ENOMEM;
        }
    }
    if (!err)
        err = do_rename(o, n, old, new, flags);
    if (!IS_ERR_OR_NULL(new))
        dput(new);
    dput(old);
    return err;
}

long sys_renameat2(int olddfd, const char __user *oldname, int newdfd, const char __user *newname,
                   unsigned flags)
{
    struct dir_slot o, n;
    int err;

    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
        (flags & (RENAME_NOREPLACE | RENAME_EXCHANGE)) == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    err = slot_open(&o, olddfd, oldname);
    if (err)
        return err;
    err = slot_open(&n, newdfd, newname);
    if (err)
        goto out;
    if (o.parent.mnt != n.parent.mnt) {
        err = -EXDEV;
    } else if (o.last.type != LAST_NORM ||
               (n.last.type != LAST_NORM && !(flags & RENAME_NOREPLACE))) {
        err = -EBUSY;
    } else if (n.last.type != LAST_NORM) {
        err = -EEXIST;
    } else {
        err = mnt_want_write(o.parent.mnt);
        if (!err) {
            lock_two_dirs(&o, &n);
            err = rename_locked(&o, &n, flags);
            unlock_two_dirs(&o, &n);
        }
    }
    path_put(&n.parent);
out:
    path_put(&o.parent);
    return err;
}

long sys_renameat(int olddfd, const char __user *oldname, int newdfd, const char __user *newname)
{
    return sys_renameat2(olddfd, oldname, newdfd, newname, 0);
}

long sys_rename(const char __user *oldname, const char __user *newname)
{
    return sys_renameat2(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}
