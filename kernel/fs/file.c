/* Open files: their life, and nameless ones (pipes, eventfds). Owns struct file's cache. The last
 * fput closes; it may sleep. */
#include "kernel/fs/fs_internal.h"
#include "kernel/lib/fmt.h"
#include "kernel/debug/assert.h"

static struct kmem_cache *file_cache;
struct super_block *anon_sb;
static struct inode *anon_inode; /* shared by eventfd and the like, as Linux does */

void file_init(void)
{
    file_cache = kmem_cache_create("file", sizeof(struct file), 64);
    anon_sb = alloc_super("anon_inodefs", 0x09041934);
    anon_inode = anon_sb ? new_inode(anon_sb, 0600) : NULL;
    if (!anon_inode)
        panic("no memory for the file layer");
}

struct file *alloc_empty_file(unsigned flags)
{
    struct file *f = kmem_cache_alloc(file_cache, GFP_KERNEL);

    if (!f)
        return ERR_PTR(-ENOMEM);
    f->f_count = 1;
    f->f_mode = (flags + 1) & O_ACCMODE; /* RDONLY 0 -> READ 1, WRONLY 1 -> WRITE 2, RDWR 2 -> 3 */
    f->f_flags = flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
    f->f_op = NULL;
    f->f_inode = NULL;
    f->f_path.mnt = NULL;
    f->f_path.dentry = NULL;
    f->f_pos = 0;
    mutex_init(&f->f_pos_lock);
    f->private_data = NULL;
    f->f_ep.next = NULL;
    f->f_anon_name = NULL;
    f->f_cred = get_cred(current_cred());
    return f;
}

static void file_free_rcu(struct rcu_head *head)
{
    kmem_cache_free(file_cache, container_of(head, struct file, rcu));
}

static void free_file(struct file *f)
{
    put_cred(f->f_cred);
    call_rcu(&f->rcu, file_free_rcu);
}

static __noinline void close_file(struct file *f)
{
    struct inode *inode = f->f_inode;

    if (unlikely(f->f_ep.next != NULL))
        eventpoll_release(
            f); /* first: ->poll must not be called on what ->release has taken down */
    if (inode && unlikely(inode->i_flctx != NULL))
        locks_remove_flock(f);
    if (f->f_op && f->f_op->release)
        f->f_op->release(inode, f);
    if (f->f_mode & FMODE_WRITER)
        put_write_access(inode);
    if (f->f_mode & FMODE_EXEC)
        allow_write_access(f);
    if (f->f_path.dentry) {
        dput(f->f_path.dentry);
        if (f->f_path.mnt)
            mntput(f->f_path.mnt);
    } else if (inode) {
        iput(inode);
    }
    free_file(f);
}

void fput(struct file *f)
{
    if (atomic_dec_and_test_full(&f->f_count))
        close_file(f);
}

/* ---- named files ---- */
static const struct file_operations path_only_fops;

static int no_device_open(struct inode *inode, struct file *f)
{
    return -ENXIO;
}
static const struct file_operations special_fops = {.open = no_device_open};

/* Which operations a special inode starts with; others keep what their file system gave. */
void init_special_inode(struct inode *inode, mode_t mode, dev_t rdev)
{
    inode->i_rdev = rdev;
    if (S_ISCHR(mode))
        inode->i_fop = &chrdev_fops;
    else if (S_ISFIFO(mode))
        inode->i_fop = NULL; /* fifo_open */
    else
        inode->i_fop = &special_fops; /* block devices, sockets: nobody is behind them */
}

struct file *dentry_open(const struct path_s *p, int flags)
{
    struct file *f = alloc_empty_file(flags);
    struct inode *inode = p->dentry->d_inode;
    int err = 0;

    if (IS_ERR(f))
        return f;
    f->f_path = *p;
    path_get(p);
    f->f_inode = inode;
    if (flags & O_PATH) {
        f->f_mode = FMODE_PATH;
        f->f_flags = flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
        f->f_op = &path_only_fops;
        return f;
    }
    if (f->f_mode & FMODE_WRITE && S_ISREG(inode->i_mode)) {
        err = p->mnt ? mnt_want_write(p->mnt) : 0;
        if (!err)
            err = get_write_access(inode);
        if (!err)
            f->f_mode |= FMODE_WRITER;
    }
    f->f_op = inode->i_fop;
    if (!err && S_ISFIFO(inode->i_mode) && !f->f_op)
        err = fifo_open(inode, f);
    else if (!err && !f->f_op)
        err = -ENXIO; /* an eventfd and its like, through /proc/PID/fd */
    else if (!err && f->f_op && f->f_op->open)
        err = f->f_op->open(inode, f);
    if (!err) {
        if (f->f_op && !f->f_op->llseek)
            f->f_mode |= FMODE_STREAM;
        f->f_flags &= ~O_NOCTTY; /* was for ->open */
        return f;
    }
    f->f_op = NULL; /* ->release is for what ->open accepted */
    close_file(f);
    return ERR_PTR(err);
}

/* ---- nameless files ---- */
struct inode *new_anon_inode(mode_t mode)
{
    return new_inode(anon_sb, mode);
}

bool is_anon_inode(const struct inode *inode)
{
    return inode->i_sb == anon_sb;
}

struct file *alloc_file_inode(struct inode *inode, const char *name,
                              const struct file_operations *fops, void *priv, unsigned flags)
{
    struct file *f = alloc_empty_file(flags);

    if (IS_ERR(f))
        return f;
    ihold(inode);
    f->f_inode = inode;
    f->f_op = fops;
    f->private_data = priv;
    f->f_anon_name = name;
    if (!fops->llseek)
        f->f_mode |= FMODE_STREAM;
    return f;
}

struct file *alloc_anon_file(const char *name, const struct file_operations *fops, void *priv,
                             unsigned flags)
{
    return alloc_file_inode(anon_inode, name, fops, priv, flags);
}

int anon_file_fd(const char *name, const struct file_operations *fops, void *priv, unsigned flags)
{
    int fd = get_unused_fd_flags(flags);
    struct file *f;

    if (fd < 0)
        return fd;
    f = alloc_anon_file(name, fops, priv, flags);
    if (IS_ERR(f)) {
        put_unused_fd(fd);
        return PTR_ERR(f);
    }
    fd_install(fd, f);
    return fd;
}

char *file_path(struct file *f, char *buf, size_t n)
{
    int len;

    if (f->f_path.dentry)
        return d_path(&f->f_path, buf, n);
    if (f->f_inode == anon_inode)
        len = snprintf(buf, n, "anon_inode:%s", f->f_anon_name);
    else
        len = snprintf(buf, n, "%s:[%llu]", f->f_anon_name, (unsigned long long)f->f_inode->i_ino);
    return (size_t)len < n ? buf : ERR_PTR(-ENAMETOOLONG);
}

/* A nameless file gets a private dentry, so that /proc/PID/fd/N can be opened and examined like any
 * path. */
int file_get_path(struct file *f, struct path_s *out)
{
    char name[48], *s;
    struct dentry *d;

    if (f->f_path.dentry) {
        *out = f->f_path;
        path_get(out);
        return 0;
    }
    s = file_path(f, name, sizeof(name));
    d = IS_ERR(s) ? NULL : d_alloc(NULL, s, strlen(s), 0);
    if (!d)
        return -ENOMEM;
    d->d_flags |= D_ANON;
    d->d_sb = f->f_inode->i_sb;
    ihold(f->f_inode);
    d_instantiate(d, f->f_inode);
    out->mnt = NULL;
    out->dentry = d;
    return 0;
}
