/* Extended attributes: no file system here keeps any. Paths, descriptors and names are checked;
 * then come Linux's answers of a tmpfs without attributes: ENODATA for the security and trusted
 * name spaces, EOPNOTSUPP for others, an empty list. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

#define XATTR_NAME_MAX 255

/* What getting (or removing) this attribute answers. */
static long answer_for(const char __user *uname, bool set)
{
    char name[XATTR_NAME_MAX + 2];
    long n = strncpy_from_user(name, uname, sizeof(name));

    if (n < 0)
        return n;
    if (!n || n > XATTR_NAME_MAX)
        return -ERANGE;
    if (set || (strncmp(name, "security.", 9) && strncmp(name, "trusted.", 8)))
        return -EOPNOTSUPP;
    return -ENODATA;
}

static long check_path(const char __user *path, unsigned lookup, long answer)
{
    struct path_s p;
    int err = user_path_at(AT_FDCWD, path, lookup, &p);

    if (err)
        return err;
    path_put(&p);
    return answer;
}

static long check_fd(int fd, long answer)
{
    struct fd f = fdget(fd);

    if (!f.file)
        return -EBADF;
    fdput(f);
    return answer;
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
    return check_path(path, LOOKUP_FOLLOW, answer_for(name, false));
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value,
                   size_t size)
{
    return check_path(path, 0, answer_for(name, false));
}

long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
    return check_fd(fd, answer_for(name, false));
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value,
                  size_t size, int flags)
{
    return check_path(path, LOOKUP_FOLLOW, answer_for(name, true));
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value,
                   size_t size, int flags)
{
    return check_path(path, 0, answer_for(name, true));
}

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size,
                   int flags)
{
    return check_fd(fd, answer_for(name, true));
}

long sys_listxattr(const char __user *path, char __user *list, size_t size)
{
    return check_path(path, LOOKUP_FOLLOW, 0);
}

long sys_llistxattr(const char __user *path, char __user *list, size_t size)
{
    return check_path(path, 0, 0);
}

long sys_flistxattr(int fd, char __user *list, size_t size)
{
    return check_fd(fd, 0);
}

long sys_removexattr(const char __user *path, const char __user *name)
{
    return check_path(path, LOOKUP_FOLLOW, answer_for(name, false));
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
    return check_path(path, 0, answer_for(name, false));
}

long sys_fremovexattr(int fd, const char __user *name)
{
    return check_fd(fd, answer_for(name, false));
}
