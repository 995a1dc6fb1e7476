/* open and its relatives, access. Handlers only: the work is do_filp_open (namei.c). */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

#define O_LARGEFILE 0100000
#define VALID_OPEN_FLAGS                                                                           \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |                   \
     04010000 /* O_SYNC */                                                                         \
     | 020000 /* FASYNC */ | 040000 /* O_DIRECT */ | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW |      \
     01000000 /* O_NOATIME */                                                                      \
     | O_CLOEXEC | O_PATH | O_TMPFILE)

static long open_fd(int dfd, const char __user *name, const struct open_how_k *how)
{
    struct pathname p;
    struct file *f;
    int fd, err = getname(&p, name);

    if (err)
        return err;
    fd = get_unused_fd_flags(how->flags);
    if (fd >= 0) {
        f = do_filp_open(dfd, p.s, how);
        if (IS_ERR(f)) {
            put_unused_fd(fd);
            fd = PTR_ERR(f);
        } else {
            fd_install(fd, f);
        }
    }
    putname(&p);
    return fd;
}

long sys_openat(int dfd, const char __user *name, int flags, mode_t mode)
{
    struct open_how_k how = {(flags & VALID_OPEN_FLAGS) | O_LARGEFILE, mode & 07777, 0};

    if (flags & O_PATH)
        how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & 020000000) && (flags & O_TMPFILE) != O_TMPFILE)
        return -EINVAL;
    if ((flags & O_TMPFILE) == O_TMPFILE && (flags & O_CREAT || !(flags & O_ACCMODE)))
        return -EINVAL;
    return open_fd(dfd, name, &how);
}

long sys_open(const char __user *name, int flags, mode_t mode)
{
    return sys_openat(AT_FDCWD, name, flags, mode);
}

long sys_creat(const char __user *name, mode_t mode)
{
    return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- openat2 ---- */
struct open_how {
    u64 flags, mode, resolve;
};
#define RESOLVE_NO_XDEV       1u
#define RESOLVE_NO_MAGICLINKS 2u
#define RESOLVE_NO_SYMLINKS   4u
#define RESOLVE_BENEATH       8u
#define RESOLVE_IN_ROOT       16u
#define RESOLVE_CACHED        32u

/* Bytes beyond what this kernel knows must be zero. 0, -E2BIG, -EFAULT. */
static int check_zero_tail(const char __user *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c;

        if (get_user(c, p + i))
            return -EFAULT;
        if (c)
            return -E2BIG;
    }
    return 0;
}

static unsigned resolve_to_lookup(u64 r)
{
    return (r & RESOLVE_NO_XDEV ? LOOKUP_NO_XDEV : 0) |
           (r & RESOLVE_NO_MAGICLINKS ? LOOKUP_NO_MAGICLINKS : 0) |
           (r & RESOLVE_NO_SYMLINKS ? LOOKUP_NO_SYMLINKS : 0) |
           (r & RESOLVE_BENEATH ? LOOKUP_BENEATH : 0) | (r & RESOLVE_IN_ROOT ? LOOKUP_IN_ROOT : 0);
}

static int check_how(const struct open_how *how)
{
    bool creates = how->flags & O_CREAT || (how->flags & O_TMPFILE) == O_TMPFILE;

    if (how->flags & ~(u64)VALID_OPEN_FLAGS || how->resolve & ~0x3fUL)
        return -EINVAL;
    if ((how->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
        return -EINVAL;
    if (creates ? how->mode & ~07777UL : how->mode)
        return -EINVAL;
    if (how->flags & O_PATH && how->flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
        return -EINVAL;
    if (how->resolve & RESOLVE_CACHED)
        return -EAGAIN;
    return 0;
}

long sys_openat2(int dfd, const char __user *name, void __user *uhow, size_t size)
{
    struct open_how how;
    struct open_how_k k;
    int err;

    if (size < sizeof(how))
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    err = check_zero_tail((char __user *)uhow + sizeof(how), size - sizeof(how));
    if (err)
        return err;
    if (copy_from_user(&how, uhow, sizeof(how)))
        return -EFAULT;
    err = check_how(&how);
    if (err)
        return err;
    k.flags = how.flags | O_LARGEFILE;
    k.mode = how.mode;
    k.lookup = resolve_to_lookup(how.resolve);
    return open_fd(dfd, name, &k);
}

/* ---- access: by the real ids unless AT_EACCESS ---- */
#define AT_EACCESS 0x200

static int access_as_real(const struct path_s *p, int mode)
{
    const struct cred *old = current->cred;
    struct cred *tmp;
    int err;

    if (old->fsuid == old->uid && old->fsgid == old->gid)
        return path_permission(p, mode);
    tmp = prepare_creds();
    if (!tmp)
        return -ENOMEM;
    tmp->fsuid = tmp->uid;
    tmp->fsgid = tmp->gid;
    tmp->cap_effective = tmp->uid ? 0 : tmp->cap_permitted;
    current->cred = tmp;
    err = path_permission(p, mode);
    current->cred = old;
    put_cred(tmp);
    return err;
}

long sys_faccessat2(int dfd, const char __user *name, int mode, int flags)
{
    struct path_s p;
    int err;

    if (mode & ~7 || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    err = user_path_at(dfd, name, at_to_lookup(flags), &p);
    if (err)
        return err;
    if (mode)
        err = flags & AT_EACCESS ? path_permission(&p, mode) : access_as_real(&p, mode);
    path_put(&p);
    return err;
}

long sys_faccessat(int dfd, const char __user *name, int mode)
{
    return sys_faccessat2(dfd, name, mode, 0);
}

long sys_access(const char __user *name, int mode)
{
    return sys_faccessat2(AT_FDCWD, name, mode, 0);
}
