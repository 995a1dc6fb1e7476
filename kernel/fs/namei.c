/* Path walks. A walk begins in RCU mode: no references, no stores to shared memory, preemption off;
 * names are looked up in the hash, and tree_seq at the end proves that no rename or mount change
 * ran beside it. What has to sleep (->lookup,
 * ->readlink) first turns the walk into reference mode (unlazy_walk); when that fails the walk
 * starts again with references from the beginning (-ECHILD, never seen outside this file). Source:
 * Linux Documentation/filesystems/path-lookup. */
#include "kernel/fs/path_walk.h"

int getname(struct pathname *p, const char __user *name)
{
    long n = strncpy_from_user(p->buf, name, sizeof(p->buf));

    p->s = p->buf;
    p->heap = false;
    if (likely((unsigned long)n < sizeof(p->buf)))
        return 0;
    if (n < 0)
        return n;
    p->s = kmalloc(PATH_MAX, GFP_KERNEL);
    if (!p->s)
        return -ENOMEM;
    p->heap = true;
    n = strncpy_from_user(p->s, name, PATH_MAX);
    if (n >= 0 && n < PATH_MAX)
        return 0;
    kfree(p->s);
    p->heap = false;
    return n < 0 ? n : -ENAMETOOLONG;
}

/* ---- modes of a walk ---- */
/* The walk must not leave the directory where it starts. */
static bool is_confined(const struct walk *w)
{
    return w->flags & (LOOKUP_IN_ROOT | LOOKUP_BENEATH);
}

/* Under RCU. References to p, or none: what is unused is freed a grace period later. */
static bool path_get_not_zero(const struct path_s *p)
{
    mntget(p->mnt);
    if (dget_not_zero(p->dentry))
        return true;
    mntput(p->mnt);
    return false;
}

/* more: the walk goes on and may need its root. That of a confined walk is its start, which nothing but RCU holds: another thread may
 * close its file or leave the directory. */
static int leave_rcu(struct walk *w, bool more)
{
    struct path_s p = w->path;
    bool ok = path_get_not_zero(&p), own_root = more && is_confined(w);

    if (own_root)
        w->root_ref = path_get_not_zero(&w->root);
    w->rcu = false;
    if (ok && (!own_root || w->root_ref) && !tree_read_retry(w->seq)) {
        rcu_read_unlock();
        if (more && !own_root) {
            get_fs_root(current->fs, &w->root);
            w->root_ref = true;
        }
        return 0;
    }
    w->path.dentry = NULL;
    rcu_read_unlock();
    if (ok)
        path_put(&p);
    return -ECHILD; /* end_walk() gives the root back */
}

static int unlazy_walk(struct walk *w)
{
    return leave_rcu(w, true);
}

/* Gives everything back but, on success, path. */
void end_walk(struct walk *w, bool keep_path)
{
    if (w->rcu) {
        rcu_read_unlock();
        w->rcu = false;
    } else if (w->path.dentry && !keep_path) {
        path_put(&w->path);
    }
    if (w->root_ref)
        path_put(&w->root);
    kfree(w->heap);
    w->root_ref = false;
    w->heap = NULL;
}

static void set_root(struct walk *w)
{
    if (w->rcu) {
        fs_copy_root_rcu(current->fs, &w->root);
        return;
    }
    get_fs_root(current->fs, &w->root);
    w->root_ref = true;
}

static int start_at_fd(struct walk *w, int dfd)
{
    struct fd f = fdget_raw(dfd);

    if (!f.file)
        return -EBADF;
    if (!f.file->f_path.dentry || !S_ISDIR(f.file->f_inode->i_mode)) { /* a memfd has a dentry, but no mount */
        fdput(f);
        return -ENOTDIR;
    }
    w->path = f.file->f_path;
    if (f.need_put && w->rcu) { /* the last fput could sleep */
        rcu_read_unlock();
        w->rcu = false;
    }
    if (!w->rcu)
        path_get(&w->path);
    fdput(f);
    return 0;
}

static int start_walk(struct walk *w, int dfd, const char *name, unsigned flags, bool rcu)
{
    int err = 0;

    w->path.dentry = NULL;
    w->name = name;
    w->flags = flags;
    w->links = 0;
    w->rcu = rcu;
    w->root_ref = w->must_be_dir = false;
    w->heap = NULL;
    if (rcu)
        rcu_read_lock();
    if (rcu || is_confined(w))
        w->seq = tree_read_begin();
    if (*name == '/' && !(flags & (LOOKUP_IN_ROOT | LOOKUP_BENEATH))) {
        set_root(w);
        w->path = w->root;
        if (!w->rcu)
            path_get(&w->path);
    } else if (dfd == AT_FDCWD) {
        if (w->rcu)
            fs_copy_pwd_rcu(current->fs, &w->path);
        else
            get_fs_pwd(current->fs, &w->path);
    } else {
        err = start_at_fd(w, dfd);
        if (err)
            return err;
    }
    if (flags & (LOOKUP_IN_ROOT | LOOKUP_BENEATH)) {
        if (*name == '/' && flags & LOOKUP_BENEATH)
            return -EXDEV;
        w->root = w->path;
        if (!w->rcu) {
            path_get(&w->root);
            w->root_ref = true;
        }
    } else if (*name != '/') {
        set_root(w);
    }
    w->inode = w->path.dentry->d_inode;
    return 0;
}

/* ---- moving ---- */
/* d is referenced in reference mode; the reference becomes path's. */
void goto_dentry(struct walk *w, struct dentry *d)
{
    if (!w->rcu)
        dput(w->path.dentry);
    w->path.dentry = d;
    w->inode = d->d_inode;
}

static void goto_path(struct walk *w, const struct path_s *p)
{
    if (!w->rcu)
        path_put(&w->path);
    w->path = *p;
    w->inode = p->dentry->d_inode;
}

/* What is mounted here, with references in reference mode. */
static bool mounted_here(struct walk *w, struct path_s *out)
{
    bool found = false;

    if (w->rcu) {
        out->mnt = lookup_mnt(w->path.mnt, w->path.dentry);
        if (!out->mnt)
            return false;
        out->dentry = out->mnt->root;
        return true;
    }
    rcu_read_lock();
    for (;;) {
        u32 seq = tree_read_begin();

        out->mnt = lookup_mnt(w->path.mnt, w->path.dentry);
        if (!out->mnt && tree_read_retry(seq))
            continue; /* one that is moved leads the search past those behind it */
        if (!out->mnt)
            break;
        mntget(out->mnt);
        if (!tree_read_retry(seq)) {
            out->dentry = out->mnt->root;
            dget(out->dentry);
            found = true;
            break;
        }
        mntput(out->mnt);
    }
    rcu_read_unlock();
    return found;
}

int cross_mounts(struct walk *w)
{
    struct path_s p;

    while (unlikely(w->path.dentry->d_flags & D_MOUNTED) && mounted_here(w, &p)) {
        if (w->flags & LOOKUP_NO_XDEV) {
            if (!w->rcu)
                path_put(&p);
            return -EXDEV;
        }
        goto_path(w, &p);
    }
    return 0;
}

static struct dentry *get_parent(struct dentry *d)
{
    struct dentry *p;

    rcu_read_lock();
    for (;;) {
        p = rcu_dereference(d->d_parent);
        if (dget_not_zero(p)) {
            if (atomic_load_acquire(&d->d_parent) == p)
                break;
            rcu_read_unlock();
            dput(p); /* moved meanwhile; may sleep */
            rcu_read_lock();
        }
        cpu_relax();
    }
    rcu_read_unlock();
    return p;
}

/* From the root of a mount to where it is mounted. False at the top. */
static bool leave_mount(struct walk *w)
{
    struct path_s p;
    bool ok = false;

    if (w->rcu) {
        struct mount *parent = atomic_load_relaxed(&w->path.mnt->parent);

        if (!parent)
            return false;
        w->path.dentry = w->path.mnt->mountpoint;
        w->path.mnt = parent;
        return true;
    }
    rcu_read_lock();
    for (;;) {
        u32 seq = tree_read_begin();

        ok = false;
        p.mnt = atomic_load_relaxed(&w->path.mnt->parent);
        if (!p.mnt)
            break;
        p.dentry = w->path.mnt->mountpoint;
        mntget(p.mnt);
        ok = dget_not_zero(p.dentry);
        if (ok && !tree_read_retry(seq))
            break;
        rcu_read_unlock();
        if (ok)
            dput(p.dentry);
        mntput(p.mnt);
        rcu_read_lock();
    }
    rcu_read_unlock();
    if (ok)
        goto_path(w, &p);
    return ok;
}

/* A directory on the way up to the root may be moved out of it: then the walk never meets its root. In RCU mode the end of that mode tells. */
static bool may_have_left(const struct walk *w)
{
    return !w->rcu && is_confined(w) && tree_read_retry(w->seq);
}

static int step_up(struct walk *w)
{
    for (;;) {
        struct dentry *d = w->path.dentry;

        if (d == w->root.dentry && w->path.mnt == w->root.mnt) {
            if (w->flags & LOOKUP_BENEATH)
                return -EXDEV;
            break;
        }
        if (d != w->path.mnt->root) {
            goto_dentry(w, w->rcu ? d->d_parent : get_parent(d));
            break;
        }
        if (w->flags & LOOKUP_NO_XDEV && w->path.mnt->parent)
            return -EXDEV;
        if (!leave_mount(w))
            break;
    }
    w->inode = w->path.dentry->d_inode;
    return unlikely(may_have_left(w)) ? -EAGAIN : cross_mounts(w);
}

/* ---- one name ---- */
static struct dentry *ask_filesystem(struct dentry *parent, const char *name, unsigned len,
                                     u32 hash)
{
    struct dentry *d = d_alloc(parent, name, len, hash), *r;

    if (!d)
        return ERR_PTR(-ENOMEM);
    r = parent->d_inode->i_op->lookup(parent->d_inode, d);
    if (!r && !d->d_inode)
        r = ERR_PTR(-ENOENT);
    if (IS_ERR(r)) {
        dput(d);
        return r;
    }
    return d;
}

/* Referenced child or ERR_PTR. Reference mode, or i_mutex held. */
struct dentry *lookup_one(struct dentry *parent, const char *name, unsigned len, u32 hash)
{
    struct dentry *d = d_lookup(parent, name, len, hash);
    const struct inode_operations *op = parent->d_inode->i_op;

    if (d)
        return d;
    if (op && op->lookup)
        return ask_filesystem(parent, name, len, hash);
    return ERR_PTR(-ENOENT);
}

/* In RCU mode the child has no reference; w may have left that mode. */
static struct dentry *walk_child(struct walk *w, const char *name, unsigned len, u32 hash)
{
    if (w->rcu) {
        struct dentry *d = d_lookup_rcu(w->path.dentry, name, len, hash);

        if (likely(d != NULL))
            return d;
        if (!w->inode->i_op || !w->inode->i_op->lookup)
            return ERR_PTR(tree_read_retry(w->seq) ? -ECHILD : -ENOENT);
        if (unlazy_walk(w))
            return ERR_PTR(-ECHILD);
    }
    return lookup_one(w->path.dentry, name, len, hash);
}

/* The walk goes on with `text` followed by what is left after the link (rest: "" or "/..."). */
static int push_link(struct walk *w, const char *text, size_t len, const char *rest)
{
    size_t rest_len = strlen(rest);
    char *buf = w->small;

    if (!len)
        return -ENOENT;
    if (len + rest_len >= sizeof(w->small)) {
        if (len + rest_len >= PATH_MAX)
            return -ENAMETOOLONG;
        if (!w->heap)
            w->heap = kmalloc(PATH_MAX, w->rcu ? GFP_ATOMIC : GFP_KERNEL);
        if (!w->heap)
            return -ENOMEM;
        buf = w->heap;
    }
    memmove(buf + len, rest, rest_len + 1);
    memcpy(buf, text, len);
    w->name = buf;
    if (*buf != '/')
        return 0;
    if (w->flags & LOOKUP_BENEATH)
        return -EXDEV;
    if (w->flags & LOOKUP_NO_XDEV && w->path.mnt != w->root.mnt)
        return -EXDEV;
    if (!w->rcu)
        path_get(&w->root);
    goto_path(w, &w->root);
    return 0;
}

/* The link's text comes from the file system. link is referenced. */
static int follow_slow_link(struct walk *w, struct dentry *link, const char *rest)
{
    const struct inode_operations *op = link->d_inode->i_op;
    char *text;
    ssize_t n;
    int err;

    if (op && op->get_path) {
        struct path_s p;

        if (w->flags & (LOOKUP_NO_MAGICLINKS | LOOKUP_BENEATH | LOOKUP_IN_ROOT))
            return -ELOOP;
        err = op->get_path(link, &p);
        if (err)
            return err;
        goto_path(w, &p);
        w->name = rest;
        return 0;
    }
    if (!op || !op->readlink)
        return -EINVAL;
    text = kmalloc(PATH_MAX, GFP_KERNEL);
    if (!text)
        return -ENOMEM;
    n = op->readlink(link, text, PATH_MAX - 1);
    err = n < 0 ? n : push_link(w, text, n, rest);
    kfree(text);
    return err;
}

int follow_link(struct walk *w, struct dentry *link, const char *rest)
{
    const char *text = link->d_inode->i_link;
    int err;

    if (++w->links > MAXSYMLINKS || w->flags & LOOKUP_NO_SYMLINKS) {
        err = -ELOOP;
    } else if (likely(text != NULL)) {
        err = push_link(w, text, strlen(text), rest);
    } else if (w->rcu) {
        if (!dget_not_zero(link))
            return -ECHILD;
        err = unlazy_walk(w);
        if (!err)
            err = follow_slow_link(w, link, rest);
        dput(link); /* RCU mode was left either way */
        return err;
    } else {
        err = follow_slow_link(w, link, rest);
    }
    if (!w->rcu)
        dput(link);
    return err;
}

/* rest begins right after the name. */
static int step_down(struct walk *w, const char *name, unsigned len, u32 hash, const char *rest,
                     bool final)
{
    struct dentry *d = walk_child(w, name, len, hash);
    struct inode *inode;

    if (IS_ERR(d))
        return PTR_ERR(d);
    inode = d->d_inode;
    if (unlikely(S_ISLNK(inode->i_mode)) && (!final || w->flags & LOOKUP_FOLLOW || w->must_be_dir))
        return follow_link(w, d, rest);
    goto_dentry(w, d);
    w->name = rest;
    return cross_mounts(w);
}

static int may_walk(struct walk *w)
{
    if (unlikely(!S_ISDIR(w->inode->i_mode)))
        return -ENOTDIR;
    if (unlikely(w->inode->i_op && w->inode->i_op->permission)) {
        if (w->rcu && unlazy_walk(w))
            return -ECHILD;
        return w->inode->i_op->permission(w->inode, MAY_EXEC);
    }
    return generic_permission(w->inode, MAY_EXEC);
}

void save_last(struct walk *w, enum last_type type, const char *name, unsigned len, u32 hash,
               bool slash)
{
    struct last_name *l = w->last;

    l->type = type;
    l->slash = slash;
    l->len = len;
    l->hash = hash;
    memcpy(l->name, name, len);
    l->name[len] = 0;
}

static enum last_type type_of(const char *name, unsigned len)
{
    if (likely(name[0] != '.'))
        return LAST_NORM;
    return len == 1 ? LAST_DOT : len == 2 && name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

/* One component. 0, 1: the last component of a LOOKUP_PARENT walk was saved. */
static int walk_one(struct walk *w)
{
    const char *name = w->name, *rest;
    unsigned len = 0;
    enum last_type type;
    bool final;
    int err = may_walk(w);
    u32 hash;

    if (unlikely(err))
        return err;
    while (name[len] && name[len] != '/')
        len++;
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    for (rest = name + len; *rest == '/';)
        rest++;
    final = !*rest;
    if (final && rest != name + len)
        w->must_be_dir = true;
    rest = name + len;
    type = type_of(name, len);
    hash = name_hash(name, len);
    if (final && w->flags & LOOKUP_PARENT) {
        save_last(w, type, name, len, hash, *rest == '/');
        return 1;
    }
    if (likely(type == LAST_NORM))
        return step_down(w, name, len, hash, rest, final);
    w->name = rest;
    return type == LAST_DOTDOT ? step_up(w) : 0;
}

int walk_all(struct walk *w)
{
    int err;

    for (;;) {
        while (*w->name == '/')
            w->name++;
        if (!*w->name)
            break;
        err = walk_one(w);
        if (err)
            return err < 0 ? err : 0;
    }
    if (w->flags & LOOKUP_PARENT)
        save_last(w, LAST_ROOT, "", 0, 0, false);
    else if ((w->must_be_dir || w->flags & LOOKUP_DIRECTORY) && !S_ISDIR(w->inode->i_mode))
        return -ENOTDIR;
    return 0;
}

static int do_walk(struct walk *w, int dfd, const char *name, unsigned flags, bool rcu)
{
    int err;

    if (!*name && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    err = start_walk(w, dfd, name, flags, rcu);
    if (!err)
        err = walk_all(w);
    if (!err && w->rcu)
        err = leave_rcu(w, flags & LOOKUP_PARENT);
    if (err)
        end_walk(w, false);
    return err;
}

/* On success w holds its references: end_walk(). */
int walk_path(struct walk *w, int dfd, const char *name, unsigned flags)
{
    int err = do_walk(w, dfd, name, flags, true);

    return unlikely(err == -ECHILD) ? do_walk(w, dfd, name, flags, false) : err;
}

int path_lookup(int dfd, const char *name, unsigned flags, struct path_s *out)
{
    struct walk w;
    int err;

    if (unlikely(!*name && flags & LOOKUP_EMPTY && dfd != AT_FDCWD)) {
        struct fd f = fdget_raw(dfd);

        if (!f.file)
            return -EBADF;
        err = file_get_path(f.file, out);
        fdput(f);
        return err;
    }
    err = walk_path(&w, dfd, name, flags);
    if (err)
        return err;
    *out = w.path;
    end_walk(&w, true);
    return 0;
}

int path_lookup_parent(int dfd, const char *name, unsigned flags, struct path_s *parent,
                       struct last_name *last)
{
    struct walk w;
    int err;

    w.last = last;
    err = walk_path(&w, dfd, name, flags | LOOKUP_PARENT);
    if (err)
        return err;
    *parent = w.path;
    end_walk(&w, true);
    if (!S_ISDIR(parent->dentry->d_inode->i_mode)) {
        path_put(parent);
        return -ENOTDIR;
    }
    return 0;
}

int user_path_at(int dfd, const char __user *name, unsigned flags, struct path_s *out)
{
    struct pathname p;
    int err = getname(&p, name);

    if (err)
        return err;
    err = path_lookup(dfd, p.s, flags, out);
    putname(&p);
    return err;
}

int kern_path(const char *name, unsigned at_flags, struct path_s *out)
{
    return path_lookup(AT_FDCWD, name, at_to_lookup(at_flags), out);
}

unsigned at_to_lookup(int at)
{
    return (at & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (at & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

struct dentry *lookup_one_locked(struct dentry *parent, const struct last_name *last)
{
    return lookup_one(parent, last->name, last->len, last->hash);
}
