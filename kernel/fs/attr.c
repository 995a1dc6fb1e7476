/* Calls that change a file's attributes: chmod, chown, utimes, truncate, fallocate; and those that
 * would write it back (sync, fsync), which have nothing to do here: every file is in memory. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

static int change(const struct path_s *p, struct iattr *a, bool need_owner)
{
    struct inode *inode = p->dentry->d_inode;
    int err = p->mnt ? mnt_want_write(p->mnt) : 0;

    if (err)
        return err;
    mutex_lock(&inode->i_mutex);
    err = notify_change(p->dentry, a, need_owner);
    mutex_unlock(&inode->i_mutex);
    return err;
}

static int change_at(int dfd, const char __user *name, unsigned lookup, struct iattr *a)
{
    struct path_s p;
    int err = user_path_at(dfd, name, lookup, &p);

    if (err)
        return err;
    err = change(&p, a, false);
    path_put(&p);
    return err;
}

/* raw: O_PATH descriptors too. */
static int change_fd(unsigned fd, struct iattr *a)
{
    struct fd f = fdget(fd);
    struct path_s p;
    int err;

    if (!f.file)
        return -EBADF;
    err = file_get_path(f.file, &p);
    fdput(f);
    if (err)
        return err;
    err = change(&p, a, false);
    path_put(&p);
    return err;
}

long sys_fchmodat(int dfd, const char __user *name, mode_t mode)
{
    struct iattr a = {.valid = ATTR_MODE, .mode = mode};

    return change_at(dfd, name, LOOKUP_FOLLOW, &a);
}

long sys_chmod(const char __user *name, mode_t mode)
{
    return sys_fchmodat(AT_FDCWD, name, mode);
}

long sys_fchmod(unsigned fd, mode_t mode)
{
    struct iattr a = {.valid = ATTR_MODE, .mode = mode};

    return change_fd(fd, &a);
}

static struct iattr owner_attr(uid_t uid, gid_t gid)
{
    struct iattr a = {.uid = uid, .gid = gid};

    if (uid != (uid_t)-1)
        a.valid |= ATTR_UID;
    if (gid != (gid_t)-1)
        a.valid |= ATTR_GID;
    return a;
}

long sys_fchownat(int dfd, const char __user *name, uid_t uid, gid_t gid, int flag)
{
    struct iattr a = owner_attr(uid, gid);

    if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_at(dfd, name, at_to_lookup(flag), &a);
}

long sys_chown(const char __user *name, uid_t uid, gid_t gid)
{
    return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(const char __user *name, uid_t uid, gid_t gid)
{
    return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(unsigned fd, uid_t uid, gid_t gid)
{
    struct iattr a = owner_attr(uid, gid);

    return change_fd(fd, &a);
}

/* ---- times ---- */
#define UTIME_NOW  ((1L << 30) - 1L)
#define UTIME_OMIT ((1L << 30) - 2L)

/* t[0] access, t[1] modification; NULL: now. Setting to now needs write permission only, else
 * ownership. */
static int set_times(const struct path_s *p, const struct timespec *t)
{
    struct inode *inode = p->dentry->d_inode;
    struct timespec now = current_time();
    struct iattr a = {.valid = ATTR_ATIME | ATTR_MTIME, .atime = now, .mtime = now};
    bool need_owner = false;

    if (t) {
        if (t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT)
            return 0;
        need_owner = t[0].tv_nsec != UTIME_NOW || t[1].tv_nsec != UTIME_NOW;
        if (t[0].tv_nsec == UTIME_OMIT)
            a.valid &= ~ATTR_ATIME;
        else if (t[0].tv_nsec != UTIME_NOW)
            a.atime = t[0];
        if (t[1].tv_nsec == UTIME_OMIT)
            a.valid &= ~ATTR_MTIME;
        else if (t[1].tv_nsec != UTIME_NOW)
            a.mtime = t[1];
    }
    if (!need_owner && !inode_owner_or_capable(inode)) {
        int err = path_permission(p, MAY_WRITE);

        if (err)
            return err;
    }
    return change(p, &a, need_owner);
}

static int times_at(int dfd, const char __user *name, const struct timespec *t, int flags)
{
    struct path_s p;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!name && dfd != AT_FDCWD) {
        struct fd f = fdget(dfd);

        if (flags)
            err = -EINVAL;
        else
            err = f.file ? file_get_path(f.file, &p) : -EBADF;
        fdput(f);
    } else {
        err = user_path_at(dfd, name, at_to_lookup(flags), &p);
    }
    if (err)
        return err;
    err = set_times(&p, t);
    path_put(&p);
    return err;
}

static bool nsec_ok(s64 n)
{
    return n == UTIME_NOW || n == UTIME_OMIT || (u64)n < NSEC_PER_SEC;
}

long sys_utimensat(int dfd, const char __user *name, struct timespec __user *times, int flags)
{
    struct timespec t[2];

    if (!times)
        return times_at(dfd, name, NULL, flags);
    if (copy_from_user(t, times, sizeof(t)))
        return -EFAULT;
    if (!nsec_ok(t[0].tv_nsec) || !nsec_ok(t[1].tv_nsec))
        return -EINVAL;
    if (t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT)
        return 0;
    return times_at(dfd, name, t, flags);
}

long sys_futimesat(int dfd, const char __user *name, struct timeval __user *times)
{
    struct timeval tv[2];
    struct timespec t[2];

    if (!times)
        return times_at(dfd, name, NULL, 0);
    if (copy_from_user(tv, times, sizeof(tv)))
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if ((u64)tv[i].tv_usec >= 1000000)
            return -EINVAL;
        t[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
    }
    return times_at(dfd, name, t, 0);
}

long sys_utimes(char __user *name, struct timeval __user *times)
{
    return sys_futimesat(AT_FDCWD, name, times);
}

long sys_utime(char __user *name, void __user *times)
{
    s64 u[2];
    struct timespec t[2];

    if (!times)
        return times_at(AT_FDCWD, name, NULL, 0);
    if (copy_from_user(u, times, sizeof(u)))
        return -EFAULT;
    t[0] = (struct timespec){u[0], 0};
    t[1] = (struct timespec){u[1], 0};
    return times_at(AT_FDCWD, name, t, 0);
}

/* ---- size ---- */
static int set_size(const struct path_s *p, loff_t size)
{
    struct inode *inode = p->dentry->d_inode;
    struct iattr a = {.valid = ATTR_SIZE, .size = size};
    int err = 0;

    mutex_lock(&inode->i_mutex);
    if (inode->i_op && inode->i_op->setattr)
        err = inode->i_op->setattr(p->dentry, &a);
    else
        err = -EINVAL;
    if (!err) {
        file_remove_privs(inode);
        file_update_time(inode);
    }
    mutex_unlock(&inode->i_mutex);
    return err;
}

static int truncate_path(const struct path_s *p, loff_t size)
{
    struct inode *inode = p->dentry->d_inode;
    int err;

    if (S_ISDIR(inode->i_mode))
        return -EISDIR;
    if (!S_ISREG(inode->i_mode))
        return -EINVAL;
    err = path_permission(p, MAY_WRITE);
    if (!err)
        err = get_write_access(inode);
    if (err)
        return err;
    err = set_size(p, size);
    put_write_access(inode);
    return err;
}

long sys_truncate(const char __user *name, long length)
{
    struct path_s p;
    int err;

    if (length < 0)
        return -EINVAL;
    err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &p);
    if (err)
        return err;
    err = truncate_path(&p, length);
    path_put(&p);
    return err;
}

long sys_ftruncate(unsigned fd, unsigned long length)
{
    struct fd f;
    int err = -EINVAL;

    if ((long)length < 0)
        return -EINVAL;
    f = fdget(fd);
    if (!f.file)
        return -EBADF;
    if (S_ISREG(f.file->f_inode->i_mode) && f.file->f_mode & FMODE_WRITE)
        err = set_size(&f.file->f_path, length);
    fdput(f);
    return err;
}

long sys_fallocate(int fd, int mode, loff_t offset, loff_t len)
{
    struct fd f = fdget(fd);
    mode_t type;
    long err;

    if (!f.file)
        return -EBADF;
    type = f.file->f_inode->i_mode & S_IFMT;
    if (offset < 0 || len <= 0)
        err = -EINVAL;
    else if (mode & ~0x7f || (mode & 2 && !(mode & 1)))
        err = -EOPNOTSUPP;
    else if (!(f.file->f_mode & FMODE_WRITE))
        err = -EBADF;
    else if (type == S_IFIFO)
        err = -ESPIPE;
    else if (type == S_IFDIR)
        err = -EISDIR;
    else if (type != S_IFREG)
        err = -ENODEV;
    else if (offset + len < 0)
        err = -EFBIG;
    else
        err = f.file->f_op == &tmpfs_file_fops ? tmpfs_fallocate(f.file->f_inode, mode, offset, len)
                                               : -EOPNOTSUPP;
    fdput(f);
    return err;
}

/* ---- write-back: all is in memory already ---- */
long sys_sync(void)
{
    return 0;
}

static long sync_fd(int fd)
{
    struct fd f = fdget(fd);
    mode_t type;
    long err = 0;

    if (!f.file)
        return -EBADF;
    type = f.file->f_inode->i_mode & S_IFMT;
    if (type != S_IFREG && type != S_IFDIR && type != S_IFBLK)
        err = -EINVAL;
    fdput(f);
    return err;
}

long sys_fsync(unsigned fd)
{
    return sync_fd(fd);
}

long sys_fdatasync(unsigned fd)
{
    return sync_fd(fd);
}

long sys_syncfs(int fd)
{
    struct fd f = fdget(fd);

    if (!f.file)
        return -EBADF;
    fdput(f);
    return 0;
}

long sys_fadvise64(int fd, loff_t offset, size_t len, int advice)
{
    struct fd f = fdget(fd);
    long err = 0;

    if (!f.file)
        return -EBADF;
    if (f.file->f_mode & FMODE_STREAM && S_ISFIFO(f.file->f_inode->i_mode))
        err = -ESPIPE;
    else if (advice < 0 || advice > 5 || (ssize_t)len < 0)
        err = -EINVAL;
    fdput(f);
    return err;
}
