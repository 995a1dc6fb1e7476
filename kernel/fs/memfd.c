/* memfd_create: a regular file of the nameless tmpfs, with a private dentry that gives it its name.
 * Sealing is not offered: MFD_ALLOW_SEALING is refused as by a kernel without it. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

#define MFD_CLOEXEC  1u
#define MFD_NAME_MAX 249

static struct file *memfd_file(const char *name)
{
    struct inode *inode = tmpfs_new_inode(anon_sb, NULL, S_IFREG | 0777, 0);
    struct path_s p = {NULL, NULL};
    struct file *f;

    if (IS_ERR(inode))
        return ERR_CAST(inode);
    inode->i_nlink = 0;
    p.dentry = d_alloc(NULL, name, strlen(name), 0);
    if (!p.dentry) {
        iput(inode);
        return ERR_PTR(-ENOMEM);
    }
    p.dentry->d_flags |= D_ANON;
    p.dentry->d_sb = anon_sb;
    d_instantiate(p.dentry, inode);
    f = dentry_open(&p, O_RDWR | 0100000);
    dput(p.dentry);
    return f;
}

long sys_memfd_create(const char __user *uname, unsigned flags)
{
    char name[7 + MFD_NAME_MAX + 11 + 1] = "/memfd:";
    struct file *f;
    long n;
    int fd;

    if (flags & ~MFD_CLOEXEC)
        return -EINVAL;
    n = strncpy_from_user(name + 7, uname, MFD_NAME_MAX + 1);
    if (n < 0)
        return n;
    if (n > MFD_NAME_MAX)
        return -EINVAL;
    memcpy(name + 7 + n, " (deleted)", 11);
    fd = get_unused_fd_flags(flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
    if (fd < 0)
        return fd;
    f = memfd_file(name);
    if (IS_ERR(f)) {
        put_unused_fd(fd);
        return PTR_ERR(f);
    }
    fd_install(fd, f);
    return fd;
}
