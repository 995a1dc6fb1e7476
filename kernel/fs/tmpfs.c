/* tmpfs: files whose pages live in the page cache and nowhere else; directories are their dentries.
 * Owns the accounting of pages and inodes against the mount's size= and nr_inodes=. Serves as
 * rootfs, /tmp, /dev/shm, memfd and devtmpfs. */
#include "kernel/fs/fs_internal.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/signal.h"

#define TMPFS_MAGIC          0x01021994
#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2

static const struct inode_operations tmpfs_dir_iops;

/* ---- pages ---- */
static ssize_t tmpfs_read(struct file *f, char __user *buf, size_t n, loff_t *ppos)
{
    struct inode *inode = f->f_inode;
    loff_t pos = *ppos, size;
    size_t done = 0;

    while (done < n && pos < (size = atomic_load_relaxed(&inode->i_size))) {
        size_t off = pos & ~PAGE_MASK;
        size_t chunk = min_t(u64, min(n - done, PAGE_SIZE - off), size - pos);
        struct page *p = find_get_page(&inode->i_data, pos >> PAGE_SHIFT);
        size_t left;

        if (p) {
            left = copy_to_user(buf + done, (char *)page_to_virt(p) + off, chunk);
            put_page(p);
        } else {
            left = clear_user(buf + done, chunk);
        }
        done += chunk - left;
        pos += chunk - left;
        if (left) {
            if (!done)
                return -EFAULT;
            break;
        }
        if (unlikely(fatal_signal_pending(current)))
            break;
    }
    *ppos = pos;
    touch_atime(f);
    return done;
}

/* Bytes that may be written at pos under RLIMIT_FSIZE; -EFBIG with SIGXFSZ. */
static ssize_t limit_write(struct file *f, loff_t pos, size_t n)
{
    u64 limit = rlimit(RLIMIT_FSIZE);

    if (unlikely((u64)pos >= limit)) {
        send_sig(SIGXFSZ, current, 0);
        return -EFBIG;
    }
    if (unlikely(pos >= S64_MAX - (loff_t)PAGE_SIZE))
        return -EFBIG;
    n = min_t(u64, n, limit - pos);
    return min_t(u64, n, S64_MAX - PAGE_SIZE - pos);
}

/* user: buf is a user address. i_mutex held. */
static ssize_t write_pages(struct inode *inode, const char *buf, size_t n, loff_t pos, bool user)
{
    size_t done = 0;

    while (done < n) {
        size_t off = pos & ~PAGE_MASK;
        size_t chunk = min(n - done, PAGE_SIZE - off), left = 0;
        struct page *p = find_or_create_page(&inode->i_data, pos >> PAGE_SHIFT);

        if (IS_ERR(p))
            return done ? (ssize_t)done : PTR_ERR(p);
        if (user)
            left = copy_from_user((char *)page_to_virt(p) + off, buf + done, chunk);
        else
            memcpy((char *)page_to_virt(p) + off, buf + done, chunk);
        put_page(p);
        done += chunk - left;
        pos += chunk - left;
        if (pos > inode->i_size)
            atomic_store_release(&inode->i_size, pos);
        if (left)
            return done ? (ssize_t)done : -EFAULT;
        if (user && unlikely(fatal_signal_pending(current)))
            break;
    }
    return done;
}

static ssize_t write_file(struct file *f, const char *buf, size_t n, loff_t *ppos, bool user)
{
    struct inode *inode = f->f_inode;
    loff_t pos;
    ssize_t r;

    if (!n)
        return 0;
    mutex_lock(&inode->i_mutex);
    pos = f->f_flags & O_APPEND ? inode->i_size : *ppos;
    r = limit_write(f, pos, n);
    if (r > 0) {
        file_remove_privs(inode);
        r = write_pages(inode, buf, r, pos, user);
    }
    if (r > 0) {
        file_update_time(inode);
        *ppos = pos + r;
    }
    mutex_unlock(&inode->i_mutex);
    return r;
}

static ssize_t tmpfs_write(struct file *f, const char __user *buf, size_t n, loff_t *ppos)
{
    return write_file(f, buf, n, ppos, true);
}

static ssize_t tmpfs_file_write_kernel(struct file *f, const void *buf, size_t n, loff_t *ppos)
{
    return write_file(f, buf, n, ppos, false);
}

ssize_t tmpfs_write_kernel(struct inode *inode, const void *buf, size_t n, loff_t pos)
{
    ssize_t r;

    mutex_lock(&inode->i_mutex);
    r = write_pages(inode, buf, n, pos, false);
    mutex_unlock(&inode->i_mutex);
    return r;
}

ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t pos)
{
    struct inode *inode = f->f_inode;
    size_t done = 0;

    if (!S_ISREG(inode->i_mode))
        return -EINVAL;
    while (done < n && pos < inode->i_size) {
        size_t off = pos & ~PAGE_MASK;
        size_t chunk = min_t(u64, min(n - done, PAGE_SIZE - off), inode->i_size - pos);
        struct page *p = find_get_page(&inode->i_data, pos >> PAGE_SHIFT);

        if (p) {
            memcpy((char *)buf + done, (char *)page_to_virt(p) + off, chunk);
            put_page(p);
        } else {
            memset((char *)buf + done, 0, chunk);
        }
        done += chunk;
        pos += chunk;
    }
    return done;
}

/* ---- size ---- */
int tmpfs_truncate(struct inode *inode, loff_t size)
{
    loff_t old = inode->i_size;

    atomic_store_release(&inode->i_size, size);
    if (size < old)
        truncate_pagecache(&inode->i_data, size);
    return 0;
}

static int tmpfs_setattr(struct dentry *d, struct iattr *a)
{
    struct inode *inode = d->d_inode;

    if (!(a->valid & ATTR_SIZE))
        return 0;
    if (!S_ISREG(inode->i_mode))
        return S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
    if (a->size > inode->i_size && (u64)a->size > rlimit(RLIMIT_FSIZE)) {
        send_sig(SIGXFSZ, current, 0);
        return -EFBIG;
    }
    return tmpfs_truncate(inode, a->size);
}

static void zero_part(struct inode *inode, loff_t pos, size_t n)
{
    struct page *p = n ? find_get_page(&inode->i_data, pos >> PAGE_SHIFT) : NULL;

    if (!p)
        return;
    memset((char *)page_to_virt(p) + (pos & ~PAGE_MASK), 0, n);
    put_page(p);
}

static long punch_hole(struct inode *inode, loff_t off, loff_t len)
{
    loff_t end = off + len;
    loff_t first = ALIGN_UP(off, (loff_t)PAGE_SIZE), last = ALIGN_DOWN(end, (loff_t)PAGE_SIZE);

    if (first > last) { /* inside one page */
        zero_part(inode, off, len);
        return 0;
    }
    zero_part(inode, off, first - off);
    zero_part(inode, last, end - last);
    if (first < last)
        truncate_pagecache_range(&inode->i_data, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
    return 0;
}

static long allocate_range(struct inode *inode, loff_t off, loff_t len)
{
    struct super_block *sb = inode->i_sb;
    u64 first = off >> PAGE_SHIFT, last = DIV_ROUND_UP((u64)(off + len), PAGE_SIZE);

    if (sb->s_max_pages && last - first > sb->s_max_pages)
        return -ENOSPC;
    for (u64 i = first; i < last; i++) {
        struct page *p = find_or_create_page(&inode->i_data, i);

        if (IS_ERR(p))
            return PTR_ERR(p);
        put_page(p);
        if (signal_pending(current))
            return -EINTR;
    }
    return 0;
}

long tmpfs_fallocate(struct inode *inode, int mode, loff_t off, loff_t len)
{
    long err;

    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
        return -EOPNOTSUPP;
    mutex_lock(&inode->i_mutex);
    if (mode & FALLOC_FL_PUNCH_HOLE) {
        err = punch_hole(inode, off, len);
    } else if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > inode->i_size &&
               (u64)(off + len) > rlimit(RLIMIT_FSIZE)) {
        send_sig(SIGXFSZ, current, 0);
        err = -EFBIG;
    } else {
        err = allocate_range(inode, off, len);
        if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && off + len > inode->i_size)
            atomic_store_release(&inode->i_size, off + len);
    }
    if (!err) {
        file_remove_privs(inode);
        file_update_time(inode);
    }
    mutex_unlock(&inode->i_mutex);
    return err;
}

static int tmpfs_mmap(struct file *f, struct vm_area_struct *vma)
{
    vma->vm_ops = &filemap_vm_ops;
    touch_atime(f);
    return 0;
}

const struct file_operations tmpfs_file_fops = {
    .read = tmpfs_read,
    .write = tmpfs_write,
    .write_kernel = tmpfs_file_write_kernel,
    .llseek = generic_file_llseek,
    .mmap = tmpfs_mmap,
};

const struct inode_operations tmpfs_file_iops = {.setattr = tmpfs_setattr};
static const struct inode_operations tmpfs_special_iops = {.setattr = tmpfs_setattr};

/* ---- inodes ---- */
static void tmpfs_destroy(struct inode *inode)
{
    if (S_ISREG(inode->i_mode))
        truncate_pagecache(&inode->i_data, 0);
}

/* The group of a set-gid directory goes on to what is made in it. A program that runs with that group's rights is made by its members only. */
static void inherit_group(struct inode *i, const struct inode *dir)
{
    i->i_gid = dir->i_gid;
    if (S_ISDIR(i->i_mode))
        i->i_mode |= 02000;
    else if ((i->i_mode & 02010) == 02010 && !in_group_p(dir->i_gid) && !capable(CAP_FSETID))
        i->i_mode &= ~02000;
}

struct inode *tmpfs_new_inode(struct super_block *sb, struct inode *dir, mode_t mode, dev_t rdev)
{
    struct inode *i;

    if (sb->s_max_inodes && atomic_load_relaxed(&sb->s_inodes) >= sb->s_max_inodes)
        return ERR_PTR(-ENOSPC);
    i = new_inode(sb, mode);
    if (!i)
        return ERR_PTR(-ENOMEM);
    if (dir && dir->i_mode & 02000)
        inherit_group(i, dir);
    i->destroy = tmpfs_destroy;
    if (S_ISREG(mode)) {
        i->i_data.usage = &sb->s_pages; /* a limit set later counts too */
        i->i_data.limit = &sb->s_max_pages;
        i->i_op = &tmpfs_file_iops;
        i->i_fop = &tmpfs_file_fops;
    } else if (S_ISDIR(mode)) {
        i->i_op = &tmpfs_dir_iops;
    } else {
        i->i_op = &tmpfs_special_iops;
        if (!S_ISLNK(mode))
            init_special_inode(i, mode, rdev);
    }
    return i;
}

/* ---- directories; the callers hold i_mutex and hash the dentry ---- */
static void dir_changed(struct inode *dir)
{
    dir->i_mtime = dir->i_ctime = current_time();
}

static int tmpfs_mknod(struct inode *dir, struct dentry *d, mode_t mode, dev_t rdev)
{
    struct inode *i = tmpfs_new_inode(dir->i_sb, dir, mode, rdev);

    if (IS_ERR(i))
        return PTR_ERR(i);
    d_instantiate(d, i);
    dir_changed(dir);
    return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *d, mode_t mode)
{
    return tmpfs_mknod(dir, d, mode, 0);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *d, mode_t mode)
{
    int err = tmpfs_mknod(dir, d, mode, 0);

    if (!err)
        dir->i_nlink++;
    return err;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
    struct inode *i = tmpfs_new_inode(dir->i_sb, dir, S_IFLNK | 0777, 0);

    if (IS_ERR(i))
        return PTR_ERR(i);
    i->i_link = kstrdup(target, GFP_KERNEL);
    if (!i->i_link) {
        iput(i);
        return -ENOMEM;
    }
    i->i_size = strlen(target);
    d_instantiate(d, i);
    dir_changed(dir);
    return 0;
}

static int tmpfs_link(struct dentry *old, struct inode *dir, struct dentry *d)
{
    struct inode *i = old->d_inode;

    atomic_fetch_add_relaxed(&i->i_nlink, 1); /* another directory's lock may guard another name of it */
    i->i_ctime = current_time();
    ihold(i);
    d_instantiate(d, i);
    dir_changed(dir);
    return 0;
}

static int tmpfs_unlink(struct inode *dir, struct dentry *d)
{
    atomic_fetch_sub_relaxed(&d->d_inode->i_nlink, 1);
    d->d_inode->i_ctime = current_time();
    dir_changed(dir);
    return 0;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *d)
{
    if (!simple_dir_empty(d))
        return -ENOTEMPTY;
    d->d_inode->i_nlink = 0;
    dir->i_nlink--;
    dir_changed(dir);
    return 0;
}

static int tmpfs_rename(struct inode *odir, struct dentry *old, struct inode *ndir,
                        struct dentry *new, unsigned flags)
{
    bool dir = S_ISDIR(old->d_inode->i_mode);
    bool exchange = flags & 2;

    if (exchange) {
        bool new_dir = S_ISDIR(new->d_inode->i_mode);

        if (odir != ndir && dir != new_dir) {
            odir->i_nlink += new_dir - dir;
            ndir->i_nlink += dir - new_dir;
        }
        new->d_inode->i_ctime = current_time();
    } else {
        if (new->d_inode) {
            int err = dir ? tmpfs_rmdir(ndir, new) : tmpfs_unlink(ndir, new);

            if (err)
                return err;
        }
        if (dir && odir != ndir) {
            odir->i_nlink--;
            ndir->i_nlink++;
        }
    }
    old->d_inode->i_ctime = current_time();
    dir_changed(odir);
    dir_changed(ndir);
    return 0;
}

static const struct inode_operations tmpfs_dir_iops = {
    .create = tmpfs_create,
    .mkdir = tmpfs_mkdir,
    .rmdir = tmpfs_rmdir,
    .unlink = tmpfs_unlink,
    .link = tmpfs_link,
    .symlink = tmpfs_symlink,
    .mknod = tmpfs_mknod,
    .rename = tmpfs_rename,
    .setattr = tmpfs_setattr,
};

/* ---- mounting ---- */
struct tmpfs_options {
    u64 max_pages, max_inodes;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* "64m", "50%": bytes. */
static u64 parse_size(const char *s, const char **end)
{
    u64 v = strtou64(s, end, 0);

    switch (**end) {
    case 'g':
    case 'G':
        v <<= 10; /* fall through */
    case 'm':
    case 'M':
        v <<= 10; /* fall through */
    case 'k':
    case 'K':
        v <<= 10;
        (*end)++;
        break;
    case '%':
        v = nr_total_pages() * PAGE_SIZE / 100 * v;
        (*end)++;
        break;
    default:
        break;
    }
    return v;
}

static int parse_option(const char *s, struct tmpfs_options *o)
{
    const char *v = strchr(s, '='), *end = "";

    if (!v || v - s > 16)
        return strncmp(s, "relatime", 8) ? -EINVAL : 0;
    v++;
    if (!strncmp(s, "size=", 5))
        o->max_pages = DIV_ROUND_UP(parse_size(v, &end), PAGE_SIZE);
    else if (!strncmp(s, "nr_blocks=", 10))
        o->max_pages = parse_size(v, &end);
    else if (!strncmp(s, "nr_inodes=", 10))
        o->max_inodes = parse_size(v, &end);
    else if (!strncmp(s, "mode=", 5))
        o->mode = strtou64(v, &end, 8) & 07777;
    else if (!strncmp(s, "uid=", 4))
        o->uid = strtou64(v, &end, 10);
    else if (!strncmp(s, "gid=", 4))
        o->gid = strtou64(v, &end, 10);
    else
        return -EINVAL;
    return *end && *end != ',' ? -EINVAL : 0;
}

static int parse_options(const char *s, struct tmpfs_options *o)
{
    while (s && *s) {
        const char *comma = strchr(s, ',');
        int err = *s == ',' ? 0 : parse_option(s, o);

        if (err)
            return err;
        s = comma ? comma + 1 : NULL;
    }
    return 0;
}

struct super_block *tmpfs_mount(const char *data, unsigned long flags)
{
    struct tmpfs_options o = {nr_total_pages() / 2, nr_total_pages() / 2, 01777,
                              current_cred()->fsuid, current_cred()->fsgid};
    struct super_block *sb;
    struct inode *root;
    int err = parse_options(data, &o);

    if (err)
        return ERR_PTR(err);
    sb = alloc_super("tmpfs", TMPFS_MAGIC);
    if (!sb)
        return ERR_PTR(-ENOMEM);
    root = tmpfs_new_inode(sb, NULL, S_IFDIR | o.mode, 0);
    if (!IS_ERR(root)) {
        root->i_uid = o.uid;
        root->i_gid = o.gid;
        sb->s_root = d_make_root(root);
    }
    if (!sb->s_root) {
        kfree(sb);
        return ERR_PTR(-ENOMEM);
    }
    sb->s_max_pages = o.max_pages;
    sb->s_max_inodes = o.max_inodes;
    return sb;
}
