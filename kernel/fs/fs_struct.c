/* struct fs_struct: root, working directory and umask of a process. Owns its life, chdir, chroot,
 * getcwd, umask, and the text of a path (d_path). */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

struct fs_struct init_fs = {.users = 1, .umask = 022, .lock = SPINLOCK_INIT};
static struct kmem_cache *fs_cache;

void path_get(const struct path_s *p)
{
    if (p->mnt)
        mntget(p->mnt);
    dget(p->dentry);
}

void path_put(const struct path_s *p)
{
    dput(p->dentry);
    if (p->mnt)
        mntput(p->mnt);
}

static void copy_path_rcu(struct fs_struct *fs, const struct path_s *from, struct path_s *out)
{
    if (likely(atomic_load_relaxed(&fs->users) == 1 && fs == current->fs)) {
        *out = *from;
        return;
    }
    spin_lock(&fs->lock);
    *out = *from;
    spin_unlock(&fs->lock);
}

void fs_copy_root_rcu(struct fs_struct *fs, struct path_s *out)
{
    copy_path_rcu(fs, &fs->root, out);
}

void fs_copy_pwd_rcu(struct fs_struct *fs, struct path_s *out)
{
    copy_path_rcu(fs, &fs->pwd, out);
}

static void get_path_of(struct fs_struct *fs, const struct path_s *from, struct path_s *out)
{
    spin_lock(&fs->lock);
    *out = *from;
    path_get(out);
    spin_unlock(&fs->lock);
}

void get_fs_root(struct fs_struct *fs, struct path_s *out)
{
    get_path_of(fs, &fs->root, out);
}

void get_fs_pwd(struct fs_struct *fs, struct path_s *out)
{
    get_path_of(fs, &fs->pwd, out);
}

unsigned fs_umask(struct fs_struct *fs)
{
    return fs->umask;
}

/* NULL leaves that one as it is. Takes its own references. */
void fs_set_root_pwd(struct fs_struct *fs, const struct path_s *root, const struct path_s *pwd)
{
    struct path_s old_root = {0}, old_pwd = {0};

    spin_lock(&fs->lock);
    if (root) {
        old_root = fs->root;
        fs->root = *root;
        path_get(root);
    }
    if (pwd) {
        old_pwd = fs->pwd;
        fs->pwd = *pwd;
        path_get(pwd);
    }
    spin_unlock(&fs->lock);
    if (old_root.dentry)
        path_put(&old_root);
    if (old_pwd.dentry)
        path_put(&old_pwd);
}

struct fs_struct *copy_fs(struct fs_struct *old)
{
    struct fs_struct *fs;

    if (unlikely(!fs_cache))
        fs_cache = kmem_cache_create("fs_struct", sizeof(*fs), 8);
    fs = kmem_cache_alloc(fs_cache, GFP_KERNEL);
    if (!fs)
        return ERR_PTR(-ENOMEM);
    fs->users = 1;
    fs->umask = old->umask;
    spin_lock_init(&fs->lock);
    spin_lock(&old->lock);
    fs->root = old->root;
    fs->pwd = old->pwd;
    path_get(&fs->root);
    path_get(&fs->pwd);
    spin_unlock(&old->lock);
    return fs;
}

struct fs_struct *get_fs(struct fs_struct *fs)
{
    atomic_inc_relaxed(&fs->users);
    return fs;
}

u32 fs_users(const struct fs_struct *fs)
{
    return atomic_load_relaxed(&fs->users);
}

void put_fs(struct fs_struct *fs)
{
    if (!fs || !atomic_dec_and_test_full(&fs->users) || fs == &init_fs)
        return;
    path_put(&fs->root);
    path_put(&fs->pwd);
    kmem_cache_free(fs_cache, fs);
}

int unshare_fs(void)
{
    struct fs_struct *old = current->fs, *new;

    if (fs_users(old) == 1)
        return 0;
    new = copy_fs(old);
    if (IS_ERR(new))
        return (int)PTR_ERR(new);
    spin_lock(&current->alloc_lock); /* with get_task_path() */
    current->fs = new;
    spin_unlock(&current->alloc_lock);
    put_fs(old);
    return 0;
}

/* ---- d_path ---- */
struct path_text {
    char *buf, *p;
};

static int prepend(struct path_text *t, const char *s, unsigned len)
{
    if (t->p - t->buf < (long)len)
        return -ENAMETOOLONG;
    t->p -= len;
    memcpy(t->p, s, len);
    return 0;
}

/* One walk upwards under RCU. 0, 1: left the tree without meeting root (unreachable),
 * -ENAMETOOLONG. */
static int walk_up(const struct path_s *path, const struct path_s *root, struct path_text *t)
{
    struct mount *m = path->mnt;
    struct dentry *d = path->dentry;
    bool any = false;
    int steps = 100000;

    while ((d != root->dentry || m != root->mnt) && steps--) {
        struct dentry *parent = d->d_parent;

        if (m && d == m->root) {
            struct mount *up = atomic_load_relaxed(&m->parent);

            if (!up)
                break;
            d = m->mountpoint;
            m = up;
            continue;
        }
        if (parent == d)
            break;
        if (prepend(t, d->d_name, strnlen(d->d_name, d->d_namelen)) || prepend(t, "/", 1))
            return -ENAMETOOLONG;
        any = true;
        d = parent;
    }
    if (!any && prepend(t, "/", 1))
        return -ENAMETOOLONG;
    return d != root->dentry || m != root->mnt;
}

/* root: NULL for the whole tree's. *unreachable says that the path does not lie below it. */
static char *path_text(const struct path_s *path, char *buf, size_t n, bool *unreachable)
{
    const char *deleted = path->dentry->d_flags & D_DELETED ? " (deleted)" : "";

    for (;;) {
        u32 seq = tree_read_begin();
        struct path_text t = {buf, buf + n};
        struct path_s root = {root_mount, root_mount ? root_mount->root : NULL};
        int r = prepend(&t, "", 1);

        if (!r)
            r = *deleted ? prepend(&t, deleted, 10) : 0;
        rcu_read_lock();
        if (current->fs)
            fs_copy_root_rcu(current->fs, &root);
        if (!r)
            r = walk_up(path, &root, &t);
        rcu_read_unlock();
        if (tree_read_retry(seq))
            continue;
        *unreachable = r > 0;
        return r < 0 ? ERR_PTR(r) : t.p;
    }
}

char *d_path(const struct path_s *p, char *buf, size_t n)
{
    bool unreachable;

    if (!p->dentry)
        return ERR_PTR(-ENOENT);
    if (p->dentry->d_flags & D_ANON) {
        if (n < p->dentry->d_namelen + 1u)
            return ERR_PTR(-ENAMETOOLONG);
        memcpy(buf, p->dentry->d_name, p->dentry->d_namelen + 1);
        return buf;
    }
    return path_text(p, buf, n, &unreachable);
}

long sys_getcwd(char __user *ubuf, unsigned long size)
{
    struct path_s pwd;
    char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *s;
    bool unreachable = false;
    long ret;

    if (!buf)
        return -ENOMEM;
    get_fs_pwd(current->fs, &pwd);
    if (pwd.dentry->d_flags & D_DELETED)
        s = ERR_PTR(-ENOENT);
    else
        s = path_text(&pwd, buf, PATH_MAX, &unreachable);
    path_put(&pwd);
    ret = PTR_ERR(s);
    if (!IS_ERR(s)) {
        static const char mark[] = "(unreachable)";

        ret = strlen(s) + 1;
        if (unreachable && s - buf >= 13) {
            s -= 13;
            memcpy(s, mark, 13);
            ret += 13;
        }
        if ((unsigned long)ret > size)
            ret = -ERANGE;
        else if (copy_to_user(ubuf, s, ret))
            ret = -EFAULT;
    }
    kfree(buf);
    return ret;
}

/* ---- chdir and friends ---- */
static long set_pwd(const struct path_s *p)
{
    int err = path_permission(p, MAY_EXEC);

    if (!err)
        fs_set_root_pwd(current->fs, NULL, p);
    return err;
}

long sys_chdir(const char __user *name)
{
    struct path_s p;
    long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

    if (err)
        return err;
    err = set_pwd(&p);
    path_put(&p);
    return err;
}

long sys_fchdir(unsigned fd)
{
    struct fd f = fdget_raw(fd);
    long err = -ENOTDIR;

    if (!f.file)
        return -EBADF;
    if (f.file->f_path.dentry && S_ISDIR(f.file->f_inode->i_mode))
        err = set_pwd(&f.file->f_path);
    fdput(f);
    return err;
}

long sys_chroot(const char __user *name)
{
    struct path_s p;
    long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

    if (err)
        return err;
    err = path_permission(&p, MAY_EXEC);
    if (!err && !capable(CAP_SYS_CHROOT))
        err = -EPERM;
    if (!err)
        fs_set_root_pwd(current->fs, &p, NULL);
    path_put(&p);
    return err;
}

long sys_umask(int mask)
{
    return atomic_xchg_full(&current->fs->umask, (u32)mask & 0777);
}
