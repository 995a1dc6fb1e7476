/* The initramfs: archives that follow one another, newc, plain or gzip, unpacked into the root file
 * system. Owns the table of hard links while it runs. Whatever the archive holds, the kernel goes
 * on: errors are reported and returned. */
#include "kernel/fs/fs_internal.h"
#include "kernel/fs/cpio.h"
#include "kernel/fs/inflate.h"
#include "kernel/debug/printk.h"

#define LINK_BUCKETS 64

void (*initramfs_release)(const void *start, size_t bytes);

struct hard_link {
    struct hard_link *next;
    u32 ino, major, minor;
    struct inode *inode; /* referenced */
};

struct unpack {
    struct cpio cpio;
    const u8 *released;  /* archive bytes before it were given back */
    struct inode *inode; /* regular file being written, referenced */
    loff_t pos;
    char *target; /* symbolic link's text */
    size_t target_len;
    const u8 *gzip_start;
    struct hard_link *links[LINK_BUCKETS];
};

/* ---- names ---- */
static const char *clean_name(const char *name)
{
    while (name[0] == '/' || (name[0] == '.' && (name[1] == '/' || !name[1])))
        name++;
    return name;
}

struct slot {
    struct path_s parent;
    struct last_name last;
    struct dentry *old;
};

/* Locks the parent directory. old: what has that name, referenced, or NULL. */
static int open_slot(struct slot *s, const char *name)
{
    struct dentry *d;
    int err = path_lookup_parent(AT_FDCWD, name, 0, &s->parent, &s->last);

    if (err)
        return err;
    if (s->last.type != LAST_NORM) {
        path_put(&s->parent);
        return -EEXIST;
    }
    mutex_lock(&s->parent.dentry->d_inode->i_mutex);
    d = lookup_one_locked(s->parent.dentry, &s->last);
    s->old = IS_ERR(d) ? NULL : d;
    return 0;
}

static void close_slot(struct slot *s)
{
    mutex_unlock(&s->parent.dentry->d_inode->i_mutex);
    if (s->old)
        dput(s->old);
    path_put(&s->parent);
}

/* Another file of that name goes away; a directory stays when it has entries. */
static int clear_slot(struct slot *s)
{
    struct inode *dir = s->parent.dentry->d_inode;
    int err;

    if (!s->old)
        return 0;
    err = S_ISDIR(s->old->d_inode->i_mode) ? dir->i_op->rmdir(dir, s->old)
                                           : dir->i_op->unlink(dir, s->old);
    if (!err)
        d_delete(s->old);
    return err;
}

/* Takes owner, mode and time from the archive. */
static void set_attributes(struct inode *i, const struct cpio_entry *e)
{
    struct timespec t = {e->mtime, 0};

    i->i_uid = e->uid;
    i->i_gid = e->gid;
    i->i_mode = (i->i_mode & S_IFMT) | (e->mode & 07777);
    i->i_mtime = t;
}

/* Makes the name in the locked slot; *out is the inode, referenced. */
static int make_entry(struct slot *s, const struct cpio_entry *e, const char *target,
                      struct inode **out)
{
    struct inode *dir = s->parent.dentry->d_inode;
    struct dentry *d = d_alloc(s->parent.dentry, s->last.name, s->last.len, s->last.hash);
    int err;

    if (!d)
        return -ENOMEM;
    if (S_ISDIR(e->mode))
        err = dir->i_op->mkdir(dir, d, e->mode);
    else if (S_ISREG(e->mode))
        err = dir->i_op->create(dir, d, e->mode);
    else if (S_ISLNK(e->mode))
        err = dir->i_op->symlink(dir, d, target);
    else
        err = dir->i_op->mknod(dir, d, e->mode, MKDEV(e->rmajor, e->rminor));
    if (!err) {
        set_attributes(d->d_inode, e);
        d_add(d);
        *out = d->d_inode;
        ihold(*out);
    }
    dput(d);
    return err;
}

/* A directory that exists only gets its attributes; anything else is made anew. */
static int place_entry(const struct cpio_entry *e, const char *target, struct inode **out)
{
    const char *name = clean_name(e->name);
    struct slot s;
    int err;

    if (!*name) { /* the root itself */
        if (S_ISDIR(e->mode))
            set_attributes(root_mount->root->d_inode, e);
        return -EEXIST;
    }
    err = open_slot(&s, name);
    if (err)
        return err;
    if (s.old && S_ISDIR(s.old->d_inode->i_mode) && S_ISDIR(e->mode)) {
        *out = s.old->d_inode;
        ihold(*out);
        set_attributes(*out, e);
    } else {
        err = clear_slot(&s);
        if (!err)
            err = make_entry(&s, e, target, out);
    }
    close_slot(&s);
    return err;
}

/* ---- hard links ---- */
static struct hard_link **find_link(struct unpack *u, const struct cpio_entry *e)
{
    struct hard_link **p = &u->links[(e->ino + e->minor) % LINK_BUCKETS];

    while (*p && ((*p)->ino != e->ino || (*p)->major != e->major || (*p)->minor != e->minor))
        p = &(*p)->next;
    return p;
}

static int remember_link(struct unpack *u, const struct cpio_entry *e, struct inode *inode)
{
    struct hard_link *l = kmalloc(sizeof(*l), GFP_KERNEL);

    if (!l)
        return -ENOMEM;
    *l = (struct hard_link){NULL, e->ino, e->major, e->minor, inode};
    ihold(inode);
    *find_link(u, e) = l;
    return 0;
}

/* Another name for what was unpacked before. */
static int place_link(struct hard_link *l, const struct cpio_entry *e)
{
    struct inode *inode = l->inode, *dir;
    struct slot s;
    struct dentry *d;
    int err = open_slot(&s, clean_name(e->name));

    if (err)
        return err;
    dir = s.parent.dentry->d_inode;
    err = clear_slot(&s);
    d = err ? NULL : d_alloc(s.parent.dentry, s.last.name, s.last.len, s.last.hash);
    if (d) {
        inode->i_nlink++;
        ihold(inode);
        d_instantiate(d, inode);
        dir->i_mtime = dir->i_ctime = current_time();
        d_add(d);
        dput(d);
    } else if (!err) {
        err = -ENOMEM;
    }
    close_slot(&s);
    return err;
}

/* Numbers of inodes mean something within one archive only. */
static void free_links(struct unpack *u)
{
    for (unsigned b = 0; b < LINK_BUCKETS; b++) {
        while (u->links[b]) {
            struct hard_link *l = u->links[b];

            u->links[b] = l->next;
            iput(l->inode);
            kfree(l);
        }
    }
}

/* ---- the parser's calls ---- */
/* Missing parents and the like spoil one entry, not the archive, as in Linux; lack of memory ends
 * it. */
static int tolerate(const struct cpio_entry *e, int err)
{
    if (!err || err == -EEXIST)
        return 0;
    if (err == -ENOMEM || err == -ENOSPC)
        return err;
    pr_warn("initramfs: %s: error %d, skipped\n", e->name, -err);
    return 0;
}

static int begin_regular(struct unpack *u, const struct cpio_entry *e)
{
    struct hard_link *l = e->nlink > 1 ? *find_link(u, e) : NULL;
    int err;

    if (l) {
        err = place_link(l, e);
        if (!err && e->size) {
            u->inode = l->inode;
            ihold(u->inode);
        }
        return tolerate(e, err);
    }
    err = place_entry(e, NULL, &u->inode);
    if (!err && e->nlink > 1)
        err = remember_link(u, e, u->inode);
    return tolerate(e, err);
}

static int unpack_begin(void *arg, const struct cpio_entry *e)
{
    struct unpack *u = arg;
    struct inode *made = NULL;
    int err;

    u->inode = NULL;
    u->pos = 0;
    if (S_ISREG(e->mode))
        return begin_regular(u, e);
    if (S_ISLNK(e->mode)) {
        u->target_len = 0;
        if (e->size >= PATH_MAX)
            return tolerate(e, -ENAMETOOLONG);
        u->target = kmalloc(PATH_MAX, GFP_KERNEL);
        return u->target ? 0 : -ENOMEM;
    }
    err = place_entry(e, NULL, &made);
    if (made)
        iput(made);
    return tolerate(e, err);
}

static int unpack_data(void *arg, const uint8_t *bytes, size_t n)
{
    struct unpack *u = arg;
    ssize_t done;

    if (u->target) {
        memcpy(u->target + u->target_len, bytes, n);
        u->target_len += n;
        return 0;
    }
    if (!u->inode)
        return 0; /* an entry that was skipped */
    done = tmpfs_write_kernel(u->inode, bytes, n, u->pos);
    if (done < 0)
        return done;
    u->pos += done;
    return (size_t)done == n ? 0 : -ENOMEM;
}

static int unpack_end(void *arg, const struct cpio_entry *e)
{
    struct unpack *u = arg;
    struct inode *made = NULL;
    int err = 0;

    if (u->target) {
        u->target[u->target_len] = 0;
        err = tolerate(e, place_entry(e, u->target, &made));
        if (made)
            iput(made);
        kfree(u->target);
        u->target = NULL;
    }
    if (u->inode) {
        u->inode->i_mtime = (struct timespec){e->mtime, 0};
        iput(u->inode);
        u->inode = NULL;
    }
    return err;
}

/* ---- archives ---- */
/* Whole pages only: what shares a page with bytes still to be read stays. */
static void release_until(struct unpack *u, const u8 *p)
{
    const u8 *end = (const u8 *)ALIGN_DOWN((u64)p, PAGE_SIZE);

    if (end <= u->released)
        return;
    if (initramfs_release)
        initramfs_release(u->released, end - u->released);
    u->released = end;
}

static void gzip_progress(void *arg, size_t used)
{
    struct unpack *u = arg;

    release_until(u, u->gzip_start + used);
}

/* At most to the end of an archive: bytes used, or -errno. */
static ptrdiff_t feed_archive(struct unpack *u, const u8 *p, size_t n)
{
    ptrdiff_t used = cpio_feed(&u->cpio, p, n);

    if (used >= 0 && u->cpio.done)
        free_links(u);
    return used;
}

static int gzip_sink(void *arg, const uint8_t *bytes, size_t n)
{
    struct unpack *u = arg;

    while (n) {
        ptrdiff_t used = feed_archive(u, bytes, n);

        if (used < 0)
            return used;
        bytes += used;
        n -= used;
    }
    return 0;
}

static ptrdiff_t feed_gzip(struct unpack *u, const u8 *p, size_t n)
{
    void *work = vmalloc(INFLATE_WORK_BYTES);
    const char *why = "";
    size_t used = 0;
    int err;

    if (!work)
        return -ENOMEM;
    u->gzip_start = p;
    err = gunzip_member(work, p, n, &used, gzip_sink, gzip_progress, u, &why);
    vfree(work);
    if (err == -EINVAL && *why)
        pr_err("initramfs: corrupt gzip data at byte %zu: %s\n", used, why);
    return err ? err : (ptrdiff_t)used;
}

/* Plain bytes are fed in pieces, so that their pages can be given back on the way. */
static ptrdiff_t feed_plain(struct unpack *u, const u8 *p, size_t n)
{
    size_t at = 0;

    while (at < n) {
        ptrdiff_t used = feed_archive(u, p + at, min_t(size_t, n - at, 1u << 20));

        if (used < 0)
            return used;
        at += used;
        release_until(u, p + at);
        if (u->cpio.done)
            break;
    }
    return at;
}

static int unpack_all(struct unpack *u, const u8 *p, size_t n)
{
    while (n) {
        ptrdiff_t used;

        if (!*p && u->cpio.state == CPIO_IDLE) {
            used = 1;
        } else if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b) {
            used = feed_gzip(u, p, n);
        } else if (*p == '0') {
            used = feed_plain(u, p, n);
        } else {
            u->cpio.why = "neither newc nor gzip";
            return -EINVAL;
        }
        if (used < 0)
            return used;
        p += used;
        n -= used;
    }
    return cpio_finish(&u->cpio);
}

static void report(const struct unpack *u, int err)
{
    if (err == -ENOMEM || err == -ENOSPC)
        pr_err("initramfs: out of memory while unpacking %s\n",
               u->cpio.state == CPIO_IDLE ? "" : u->cpio.name);
    else if (err == -EINVAL && *u->cpio.why)
        pr_err("initramfs: corrupt archive: %s\n", u->cpio.why);
    else
        pr_err("initramfs: unpacking failed: error %d\n", -err);
}

int unpack_initramfs(const void *data, size_t len)
{
    struct cpio_sink sink = {unpack_begin, unpack_data, unpack_end, NULL};
    struct unpack *u = kzalloc(sizeof(*u), GFP_KERNEL);
    int err;

    if (!u) {
        pr_err("initramfs: out of memory\n");
        return -ENOMEM;
    }
    sink.arg = u;
    u->released = (const u8 *)ALIGN_UP((u64)data, PAGE_SIZE);
    cpio_init(&u->cpio, &sink);
    err = unpack_all(u, data, len);
    if (err)
        report(u, err);
    if (u->inode)
        iput(u->inode);
    kfree(u->target);
    free_links(u);
    release_until(u, (const u8 *)data + len);
    kfree(u);
    return err;
}
