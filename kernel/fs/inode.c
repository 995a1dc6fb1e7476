/* Inodes: their life, permissions, times and attribute changes. Owns nothing global but the cache
 * they come from. */
#include "kernel/fs/fs_internal.h"
#include "kernel/signal/signal.h"

static struct kmem_cache *inode_cache;

struct timespec current_time(void)
{
    return ns_to_timespec(ktime_get_real_ns());
}

static struct kmem_cache *get_inode_cache(void)
{
    struct kmem_cache *c = atomic_load_acquire(&inode_cache);

    if (unlikely(!c)) {
        c = kmem_cache_create("inode", sizeof(struct inode), 64);
        atomic_store_release(&inode_cache, c);
    }
    return c;
}

struct inode *new_inode(struct super_block *sb, mode_t mode)
{
    struct inode *i = kmem_cache_alloc(get_inode_cache(), GFP_KERNEL | GFP_ZERO);

    if (!i)
        return NULL;
    i->i_ino = atomic_fetch_add_relaxed(&sb->s_next_ino, 1) + 1;
    i->i_mode = mode;
    i->i_uid = current_cred()->fsuid;
    i->i_gid = current_cred()->fsgid;
    i->i_nlink = 1;
    i->i_count = 1;
    i->i_atime = i->i_mtime = i->i_ctime = current_time();
    mutex_init(&i->i_mutex);
    i->i_sb = sb;
    i->i_next_pos = 2; /* . and .. */
    address_space_init(&i->i_data, i);
    atomic_inc_relaxed(&sb->s_inodes);
    if (S_ISDIR(mode)) {
        i->i_nlink = 2;
        i->i_fop = &simple_dir_fops;
    }
    return i;
}

static void inode_free_rcu(struct rcu_head *head)
{
    struct inode *i = container_of(head, struct inode, rcu);

    kfree(i->i_link);
    kmem_cache_free(inode_cache, i);
}

void iput(struct inode *i)
{
    if (!atomic_dec_and_test_full(&i->i_count))
        return;
    if (i->destroy)
        i->destroy(i);
    locks_free_context(i);
    (void)atomic_fetch_sub_relaxed(&i->i_sb->s_inodes, 1);
    call_rcu(&i->rcu, inode_free_rcu);
}

int generic_permission(struct inode *inode, int mask)
{
    const struct cred *c = current_cred();
    mode_t mode = inode->i_mode;
    int want = mask & (MAY_READ | MAY_WRITE | MAY_EXEC);

    if (c->fsuid == inode->i_uid)
        mode >>= 6;
    else if ((((mode >> 3) ^ mode) & want) && in_group_p(inode->i_gid))
        mode >>= 3;
    if ((want & ~mode) == 0)
        return 0;
    if (S_ISDIR(inode->i_mode)) {
        if (!(want & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH))
            return 0;
        return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
    }
    if (want == MAY_READ && capable(CAP_DAC_READ_SEARCH))
        return 0;
    if ((!(want & MAY_EXEC) || (inode->i_mode & 0111)) && capable(CAP_DAC_OVERRIDE))
        return 0;
    return -EACCES;
}

int inode_permission(struct inode *inode, int mask)
{
    if (inode->i_op && unlikely(inode->i_op->permission != NULL))
        return inode->i_op->permission(inode, mask);
    return generic_permission(inode, mask);
}

bool path_noexec(const struct path_s *p)
{
    return p->mnt && p->mnt->flags & MS_NOEXEC;
}

int path_permission(const struct path_s *p, int mask)
{
    struct inode *inode = p->dentry->d_inode;

    if (mask & MAY_WRITE && p->mnt && p->mnt->flags & MS_RDONLY &&
        (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode) || S_ISLNK(inode->i_mode)))
        return -EROFS;
    if (mask & MAY_EXEC && S_ISREG(inode->i_mode) && path_noexec(p))
        return -EACCES;
    return inode_permission(inode, mask);
}

bool inode_owner_or_capable(const struct inode *inode)
{
    return current_cred()->fsuid == inode->i_uid || capable(CAP_FOWNER);
}

/* ---- writers against executions ---- */
int get_write_access(struct inode *inode)
{
    s32 n = atomic_load_relaxed(&inode->i_writecount);

    do {
        if (n < 0)
            return -ETXTBSY;
    } while (!atomic_cas_full(&inode->i_writecount, &n, n + 1));
    return 0;
}

void put_write_access(struct inode *inode)
{
    (void)atomic_fetch_sub_full(&inode->i_writecount, 1);
}

int deny_write_access(struct file *f)
{
    s32 n = atomic_load_relaxed(&f->f_inode->i_writecount);

    do {
        if (n > 0)
            return -ETXTBSY;
    } while (!atomic_cas_full(&f->f_inode->i_writecount, &n, n - 1));
    return 0;
}

void allow_write_access(struct file *f)
{
    if (f)
        (void)atomic_fetch_add_full(&f->f_inode->i_writecount, 1);
}

/* ---- times ---- */
static bool older(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

/* relatime: only when the last access is not newer than the last change, or a day old. */
void touch_atime(struct file *f)
{
    struct inode *inode = f->f_inode;
    struct mount *m = f->f_path.mnt;
    struct timespec now;

    if (f->f_flags & 01000000 /* O_NOATIME */ || !m || m->flags & (MS_NOATIME | MS_RDONLY))
        return;
    if (!(m->flags & MS_STRICTATIME) && !older(&inode->i_atime, &inode->i_mtime) &&
        !older(&inode->i_atime, &inode->i_ctime)) {
        now = current_time();
        if (now.tv_sec - inode->i_atime.tv_sec < 24 * 3600)
            return;
    }
    inode->i_atime = current_time();
}

void file_update_time(struct inode *inode)
{
    inode->i_mtime = inode->i_ctime = current_time();
}

/* A write by someone without CAP_FSETID clears set-uid and (executable) set-gid. i_mutex held. */
int file_remove_privs(struct inode *inode)
{
    mode_t kill = 0;

    if (likely(!(inode->i_mode & 06000)) || capable(CAP_FSETID))
        return 0;
    if (inode->i_mode & 04000)
        kill |= 04000;
    if ((inode->i_mode & 02010) == 02010)
        kill |= 02000;
    inode->i_mode &= ~kill;
    return 0;
}

/* ---- attributes ---- */
static int check_chown(const struct inode *inode, const struct iattr *a)
{
    const struct cred *c = current_cred();

    if (a->valid & ATTR_UID && !(c->fsuid == inode->i_uid && a->uid == inode->i_uid) &&
        !capable(CAP_CHOWN))
        return -EPERM;
    if (a->valid & ATTR_GID &&
        !(c->fsuid == inode->i_uid && (a->gid == inode->i_gid || in_group_p(a->gid))) &&
        !capable(CAP_CHOWN))
        return -EPERM;
    return 0;
}

static int check_change(const struct inode *inode, const struct iattr *a, bool need_owner)
{
    if (a->valid & (ATTR_UID | ATTR_GID)) {
        int err = check_chown(inode, a);

        if (err)
            return err;
    } else if (a->valid & ATTR_MODE && !inode_owner_or_capable(inode)) {
        return -EPERM;
    }
    if (need_owner && !inode_owner_or_capable(inode))
        return -EPERM;
    return 0;
}

static void apply_mode(struct inode *inode, mode_t mode)
{
    if (!in_group_p(inode->i_gid) && !capable(CAP_FSETID))
        mode &= ~02000;
    inode->i_mode = (inode->i_mode & S_IFMT) | (mode & 07777);
}

/* need_owner: times are set to given values. Chown clears set-id bits of files as Linux does. */
int notify_change(struct dentry *d, struct iattr *a, bool need_owner)
{
    struct inode *inode = d->d_inode;
    int err = check_change(inode, a, need_owner);

    if (err)
        return err;
    if (inode->i_op && inode->i_op->setattr) {
        err = inode->i_op->setattr(d, a);
        if (err)
            return err;
    } else if (a->valid & ATTR_SIZE) {
        return -EINVAL;
    }
    if (a->valid & ATTR_UID)
        inode->i_uid = a->uid;
    if (a->valid & ATTR_GID)
        inode->i_gid = a->gid;
    if (a->valid & (ATTR_UID | ATTR_GID) && !S_ISDIR(inode->i_mode)) {
        inode->i_mode &= ~04000;
        if (inode->i_mode & 010)
            inode->i_mode &= ~02000;
    }
    if (a->valid & ATTR_MODE)
        apply_mode(inode, a->mode);
    if (a->valid & ATTR_ATIME)
        inode->i_atime = a->atime;
    if (a->valid & ATTR_MTIME)
        inode->i_mtime = a->mtime;
    inode->i_ctime = a->valid & ATTR_CTIME ? a->ctime : current_time();
    return 0;
}
