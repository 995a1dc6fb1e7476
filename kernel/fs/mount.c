/* The mount tree. Owns struct mount; changes are serialised by mount_mutex and made under the tree
 * lock, so that path walks (RCU, tree_seq) never see half of one. A mount that is busy cannot go; a
 * detached busy one (MNT_DETACH) is freed at a later mount call when its users are gone. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/lib/fmt.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "lockfree/rcu_list.h"

#define MNT_FORCE       1
#define MNT_DETACH      2
#define MNT_EXPIRE      4
#define UMOUNT_NOFOLLOW 8
#define MOUNT_LOOKS 4 /* without the tree lock */
#define MS_KEPT                                                                                    \
    (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME |     \
     MS_STRICTATIME)

struct mount *root_mount;
static LIST_HEAD(mounts);          /* in order of mounting: read under RCU, changed under mount_mutex */
static LIST_HEAD(detached_mounts); /* mount_mutex */
static int next_id = 20;
static DEFINE_MUTEX(mount_mutex);

/* ---- users: spread over the CPUs until somebody wants to unmount ---- */

static void share_users_begin(struct mount *m)
{
    if (percpu_ref_is_spread(&m->users))
        percpu_ref_share_begin(&m->users);
}

/* After a grace period. From here on percpu_ref_count is exact. */
static void share_users_end(struct mount *m)
{
    if (m->users.mode == PERCPU_REF_SHARING)
        percpu_ref_share_end(&m->users, percpu_part_of, nr_cpu_ids);
}

static void spread_users(struct mount *m)
{
    if (m->users.part < PERCPU_PARTS)
        percpu_ref_spread(&m->users);
}

struct mount *lookup_mnt(const struct mount *m, const struct dentry *d)
{
    struct mount *best = NULL, *i;

    list_for_each_entry_rcu (i, &mounts, list)
        if (i->mountpoint == d && i->parent == m)
            best = i;
    return best;
}

/* In an RCU section. May miss one while the tree changes: a mount that is moved leads the walk past those behind it. */
static bool find_mounted_on(const struct dentry *d)
{
    struct mount *i;

    list_for_each_entry_rcu (i, &mounts, list)
        if (i->mountpoint == d)
            return true;
    return false;
}

bool is_mountpoint(const struct dentry *d)
{
    bool found = false, sure = !(d->d_flags & D_MOUNTED);

    for (int looks = 0; !sure && looks < MOUNT_LOOKS; looks++) {
        u32 seq = tree_read_begin();

        rcu_read_lock();
        found = find_mounted_on(d);
        sure = found || !tree_read_retry(seq);
        rcu_read_unlock();
    }
    if (unlikely(!sure)) { /* renames do not end */
        tree_write_begin();
        found = find_mounted_on(d);
        tree_write_end();
    }
    return found;
}

bool file_may_suid(const struct file *f)
{
    return f->f_path.mnt && !(f->f_path.mnt->flags & MS_NOSUID);
}

static struct mount *alloc_mount(struct super_block *sb, struct dentry *root, const char *dev,
                                 u32 flags)
{
    struct mount *m = kzalloc(sizeof(*m), GFP_KERNEL);

    if (!m)
        return NULL;
    m->devname = kstrdup(dev && *dev ? dev : "none", GFP_KERNEL);
    if (!m->devname) {
        kfree(m);
        return NULL;
    }
    percpu_ref_init(&m->users, percpu_part_alloc(), 0);
    spread_users(m);
    m->sb = sb;
    m->root = root;
    dget(root);
    m->flags = flags & MS_KEPT;
    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        m->flags |= MS_RELATIME;
    m->id = next_id++;
    atomic_inc_relaxed(&sb->s_active);
    return m;
}

/* After a grace period, with no user left. */
static void free_mount(struct mount *m)
{
    struct super_block *sb = m->sb;

    dput(m->root);
    dput(m->mountpoint);
    percpu_part_free(m->users.part);
    kfree(m->devname);
    kfree(m);
    put_super(sb);
}

/* mount_mutex held. Takes the detached mounts that nobody uses out of their list. The tree changes with that: a walk in RCU mode that began in
 * one before its last user left raises the count within its read section, sees the change, and lowers it again, perhaps after that section. */
static void take_unused(struct list_head *unused)
{
    struct mount *m, *next;

    tree_write_begin();
    list_for_each_entry_safe (m, next, &detached_mounts, list)
        if (!percpu_ref_count(&m->users))
            list_move(&m->list, unused);
    tree_write_end();
}

/* mount_mutex held. Detached mounts whose last user has gone are freed, a grace period later. */
static void reap_detached(void)
{
    LIST_HEAD(unused);
    struct mount *m, *next;

    if (list_empty(&detached_mounts))
        return;
    take_unused(&unused);
    if (list_empty(&unused))
        return;
    synchronize_rcu();
    list_for_each_entry_safe (m, next, &unused, list) {
        if (percpu_ref_count(&m->users))
            list_move(&m->list, &detached_mounts); /* such a walk has yet to lower it: another time */
        else
            free_mount(m);
    }
}

/* A fixed name has a new dentry each time that it is asked for. What is mounted on is to be found again: from now on it and the names
 * above it stay in the hash. mount_mutex held. */
static void keep_name(struct dentry *d)
{
    for (; d->d_parent != d && d->d_inode->i_flags & S_FIXED && !(d->d_flags & D_HASHED); d = d->d_parent) {
        struct inode *dir = d->d_parent->d_inode;

        mutex_lock(&dir->i_mutex);
        d_add(d);
        mutex_unlock(&dir->i_mutex);
    }
}

/* mount_mutex held. */
static int attach_mount(struct mount *m, const struct path_s *at)
{
    struct inode *dir = at->dentry->d_inode;

    if (at->mnt->detached)
        return -EINVAL;
    mutex_lock(&dir->i_mutex);
    if (dir->i_flags & S_DEAD) {
        mutex_unlock(&dir->i_mutex);
        return -ENOENT;
    }
    dget(at->dentry);
    tree_write_begin();
    m->parent = at->mnt;
    m->mountpoint = at->dentry;
    (void)atomic_fetch_or_relaxed(&at->dentry->d_flags, D_MOUNTED);
    list_add_tail_rcu(&m->list, &mounts);
    tree_write_end();
    mutex_unlock(&dir->i_mutex);
    keep_name(at->dentry);
    return 0;
}

static bool has_submounts(const struct mount *m)
{
    struct mount *i;

    list_for_each_entry (i, &mounts, list)
        if (i->parent == m)
            return true;
    return false;
}

void mount_init(void)
{
    struct super_block *sb = tmpfs_mount("mode=755", 0);

    if (IS_ERR(sb))
        panic("no memory for the root file system");
    sb->s_type = "rootfs";
    sb->s_max_pages = 0;
    sb->s_max_inodes = 0;
    root_mount = alloc_mount(sb, sb->s_root, "rootfs", 0);
    if (!root_mount)
        panic("no memory for the root mount");
    root_mount->id = 1;
    list_add_rcu(&root_mount->list, &mounts);
}

/* ---- text for /proc/mounts ---- */
static void mount_options(const struct mount *m, char *buf, size_t n)
{
    u32 f = m->flags;

    snprintf(buf, n, "%s%s%s%s%s%s", f & MS_RDONLY ? "ro" : "rw", f & MS_NOSUID ? ",nosuid" : "",
             f & MS_NODEV ? ",nodev" : "", f & MS_NOEXEC ? ",noexec" : "",
             f & MS_NOATIME ? ",noatime" : "", f & MS_RELATIME ? ",relatime" : "");
}

void for_each_mount(void (*fn)(void *arg, const char *dev, const char *dir, const char *type,
                               const char *opts, int id, int parent_id, dev_t sdev,
                               const char *root),
                    void *arg)
{
    char *buf = kmalloc(PATH_MAX, GFP_KERNEL), opts[80];
    struct mount *m;

    if (!buf)
        return;
    mutex_lock(&mount_mutex);
    list_for_each_entry (m, &mounts, list) {
        struct path_s p = {m, m->root};
        char *dir = d_path(&p, buf, PATH_MAX);

        if (IS_ERR(dir))
            continue;
        mount_options(m, opts, sizeof(opts));
        fn(arg, m->devname, dir, m->sb->s_type, opts, m->id, m->parent ? m->parent->id : 0,
           m->sb->s_dev, "/");
    }
    mutex_unlock(&mount_mutex);
    kfree(buf);
}

/* ---- mount(2) ---- */
static int do_new_mount(const char *dev, const struct path_s *at, const char *type,
                        unsigned long flags, const char *data)
{
    struct super_block *sb = fs_mount_by_name(type, data, flags);
    struct mount *m;
    bool again;
    int err;

    if (IS_ERR(sb))
        return PTR_ERR(sb);
    again = at->mnt->sb == sb && at->dentry == at->mnt->root; /* the same file system on itself */
    if (again || S_ISDIR(sb->s_root->d_inode->i_mode) != S_ISDIR(at->dentry->d_inode->i_mode)) {
        atomic_inc_relaxed(&sb->s_active);
        put_super(sb);
        return again ? -EBUSY : -ENOTDIR;
    }
    m = alloc_mount(sb, sb->s_root, dev, flags);
    if (!m) {
        atomic_inc_relaxed(&sb->s_active);
        put_super(sb);
        return -ENOMEM;
    }
    err = attach_mount(m, at);
    if (err)
        free_mount(m);
    return err;
}

static int do_bind_mount(const char *src, const struct path_s *at, unsigned long flags)
{
    struct path_s from;
    struct mount *m;
    int err = kern_path(src, 0, &from);

    if (err)
        return err;
    err = from.mnt ? -ENOTDIR : -EINVAL;
    if (from.mnt && S_ISDIR(from.dentry->d_inode->i_mode) == S_ISDIR(at->dentry->d_inode->i_mode)) {
        m = alloc_mount(from.mnt->sb, from.dentry, from.mnt->devname, from.mnt->flags);
        err = m ? attach_mount(m, at) : -ENOMEM;
        if (m && err)
            free_mount(m);
    }
    path_put(&from);
    return err;
}

static int do_remount(const struct path_s *at, unsigned long flags)
{
    if (at->dentry != at->mnt->root)
        return -EINVAL;
    at->mnt->flags = flags & MS_KEPT;
    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        at->mnt->flags |= MS_RELATIME;
    return 0;
}

static int do_move_mount(const char *src, const struct path_s *at)
{
    struct path_s from;
    struct mount *m;
    struct dentry *old;
    int err = kern_path(src, 0, &from);

    if (err)
        return err;
    m = from.mnt;
    err = -EINVAL;
    if (!m || from.dentry != m->root || m == root_mount || m->detached || at->mnt->detached)
        goto out;
    err = -ELOOP;
    for (struct mount *p = at->mnt; p; p = p->parent)
        if (p == m)
            goto out;
    err = 0;
    mutex_lock(&at->dentry->d_inode->i_mutex);
    if (at->dentry->d_inode->i_flags & S_DEAD) {
        mutex_unlock(&at->dentry->d_inode->i_mutex);
        err = -ENOENT;
        goto out;
    }
    dget(at->dentry);
    tree_write_begin();
    old = m->mountpoint;
    m->parent = at->mnt;
    m->mountpoint = at->dentry;
    (void)atomic_fetch_or_relaxed(&at->dentry->d_flags, D_MOUNTED);
    list_del_rcu(&m->list);
    list_add_tail_rcu(&m->list, &mounts);
    tree_write_end();
    mutex_unlock(&at->dentry->d_inode->i_mutex);
    dput(old);
out:
    path_put(&from);
    return err;
}

static int do_mount(const char *dev, const struct path_s *at, const char *type, unsigned long flags,
                    const char *data)
{
    int err;

    if (!at->mnt) /* a file without a name, by /proc/self/fd */
        return -EINVAL;
    mutex_lock(&mount_mutex);
    reap_detached();
    if (flags & MS_REMOUNT)
        err = do_remount(at, flags);
    else if (flags & MS_BIND)
        err = do_bind_mount(dev, at, flags);
    else if (flags & (1u << 17 | 1u << 18 | 1u << 19 | 1u << 20))
        err = at->dentry == at->mnt->root ? 0 : -EINVAL; /* propagation: there is one name space */
    else if (flags & MS_MOVE)
        err = do_move_mount(dev, at);
    else
        err = *type ? do_new_mount(dev, at, type, flags, data) : -EINVAL;
    mutex_unlock(&mount_mutex);
    return err;
}

static char *copy_string(const char __user *s)
{
    char *k = kmalloc(PATH_MAX, GFP_KERNEL);
    long n;

    if (!k)
        return ERR_PTR(-ENOMEM);
    if (!s) {
        *k = 0;
        return k;
    }
    n = strncpy_from_user(k, s, PATH_MAX);
    if (n < 0 || n >= PATH_MAX) {
        kfree(k);
        return ERR_PTR(n < 0 ? n : -EINVAL);
    }
    return k;
}

/* Options are text of up to a page; what cannot be read is taken as absent. */
static char *copy_options(const void __user *data)
{
    char *k = kzalloc(PATH_MAX, GFP_KERNEL);

    if (!k)
        return ERR_PTR(-ENOMEM);
    if (data) {
        long n = strncpy_from_user(k, data, PATH_MAX - 1);

        if (n < 0) {
            kfree(k);
            return ERR_PTR(n);
        }
    }
    return k;
}

long sys_mount(char __user *dev_name, char __user *dir_name, char __user *type, unsigned long flags,
               void __user *data)
{
    struct path_s at;
    char *ktype, *kdev = NULL, *kdata = NULL;
    long err;

    if ((flags & 0xffff0000UL) == 0xc0ed0000UL)
        flags &= 0xffff;
    ktype = copy_string(type);
    if (IS_ERR(ktype))
        return PTR_ERR(ktype);
    kdev = copy_string(dev_name);
    err = PTR_ERR(kdev);
    if (IS_ERR(kdev))
        goto out_type;
    kdata = copy_options(data);
    err = PTR_ERR(kdata);
    if (IS_ERR(kdata))
        goto out_dev;
    err = user_path_at(AT_FDCWD, dir_name, LOOKUP_FOLLOW, &at);
    if (!err) {
        err = capable(CAP_SYS_ADMIN) ? do_mount(kdev, &at, ktype, flags, kdata) : -EPERM;
        path_put(&at);
    }
    kfree(kdata);
out_dev:
    kfree(kdev);
out_type:
    kfree(ktype);
    return err;
}

static void unlink_one(struct mount *m, struct mount **gone)
{
    list_del_rcu(&m->list);
    m->detached = true;
    m->gone_next = *gone;
    *gone = m;
}

/* A mount whose parent has left the tree, or NULL. */
static struct mount *find_orphan(void)
{
    struct mount *m;

    list_for_each_entry (m, &mounts, list)
        if (m->parent && m->parent->detached)
            return m;
    return NULL;
}

/* Takes m and all that is mounted below it out of the tree: onto *gone. Tree lock held. */
static void unlink_subtree(struct mount *m, struct mount **gone)
{
    for (; m; m = find_orphan())
        unlink_one(m, gone);
    for (m = *gone; m; m = m->gone_next)
        atomic_store_relaxed(&m->parent, NULL); /* a walk upwards ends here */
}

/* mount_mutex held, users shared unless lazy: who raises the count later than tree_write_begin sees that the tree has changed.
 * allowed: users that the caller itself is. */
static int detach_mount(struct mount *m, u32 allowed, bool lazy, struct mount **gone)
{
    int err = 0;

    tree_write_begin();
    if (!lazy && (percpu_ref_count(&m->users) > allowed || has_submounts(m)))
        err = -EBUSY;
    else
        unlink_subtree(m, gone);
    tree_write_end();
    return err;
}

static int do_umount(struct path_s *at, int flags)
{
    struct mount *m = at->mnt, *gone = NULL;
    int err;

    if (!m || at->dentry != m->root || m->detached)
        return -EINVAL;
    if (m == root_mount)
        return flags & MNT_DETACH ? -EINVAL : -EBUSY;
    if (!(flags & MNT_DETACH)) {
        share_users_begin(m);
        synchronize_rcu();
        share_users_end(m);
    }
    err = detach_mount(m, 1, flags & MNT_DETACH, &gone);
    if (err) {
        if (!(flags & MNT_DETACH))
            spread_users(m);
        return err;
    }
    path_put(at);
    for (m = gone; m; m = m->gone_next)
        share_users_begin(m);
    synchronize_rcu();
    while (gone) {
        m = gone;
        gone = m->gone_next;
        share_users_end(m);
        list_add(&m->list, &detached_mounts);
    }
    reap_detached();
    return 0;
}

long sys_umount2(char __user *name, int flags)
{
    struct path_s at;
    int err;

    if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    err = user_path_at(AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &at);
    if (err)
        return err;
    mutex_lock(&mount_mutex);
    reap_detached();
    err = do_umount(&at, flags);
    mutex_unlock(&mount_mutex);
    if (err)
        path_put(&at);
    return err;
}

/* ---- pivot_root(2): new becomes the root, the old root is mounted on put_old ---- */
static int do_pivot(const struct path_s *new, const struct path_s *old)
{
    struct path_s root;
    struct mount *nm = new->mnt;
    struct dentry *freed;
    int err = -EINVAL;

    get_fs_root(current->fs, &root);
    if (root.dentry != root.mnt->root || new->dentry != nm->root || nm == root.mnt || !nm->parent ||
        old->mnt != nm || root.mnt == root_mount)
        goto out; /* Linux refuses the rootfs as well */
    dget(old->dentry);
    dget(root.mnt->mountpoint);
    tree_write_begin();
    freed = nm->mountpoint;
    nm->parent = root.mnt->parent;
    nm->mountpoint = root.mnt->mountpoint;
    root.mnt->parent = nm;
    root.mnt->mountpoint = old->dentry;
    (void)atomic_fetch_or_relaxed(&old->dentry->d_flags, D_MOUNTED);
    tree_write_end();
    dput(freed);
    dput(nm->mountpoint);
    fs_set_root_pwd(current->fs, new, new);
    err = 0;
out:
    path_put(&root);
    return err;
}

long sys_pivot_root(const char __user *new_root, const char __user *put_old)
{
    struct path_s new, old;
    int err;

    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    err = user_path_at(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
    if (err)
        return err;
    err = user_path_at(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
    if (!err) {
        mutex_lock(&mount_mutex);
        err = do_pivot(&new, &old);
        mutex_unlock(&mount_mutex);
        path_put(&old);
    }
    path_put(&new);
    return err;
}
