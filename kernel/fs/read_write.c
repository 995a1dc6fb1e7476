/* read, write and their relatives, lseek. Owns the rules about positions: a file's position is used
 * without a lock while one reference exists, under f_pos_lock when the file is shared (fork, dup),
 * never for streams. */
#include "kernel/fs/fs_internal.h"
#include "kernel/fs/poll_wait.h"
#include "kernel/ipc/pipe.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define MAX_RW_COUNT (INT32_MAX & PAGE_MASK)
#define UIO_MAXIOV   1024
#define RWF_HIPRI    1
#define RWF_DSYNC    2
#define RWF_SYNC     4

struct iovec {
    void __user *iov_base;
    size_t iov_len;
};

ssize_t vfs_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    if (unlikely(!(f->f_mode & FMODE_READ)))
        return -EBADF;
    if (unlikely(!f->f_op->read))
        return S_ISDIR(f->f_inode->i_mode) ? -EISDIR : -EINVAL;
    if (unlikely(!access_ok(buf, n)))
        return -EFAULT;
    return f->f_op->read(f, buf, n > MAX_RW_COUNT ? MAX_RW_COUNT : n, pos);
}

ssize_t vfs_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    if (unlikely(!(f->f_mode & FMODE_WRITE)))
        return -EBADF;
    if (unlikely(!f->f_op->write))
        return -EINVAL;
    if (unlikely(!access_ok(buf, n)))
        return -EFAULT;
    return f->f_op->write(f, buf, n > MAX_RW_COUNT ? MAX_RW_COUNT : n, pos);
}

/* True when the position must be locked. */
static inline bool pos_lock(struct file *f)
{
    if (f->f_mode & FMODE_STREAM || atomic_load_relaxed(&f->f_count) == 1)
        return false;
    mutex_lock(&f->f_pos_lock);
    return true;
}

long sys_read(int fd, void __user *buf, size_t count)
{
    struct fd f = fdget(fd);
    bool locked;
    ssize_t n;

    if (unlikely(!f.file))
        return -EBADF;
    locked = pos_lock(f.file);
    n = vfs_read(f.file, buf, count, &f.file->f_pos);
    if (locked)
        mutex_unlock(&f.file->f_pos_lock);
    fdput(f);
    return n;
}

long sys_write(int fd, const void __user *buf, size_t count)
{
    struct fd f = fdget(fd);
    bool locked;
    ssize_t n;

    if (unlikely(!f.file))
        return -EBADF;
    locked = pos_lock(f.file);
    n = vfs_write(f.file, buf, count, &f.file->f_pos);
    if (locked)
        mutex_unlock(&f.file->f_pos_lock);
    fdput(f);
    return n;
}

/* Files with a position: -ESPIPE for the others. */
static long pread_file(struct file *f, void __user *buf, size_t count, loff_t pos)
{
    if (pos < 0)
        return -EINVAL;
    return f->f_mode & FMODE_STREAM ? -ESPIPE : vfs_read(f, buf, count, &pos);
}

static long pwrite_file(struct file *f, const void __user *buf, size_t count, loff_t pos)
{
    if (pos < 0)
        return -EINVAL;
    return f->f_mode & FMODE_STREAM ? -ESPIPE : vfs_write(f, buf, count, &pos);
}

long sys_pread64(int fd, void __user *buf, size_t count, loff_t pos)
{
    struct fd f;
    long n;

    if (pos < 0)
        return -EINVAL;
    f = fdget(fd);
    if (!f.file)
        return -EBADF;
    n = pread_file(f.file, buf, count, pos);
    fdput(f);
    return n;
}

long sys_pwrite64(int fd, const void __user *buf, size_t count, loff_t pos)
{
    struct fd f;
    long n;

    if (pos < 0)
        return -EINVAL;
    f = fdget(fd);
    if (!f.file)
        return -EBADF;
    n = pwrite_file(f.file, buf, count, pos);
    fdput(f);
    return n;
}

/* ---- vectors ---- */
struct iov_copy {
    struct iovec *vec, fast[8];
};

static ssize_t import_iovec(struct iov_copy *c, const struct iovec __user *uvec, unsigned long n)
{
    ssize_t total = 0;

    c->vec = c->fast;
    if (n > UIO_MAXIOV)
        return -EINVAL;
    if (n > ARRAY_SIZE(c->fast)) {
        c->vec = kmalloc(n * sizeof(*uvec), GFP_KERNEL);
        if (!c->vec)
            return -ENOMEM;
    }
    if (copy_from_user(c->vec, uvec, n * sizeof(*uvec)))
        return -EFAULT;
    for (unsigned long i = 0; i < n; i++) {
        ssize_t len = c->vec[i].iov_len;

        if (len < 0)
            return -EINVAL;
        if (!access_ok(c->vec[i].iov_base, len))
            return -EFAULT;
        if (len > (ssize_t)MAX_RW_COUNT - total)
            c->vec[i].iov_len = len = MAX_RW_COUNT - total;
        total += len;
    }
    return total;
}

static void free_iovec(struct iov_copy *c)
{
    if (c->vec != c->fast)
        kfree(c->vec);
}

/* What a stream has not now ends a readv that has some. Another reader that takes it between this look and the read makes it wait. */
static bool has_more(struct file *f)
{
    return !(f->f_mode & FMODE_STREAM) || vfs_poll(f, NULL) & (POLLIN | POLLHUP);
}

/* All segments in one piece, as PIPE_BUF promises. n is at least 1, at most PIPE_BUF. */
static ssize_t write_gathered(struct file *f, const struct iovec *vec, unsigned long segments, size_t n)
{
    char *all = kmalloc(n, GFP_KERNEL);
    size_t have = 0;
    ssize_t r = 0;

    if (!all)
        return -ENOMEM;
    for (unsigned long i = 0; i < segments && !r; have += vec[i++].iov_len)
        if (copy_from_user(all + have, vec[i].iov_base, vec[i].iov_len))
            r = -EFAULT;
    if (!r)
        r = f->f_op->write_kernel(f, all, n, NULL);
    kfree(all);
    return r;
}

/* One segment after the other until one is short. */
static ssize_t do_loop(struct file *f, const struct iovec *vec, unsigned long n, loff_t *pos,
                       bool write)
{
    ssize_t done = 0;

    for (unsigned long i = 0; i < n; i++) {
        ssize_t r;

        if (!vec[i].iov_len && n > 1)
            continue;
        if (done && !write && !has_more(f))
            break;
        r = write ? vfs_write(f, vec[i].iov_base, vec[i].iov_len, pos)
                  : vfs_read(f, vec[i].iov_base, vec[i].iov_len, pos);
        if (r < 0)
            return done ? done : r;
        done += r;
        if ((size_t)r < vec[i].iov_len)
            break;
    }
    return done;
}

static ssize_t vfs_rwv(struct file *f, const struct iovec __user *uvec, unsigned long n,
                       loff_t *pos, bool write)
{
    struct iov_copy c;
    ssize_t r;

    if (!(f->f_mode & (write ? FMODE_WRITE : FMODE_READ)))
        return -EBADF;
    r = import_iovec(&c, uvec, n);
    if (write && n > 1 && r > 0 && r <= PIPE_BUF && S_ISFIFO(f->f_inode->i_mode))
        r = write_gathered(f, c.vec, n, r);
    else if (r >= 0)
        r = do_loop(f, c.vec, n, pos, write);
    free_iovec(&c);
    return r;
}

static long rwv_at_pos(unsigned long fd, const struct iovec __user *vec, unsigned long n,
                       bool write)
{
    struct fd f = fdget(fd);
    bool locked;
    long r;

    if (!f.file)
        return -EBADF;
    locked = pos_lock(f.file);
    r = vfs_rwv(f.file, vec, n, &f.file->f_pos, write);
    if (locked)
        mutex_unlock(&f.file->f_pos_lock);
    fdput(f);
    return r;
}

long sys_readv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen)
{
    return rwv_at_pos(fd, vec, vlen, false);
}

long sys_writev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen)
{
    return rwv_at_pos(fd, vec, vlen, true);
}

static long rwv_at(unsigned long fd, const struct iovec __user *vec, unsigned long n, loff_t pos,
                   bool write)
{
    struct fd f;
    long r = -ESPIPE;

    if (pos < 0)
        return -EINVAL;
    f = fdget(fd);
    if (!f.file)
        return -EBADF;
    if (!(f.file->f_mode & FMODE_STREAM))
        r = vfs_rwv(f.file, vec, n, &pos, write);
    fdput(f);
    return r;
}

long sys_preadv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
                unsigned long pos_l, unsigned long pos_h)
{
    return rwv_at(fd, vec, vlen, pos_l, false);
}

long sys_pwritev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
                 unsigned long pos_l, unsigned long pos_h)
{
    return rwv_at(fd, vec, vlen, pos_l, true);
}

long sys_preadv2(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
                 unsigned long pos_l, unsigned long pos_h, int flags)
{
    if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
        return -EOPNOTSUPP;
    return (long)pos_l == -1 ? sys_readv(fd, vec, vlen) : rwv_at(fd, vec, vlen, pos_l, false);
}

long sys_pwritev2(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
                  unsigned long pos_l, unsigned long pos_h, int flags)
{
    if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
        return -EOPNOTSUPP;
    return (long)pos_l == -1 ? sys_writev(fd, vec, vlen) : rwv_at(fd, vec, vlen, pos_l, true);
}

/* ---- lseek ---- */
#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

static loff_t seek_data_or_hole(struct inode *inode, loff_t off, bool data)
{
    loff_t size = inode->i_size;
    u64 i = off >> PAGE_SHIFT;

    if (off < 0 || off >= size)
        return -ENXIO;
    if (data) {
        if (!find_next_page(&inode->i_data, &i) || i > (u64)(size - 1) >> PAGE_SHIFT)
            return -ENXIO;
        return max(off, (loff_t)(i << PAGE_SHIFT));
    }
    for (; i << PAGE_SHIFT < (u64)size; i++) {
        struct page *p = find_get_page(&inode->i_data, i);

        if (!p)
            return max(off, (loff_t)(i << PAGE_SHIFT));
        put_page(p);
        if (fatal_signal_pending(current))
            return -EINTR;
    }
    return size;
}

loff_t generic_file_llseek(struct file *f, loff_t off, int whence)
{
    struct inode *inode = f->f_inode;
    loff_t pos = off;

    if (whence == SEEK_CUR)
        pos = f->f_pos + off;
    else if (whence == SEEK_END)
        pos = inode->i_size + off;
    else if ((whence == SEEK_DATA || whence == SEEK_HOLE) && S_ISREG(inode->i_mode))
        pos = seek_data_or_hole(inode, off, whence == SEEK_DATA);
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (pos < 0)
        return whence == SEEK_DATA || whence == SEEK_HOLE ? pos : -EINVAL;
    f->f_pos = pos;
    return pos;
}

long sys_lseek(int fd, off_t off, unsigned whence)
{
    struct fd f = fdget(fd);
    long r = -ESPIPE;
    bool locked;

    if (!f.file)
        return -EBADF;
    if (whence > SEEK_HOLE) {
        r = -EINVAL;
    } else if (f.file->f_op->llseek) {
        locked = pos_lock(f.file);
        r = f.file->f_op->llseek(f.file, off, whence);
        if (locked)
            mutex_unlock(&f.file->f_pos_lock);
    }
    fdput(f);
    return r;
}
