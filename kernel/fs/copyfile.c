/* sendfile and copy_file_range: from a page-cache file to any file that takes bytes from kernel
 * memory (->write_kernel), through one buffer. Owns nothing. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"

#define COPY_CHUNK (4 * PAGE_SIZE)
#define MAX_COPY   (INT32_MAX & PAGE_MASK)

/* Positions move by what was copied. Bytes, or an error when there were none. */
static ssize_t copy_bytes(struct file *in, loff_t *ipos, struct file *out, loff_t *opos, size_t n)
{
    char *buf = kmalloc(COPY_CHUNK, GFP_KERNEL);
    size_t done = 0;
    ssize_t r = buf ? 0 : -ENOMEM;

    while (buf && done < n) {
        ssize_t got = kernel_read(in, buf, min(n - done, COPY_CHUNK), *ipos);

        r = got > 0 ? out->f_op->write_kernel(out, buf, got, opos) : got;
        if (r <= 0)
            break;
        *ipos += r;
        done += r;
        if (r < got)
            break;
        if (signal_pending(current)) {
            r = -EINTR;
            break;
        }
    }
    kfree(buf);
    return done ? (ssize_t)done : r;
}

static int check_pair(struct file *in, struct file *out)
{
    if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
        return -EBADF;
    if (!S_ISREG(in->f_inode->i_mode) || in->f_op != &tmpfs_file_fops || !out->f_op->write_kernel)
        return -EINVAL;
    return 0;
}

/* *pos from user space, or the file's own. */
static int get_pos(struct file *f, const loff_t __user *uoff, loff_t *pos)
{
    *pos = f->f_pos;
    if (uoff && copy_from_user(pos, uoff, sizeof(*pos)))
        return -EFAULT;
    return *pos < 0 ? -EINVAL : 0;
}

static int put_pos(struct file *f, loff_t __user *uoff, loff_t pos)
{
    if (!uoff)
        f->f_pos = pos;
    return uoff && copy_to_user(uoff, &pos, sizeof(pos)) ? -EFAULT : 0;
}

long sys_sendfile(int out_fd, int in_fd, off_t __user *off, size_t count)
{
    struct fd in = fdget(in_fd), out = fdget(out_fd);
    loff_t ipos;
    long r = -EBADF;

    if (in.file && out.file)
        r = check_pair(in.file, out.file);
    if (!r && out.file->f_flags & O_APPEND)
        r = -EINVAL;
    if (!r)
        r = get_pos(in.file, off, &ipos);
    if (!r) {
        r = copy_bytes(in.file, &ipos, out.file, &out.file->f_pos, min_t(size_t, count, MAX_COPY));
        if (r > 0 && put_pos(in.file, off, ipos))
            r = -EFAULT;
    }
    if (in.file)
        fdput(in);
    if (out.file)
        fdput(out);
    return r;
}

static long copy_range(struct file *in, loff_t __user *off_in, struct file *out,
                       loff_t __user *off_out, size_t len)
{
    loff_t ipos, opos;
    long r = S_ISDIR(in->f_inode->i_mode) || S_ISDIR(out->f_inode->i_mode) ? -EISDIR
                                                                           : check_pair(in, out);

    if (!r && !S_ISREG(out->f_inode->i_mode))
        r = -EINVAL;
    if (!r && out->f_flags & O_APPEND)
        r = -EBADF;
    if (!r)
        r = get_pos(in, off_in, &ipos);
    if (!r)
        r = get_pos(out, off_out, &opos);
    if (r)
        return r;
    len = min_t(size_t, len, MAX_COPY);
    if (in->f_inode == out->f_inode && ipos < opos + (loff_t)len && opos < ipos + (loff_t)len)
        return -EINVAL;
    r = copy_bytes(in, &ipos, out, &opos, len);
    if (r > 0 && (put_pos(in, off_in, ipos) || put_pos(out, off_out, opos)))
        r = -EFAULT;
    return r;
}

long sys_copy_file_range(int fd_in, loff_t __user *off_in, int fd_out, loff_t __user *off_out,
                         size_t len, unsigned flags)
{
    struct fd in, out;
    long r = -EBADF;

    if (flags)
        return -EINVAL;
    in = fdget(fd_in);
    out = fdget(fd_out);
    if (in.file && out.file)
        r = copy_range(in.file, off_in, out.file, off_out, len);
    if (in.file)
        fdput(in);
    if (out.file)
        fdput(out);
    return r;
}
