/* Opening by name: permissions, creation, O_TMPFILE, programs for exec. Owns nothing; the walk is
 * namei.c's. */
#include "kernel/fs/path_walk.h"

static int access_mode_of(int flags)
{
    static const u8 acc[4] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE};
    int acc_mode = acc[flags & O_ACCMODE];

    if (flags & O_TRUNC)
        acc_mode |= MAY_WRITE;
    return acc_mode;
}

static int may_open(const struct path_s *p, int flags)
{
    struct inode *inode = p->dentry->d_inode;
    int acc = access_mode_of(flags);

    if (S_ISLNK(inode->i_mode))
        return -ELOOP;
    if (S_ISDIR(inode->i_mode)) {
        if (acc & MAY_WRITE)
            return -EISDIR;
    } else if (flags & O_DIRECTORY) {
        return -ENOTDIR;
    }
    if ((S_ISCHR(inode->i_mode) || (inode->i_mode & S_IFMT) == S_IFBLK) && p->mnt &&
        p->mnt->flags & MS_NODEV)
        return -EACCES;
    if (flags & 01000000 && !inode_owner_or_capable(inode))
        return -EPERM; /* O_NOATIME */
    return path_permission(p, acc);
}

static int truncate_at_open(struct file *f)
{
    struct iattr a = {.valid = ATTR_SIZE};
    struct inode *inode = f->f_inode;
    int err = 0;

    if (!S_ISREG(inode->i_mode))
        return 0;
    if (!(f->f_mode & FMODE_WRITE)) /* a program that runs is not cut either */
        err = get_write_access(inode);
    if (err)
        return err;
    mutex_lock(&inode->i_mutex);
    if (inode->i_op && inode->i_op->setattr) {
        err = inode->i_op->setattr(f->f_path.dentry, &a);
        file_remove_privs(inode);
        file_update_time(inode);
    }
    mutex_unlock(&inode->i_mutex);
    if (!(f->f_mode & FMODE_WRITE))
        put_write_access(inode);
    return err;
}

/* created: the caller made it; no permission is asked. */
static struct file *open_path(const struct path_s *p, int flags, bool created)
{
    struct file *f;
    int err = created || flags & O_PATH ? 0 : may_open(p, flags);

    if (err)
        return ERR_PTR(err);
    if (flags & O_PATH && flags & O_DIRECTORY && !S_ISDIR(p->dentry->d_inode->i_mode))
        return ERR_PTR(-ENOTDIR);
    f = dentry_open(p, flags);
    if (!IS_ERR(f) && flags & O_TRUNC && !created) {
        err = truncate_at_open(f);
        if (err) {
            fput(f);
            f = ERR_PTR(err);
        }
    }
    return f;
}

static struct file *open_created(struct walk *w, struct dentry *d, int flags)
{
    struct path_s p = {w->path.mnt, d};

    return open_path(&p, flags, true);
}

/* The name does not exist (yet). NULL: somebody else made it meanwhile. */
static struct file *create_and_open(struct walk *w, const struct open_how_k *how)
{
    struct dentry *parent = w->path.dentry, *d;
    struct inode *dir = parent->d_inode;
    struct last_name *l = w->last;
    struct file *f = NULL;
    int err;

    mutex_lock(&dir->i_mutex);
    err = dir->i_flags & S_DEAD ? -ENOENT : 0;
    d = err ? NULL : lookup_one(parent, l->name, l->len, l->hash);
    if (d && !IS_ERR(d)) {
        dput(d);
        goto out;
    }
    if (!err && PTR_ERR(d) != -ENOENT)
        err = PTR_ERR(d);
    if (!err)
        err = mnt_want_write(w->path.mnt);
    if (!err)
        err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
    if (!err && (!dir->i_op || !dir->i_op->create))
        err = dir->i_op && dir->i_op->lookup ? -ENOENT : -EACCES;
    d = err ? NULL : d_alloc(parent, l->name, l->len, l->hash);
    if (!err && !d)
        err = -ENOMEM;
    if (!err) {
        err = dir->i_op->create(dir, d, S_IFREG | (how->mode & 07777 & ~fs_umask(current->fs)));
        if (!err)
            d_add(d);
    }
    f = err ? ERR_PTR(err) : open_created(w, d, how->flags);
    if (d)
        dput(d);
out:
    mutex_unlock(&dir->i_mutex);
    return f;
}

/* The last component exists. NULL: it was a link, w stands before the next last one. d's reference
 * is consumed. */
static struct file *open_existing(struct walk *w, struct dentry *d, const struct open_how_k *how)
{
    struct file *f;
    int err;

    if (how->flags & O_EXCL) {
        dput(d);
        return ERR_PTR(-EEXIST);
    }
    if (S_ISLNK(d->d_inode->i_mode)) {
        if (how->flags & O_NOFOLLOW) {
            dput(d);
            return ERR_PTR(-ELOOP);
        }
        err = follow_link(w, d, "");
        if (!err && *w->name)
            err = walk_all(w);
        else if (!err)
            save_last(w, LAST_ROOT, "", 0, 0, false); /* a magic link: path is its target */
        return err ? ERR_PTR(err) : NULL;
    }
    goto_dentry(w, d);
    err = cross_mounts(w);
    if (err)
        return ERR_PTR(err);
    if (S_ISDIR(w->inode->i_mode))
        return ERR_PTR(-EISDIR);
    f = open_path(&w->path, how->flags, false);
    return f;
}

static struct file *open_last(struct walk *w, const struct open_how_k *how)
{
    struct last_name *l = w->last;
    struct dentry *d;

    if (l->type == LAST_ROOT && w->links && !S_ISDIR(w->inode->i_mode))
        return open_path(&w->path, how->flags, false); /* a magic link's target */
    if (l->type != LAST_NORM || l->slash)
        return ERR_PTR(how->flags & O_EXCL && l->type != LAST_NORM ? -EEXIST : -EISDIR);
    if (!S_ISDIR(w->inode->i_mode))
        return ERR_PTR(-ENOTDIR);
    d = lookup_one(w->path.dentry, l->name, l->len, l->hash);
    if (IS_ERR(d))
        return PTR_ERR(d) == -ENOENT ? create_and_open(w, how) : ERR_CAST(d);
    return open_existing(w, d, how);
}

static struct file *open_create(int dfd, const char *name, const struct open_how_k *how)
{
    struct last_name last;
    struct walk w;
    struct file *f;
    int err;

    w.last = &last;
    err = walk_path(&w, dfd, name, how->lookup | LOOKUP_PARENT);
    if (err)
        return ERR_PTR(err);
    do
        f = open_last(&w, how);
    while (!f); /* after a link, or a lost race to create */
    end_walk(&w, false);
    return f;
}

static struct file *open_tmpfile(int dfd, const char *name, const struct open_how_k *how)
{
    struct path_s dir, p;
    struct inode *inode;
    struct file *f;
    int err = path_lookup(dfd, name, how->lookup | LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dir);

    if (err)
        return ERR_PTR(err);
    if (!(access_mode_of(how->flags) & MAY_WRITE))
        err = -EINVAL;
    if (!err)
        err = path_permission(&dir, MAY_WRITE | MAY_EXEC);
    if (!err && (!dir.dentry->d_inode->i_op || !dir.dentry->d_inode->i_op->create))
        err = -EOPNOTSUPP;
    f = ERR_PTR(err);
    if (!err) {
        f = ERR_PTR(-ENOMEM);
        inode = tmpfs_new_inode(dir.dentry->d_sb, dir.dentry->d_inode,
                                S_IFREG | (how->mode & 07777 & ~fs_umask(current->fs)), 0);
        if (IS_ERR(inode)) {
            f = ERR_CAST(inode);
        } else {
            p.mnt = dir.mnt;
            inode->i_nlink = 0;
            if (!(how->flags & O_EXCL))
                inode->i_flags |= S_LINKABLE;
            p.dentry = d_alloc(dir.dentry, "#tmpfile", 8, 0);
            if (p.dentry) {
                p.dentry->d_flags |= D_DELETED;
                d_instantiate(p.dentry, inode);
                f = open_path(&p, how->flags & ~O_TMPFILE, true);
                dput(p.dentry);
            } else {
                iput(inode);
            }
        }
    }
    path_put(&dir);
    return f;
}

struct file *do_filp_open(int dfd, const char *name, const struct open_how_k *how)
{
    unsigned lookup = how->lookup | (how->flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW);
    struct path_s p;
    struct file *f;
    int err;

    if (unlikely((how->flags & O_TMPFILE) == O_TMPFILE))
        return open_tmpfile(dfd, name, how);
    if (how->flags & O_CREAT && !(how->flags & O_PATH))
        return open_create(dfd, name, how);
    if (how->flags & O_DIRECTORY)
        lookup |= LOOKUP_DIRECTORY;
    err = path_lookup(dfd, name, lookup, &p);
    if (err)
        return ERR_PTR(err);
    f = open_path(&p, how->flags, false);
    path_put(&p);
    return f;
}

struct file *filp_open(const char *kernel_path, int flags, mode_t mode)
{
    struct open_how_k how = {flags, mode, 0};

    return do_filp_open(AT_FDCWD, kernel_path, &how);
}

struct file *open_exec_at(int dfd, const char *name, int flags)
{
    struct path_s p;
    struct file *f;
    int err = path_lookup(dfd, name, at_to_lookup(flags), &p);

    if (err)
        return ERR_PTR(err);
    err = S_ISLNK(p.dentry->d_inode->i_mode) ? -ELOOP : path_permission(&p, MAY_EXEC);
    if (!err && !S_ISREG(p.dentry->d_inode->i_mode))
        err = -EACCES;
    f = err ? ERR_PTR(err) : dentry_open(&p, O_RDONLY);
    path_put(&p);
    if (IS_ERR(f))
        return f;
    err = deny_write_access(f);
    if (err) {
        fput(f);
        return ERR_PTR(err);
    }
    return f;
}
