/* stat, statx, readlink, statfs: what a file is. Reads inodes without locks: each field is of some
 * moment. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

/* struct stat of x86-64. */
struct stat {
    u64 st_dev, st_ino, st_nlink;
    u32 st_mode, st_uid, st_gid, pad0;
    u64 st_rdev;
    s64 st_size, st_blksize, st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    s64 unused[3];
};

static u64 inode_blocks(const struct inode *i)
{
    return S_ISREG(i->i_mode) ? i->i_data.nrpages * (PAGE_SIZE / 512) : 0;
}

static u64 inode_size(const struct inode *i)
{
    return i->i_size;
}

static int put_stat(const struct inode *i, struct stat __user *ust)
{
    struct stat st;

    st.st_dev = new_encode_dev(i->i_sb->s_dev);
    st.st_ino = i->i_ino;
    st.st_nlink = i->i_nlink;
    st.st_mode = i->i_mode;
    st.st_uid = i->i_uid;
    st.st_gid = i->i_gid;
    st.pad0 = 0;
    st.st_rdev = new_encode_dev(i->i_rdev);
    st.st_size = inode_size(i);
    st.st_blksize = PAGE_SIZE;
    st.st_blocks = inode_blocks(i);
    st.st_atim = i->i_atime;
    st.st_mtim = i->i_mtime;
    st.st_ctim = i->i_ctime;
    st.unused[0] = st.unused[1] = st.unused[2] = 0;
    return copy_to_user(ust, &st, sizeof(st)) ? -EFAULT : 0;
}

long sys_fstat(int fd, struct stat __user *st)
{
    struct fd f = fdget_raw(fd);
    int err;

    if (!f.file)
        return -EBADF;
    err = put_stat(f.file->f_inode, st);
    fdput(f);
    return err;
}

static long stat_path(int dfd, const char __user *name, unsigned lookup, struct stat __user *st)
{
    struct path_s p;
    int err = user_path_at(dfd, name, lookup, &p);

    if (err)
        return err;
    err = put_stat(p.dentry->d_inode, st);
    path_put(&p);
    return err;
}

long sys_stat(const char __user *name, struct stat __user *st)
{
    return stat_path(AT_FDCWD, name, LOOKUP_FOLLOW, st);
}

long sys_lstat(const char __user *name, struct stat __user *st)
{
    return stat_path(AT_FDCWD, name, 0, st);
}

#define AT_NO_AUTOMOUNT    0x800
#define AT_STATX_SYNC_TYPE 0x6000

/* glibc's fstat is newfstatat(fd, "", AT_EMPTY_PATH). */
static bool is_empty_path(const char __user *name, int flag)
{
    char c;

    return flag & AT_EMPTY_PATH && !get_user(c, name) && !c;
}

long sys_newfstatat(int dfd, const char __user *name, struct stat __user *st, int flag)
{
    if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    if (dfd >= 0 && is_empty_path(name, flag))
        return sys_fstat(dfd, st);
    return stat_path(dfd, name, at_to_lookup(flag), st);
}

/* ---- statx ---- */
struct statx_timestamp {
    s64 tv_sec;
    u32 tv_nsec;
    s32 pad;
};
struct statx {
    u32 stx_mask, stx_blksize;
    u64 stx_attributes;
    u32 stx_nlink, stx_uid, stx_gid;
    u16 stx_mode, pad1;
    u64 stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
    u32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    u64 stx_mnt_id;
    u64 spare[13];
};
#define STATX_BASIC_STATS     0x7ffu
#define STATX_MNT_ID          0x1000u
#define STATX_ATTR_MOUNT_ROOT 0x2000u

static struct statx_timestamp to_statx_time(const struct timespec *t)
{
    return (struct statx_timestamp){t->tv_sec, t->tv_nsec, 0};
}

static int put_statx(const struct path_s *p, void __user *buf)
{
    const struct inode *i = p->dentry->d_inode;
    struct statx x = {0};

    x.stx_mask = STATX_BASIC_STATS;
    x.stx_blksize = PAGE_SIZE;
    x.stx_nlink = i->i_nlink;
    x.stx_uid = i->i_uid;
    x.stx_gid = i->i_gid;
    x.stx_mode = i->i_mode;
    x.stx_ino = i->i_ino;
    x.stx_size = inode_size(i);
    x.stx_blocks = inode_blocks(i);
    x.stx_atime = to_statx_time(&i->i_atime);
    x.stx_ctime = to_statx_time(&i->i_ctime);
    x.stx_mtime = to_statx_time(&i->i_mtime);
    x.stx_rdev_major = MAJOR(i->i_rdev);
    x.stx_rdev_minor = MINOR(i->i_rdev);
    x.stx_dev_major = MAJOR(i->i_sb->s_dev);
    x.stx_dev_minor = MINOR(i->i_sb->s_dev);
    x.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
    if (p->mnt) {
        x.stx_mask |= STATX_MNT_ID;
        x.stx_mnt_id = p->mnt->id;
        if (p->mnt->root == p->dentry)
            x.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
    }
    return copy_to_user(buf, &x, sizeof(x)) ? -EFAULT : 0;
}

long sys_statx(int dfd, const char __user *name, unsigned flags, unsigned mask, void __user *buf)
{
    struct path_s p;
    int err;

    if (mask & 0x80000000u || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
        flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    err = user_path_at(dfd, name, at_to_lookup(flags), &p);
    if (err)
        return err;
    err = put_statx(&p, buf);
    path_put(&p);
    return err;
}

/* ---- readlink ---- */
static int read_link(const struct path_s *p, char __user *buf, int size)
{
    struct dentry *d = p->dentry;
    const struct inode_operations *op = d->d_inode->i_op;
    const char *text = d->d_inode->i_link;
    char *tmp = NULL;
    ssize_t n;

    if (!S_ISLNK(d->d_inode->i_mode))
        return -EINVAL;
    if (text) {
        n = strlen(text);
    } else {
        if (!op || !op->readlink)
            return -EINVAL;
        tmp = kmalloc(PATH_MAX, GFP_KERNEL);
        if (!tmp)
            return -ENOMEM;
        n = op->readlink(d, tmp, PATH_MAX);
        text = tmp;
    }
    if (n > size)
        n = size;
    if (n > 0 && copy_to_user(buf, text, n))
        n = -EFAULT;
    kfree(tmp);
    return n;
}

long sys_readlinkat(int dfd, const char __user *name, char __user *buf, int size)
{
    struct path_s p;
    int err;

    if (size <= 0)
        return -EINVAL;
    err = user_path_at(dfd, name, LOOKUP_EMPTY, &p);
    if (err)
        return err;
    err = read_link(&p, buf, size);
    if (err == -EINVAL && is_empty_path(name, AT_EMPTY_PATH))
        err = -ENOENT;
    path_put(&p);
    return err;
}

long sys_readlink(const char __user *name, char __user *buf, int size)
{
    struct path_s p;
    int err;

    if (size <= 0)
        return -EINVAL;
    err = user_path_at(AT_FDCWD, name, 0, &p);
    if (err)
        return err;
    err = read_link(&p, buf, size);
    path_put(&p);
    return err;
}

/* ---- statfs ---- */
struct statfs {
    s64 f_type, f_bsize;
    u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    s32 f_fsid[2];
    s64 f_namelen, f_frsize, f_flags, f_spare[4];
};

static int put_statfs(const struct path_s *p, const struct super_block *sb, void __user *buf)
{
    struct statfs s = {0};

    s.f_type = sb->s_magic;
    s.f_bsize = s.f_frsize = PAGE_SIZE;
    if (sb->s_max_pages) {
        u64 used = atomic_load_relaxed(&sb->s_pages);

        s.f_blocks = sb->s_max_pages;
        s.f_bfree = s.f_bavail = used < s.f_blocks ? s.f_blocks - used : 0;
    }
    if (sb->s_max_inodes) {
        s.f_files = sb->s_max_inodes;
        s.f_ffree = s.f_files - min(s.f_files, sb->s_inodes);
    }
    s.f_fsid[0] = sb->s_dev;
    s.f_namelen = NAME_MAX;
    s.f_flags = 0x20; /* ST_VALID */
    if (p->mnt) {
        u32 f = p->mnt->flags;

        s.f_flags |= (f & 15) | (f & MS_NOATIME ? 0x400 : 0) | (f & MS_RELATIME ? 0x1000 : 0);
    }
    return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

long sys_statfs(const char __user *name, void __user *buf)
{
    struct path_s p;
    int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &p);

    if (err)
        return err;
    err = put_statfs(&p, p.dentry->d_inode->i_sb, buf);
    path_put(&p);
    return err;
}

long sys_fstatfs(unsigned fd, void __user *buf)
{
    struct fd f = fdget_raw(fd);
    int err;

    if (!f.file)
        return -EBADF;
    err = put_statfs(&f.file->f_path, f.file->f_inode->i_sb, buf);
    fdput(f);
    return err;
}
