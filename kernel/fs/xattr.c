/* Extended attributes: no file system here has any. Paths and descriptors are checked; then Linux's answer of a file system
 * without them (EOPNOTSUPP, an empty list). */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

static long check_path(const char __user *path, unsigned lookup, long answer)
{
    struct path_s p;
    int err = user_path_at(AT_FDCWD, path, lookup, &p);

    if (err)
        return err;
    path_put(&p);
    return answer;
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
    return check_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
    return check_path(path, 0, -EOPNOTSUPP);
}

long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
    struct fd f = fdget(fd);

    if (!f.file)
        return -EBADF;
    fdput(f);
    return -EOPNOTSUPP;
}

long sys_listxattr(const char __user *path, char __user *list, size_t size)
{
    return check_path(path, LOOKUP_FOLLOW, 0);
}

long sys_llistxattr(const char __user *path, char __user *list, size_t size)
{
    return check_path(path, 0, 0);
}
