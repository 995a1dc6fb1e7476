/* getdents and the iteration over directories whose entries are dentries. A position is an entry's
 * cookie (d_pos): it rises in list order and is never used twice, so that a walk neither repeats
 * nor skips what was there all the time. */
#include "kernel/fs/fs_internal.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/signal/signal.h"

static unsigned type_of_mode(mode_t mode)
{
    return (mode & S_IFMT) >> 12;
}

bool dir_emit_dots(struct file *f, struct dir_context *ctx)
{
    struct dentry *d = f->f_path.dentry;

    if (ctx->pos == 0) {
        if (!ctx->actor(ctx, ".", 1, 0, d->d_inode->i_ino, 4))
            return false;
        ctx->pos = 1;
    }
    if (ctx->pos == 1) {
        if (!ctx->actor(ctx, "..", 2, 1, d->d_parent->d_inode->i_ino, 4))
            return false;
        ctx->pos = 2;
    }
    return true;
}

int dcache_iterate(struct file *f, struct dir_context *ctx)
{
    struct dentry *dir = f->f_path.dentry, *d;

    if (!dir_emit_dots(f, ctx))
        return 0;
    list_for_each_entry (d, &dir->d_subdirs, d_child) {
        if ((loff_t)d->d_pos + 1 <
            ctx->pos) /* cookies begin at 3: entry with cookie c has position c + 1 behind it */
            continue;
        if (!ctx->actor(ctx, d->d_name, d->d_namelen, d->d_pos, d->d_inode->i_ino,
                        type_of_mode(d->d_inode->i_mode)))
            return 0;
        ctx->pos = (loff_t)d->d_pos + 2;
    }
    return 0;
}

static loff_t dir_llseek(struct file *f, loff_t off, int whence)
{
    if (whence == 1)
        off += f->f_pos;
    else if (whence != 0)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->f_pos = off;
    return off;
}

const struct file_operations simple_dir_fops = {.iterate = dcache_iterate, .llseek = dir_llseek};

/* ---- records ---- */
struct linux_dirent64 {
    u64 d_ino;
    s64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[];
} __packed;
struct linux_dirent {
    u64 d_ino, d_off;
    u16 d_reclen;
    char d_name[];
} __packed;

/* Records are built in a kernel buffer: the iteration holds the directory's lock and must not
 * fault. */
struct dents {
    struct dir_context ctx;
    char *buf;
    size_t len, size;
    bool old, too_small;
    void *last; /* record whose d_off is the next entry's position */
};

static void set_off(struct dents *c, s64 off)
{
    if (c->last)
        memcpy((char *)c->last + 8, &off, 8); /* d_off is at 8 in both records */
}

static bool emit(struct dir_context *ctx, const char *name, unsigned len, loff_t pos, ino_t ino,
                 unsigned type)
{
    struct dents *c = container_of(ctx, struct dents, ctx);
    size_t head =
        c->old ? offsetof(struct linux_dirent, d_name) : offsetof(struct linux_dirent64, d_name);
    size_t reclen = ALIGN_UP(head + len + (c->old ? 2 : 1), 8);
    char *r = c->buf + c->len;
    u16 rl = reclen;

    set_off(c, ctx->pos);
    if (c->size - c->len < reclen) {
        c->too_small = !c->len;
        return false;
    }
    memset(r, 0, reclen);
    memcpy(r, &ino, 8);
    memcpy(r + 16, &rl, 2);
    if (c->old)
        r[reclen - 1] = type;
    else
        r[18] = type;
    memcpy(r + head, name, len);
    c->last = r;
    c->len += reclen;
    return true;
}

static long read_dir(struct file *f, void __user *dirent, unsigned count, bool old)
{
    struct inode *dir = f->f_inode;
    struct dents c = {.ctx = {emit, f->f_pos}, .old = old};
    int err;

    if (!f->f_op->iterate)
        return -ENOTDIR;
    c.size = min(count, 32768u);
    c.buf = kmalloc(max_t(size_t, c.size, 1), GFP_KERNEL);
    if (!c.buf)
        return -ENOMEM;
    mutex_lock(&dir->i_mutex);
    err = dir->i_flags & S_DEAD ? -ENOENT : f->f_op->iterate(f, &c.ctx);
    mutex_unlock(&dir->i_mutex);
    if (!err && c.too_small)
        err = -EINVAL;
    if (!err && c.len) {
        set_off(&c, c.ctx.pos);
        if (copy_to_user(dirent, c.buf, c.len))
            err = -EFAULT;
    }
    if (!err)
        f->f_pos = c.ctx.pos;
    kfree(c.buf);
    if (!err)
        touch_atime(f);
    return err ? err : (long)c.len;
}

static long getdents(unsigned fd, void __user *dirent, unsigned count, bool old)
{
    struct fd f = fdget(fd);
    long r;

    if (!f.file)
        return -EBADF;
    mutex_lock(&f.file->f_pos_lock);
    r = S_ISDIR(f.file->f_inode->i_mode) ? read_dir(f.file, dirent, count, old) : -ENOTDIR;
    mutex_unlock(&f.file->f_pos_lock);
    fdput(f);
    return r;
}

long sys_getdents64(unsigned fd, void __user *dirent, unsigned count)
{
    return getdents(fd, dirent, count, false);
}

long sys_getdents(unsigned fd, void __user *dirent, unsigned count)
{
    return getdents(fd, dirent, count, true);
}
