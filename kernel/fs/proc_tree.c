/* The static trees of /proc and /sys: named nodes made at boot, looked up without a lock. Owns the
 * nodes; they are never removed. Directory entries and inodes live only while somebody uses them.
 * May sleep. */
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"

static DEFINE_MUTEX(proc_tree_mutex); /* creation */
static u32 next_ino = 2;              /* proc_tree_mutex */
struct proc_node proc_root_node = {.name = "", .mode = S_IFDIR | 0555, .ino = 1};
struct proc_node sysfs_root_node = {.name = "", .mode = S_IFDIR | 0555, .ino = 1};

struct proc_node *proc_node_find(struct proc_node *dir, const char *name, u32 len)
{
    struct proc_node *n;

    hlist_for_each_entry_rcu (n, &dir->children, sibling)
        if (n->namelen == len && !memcmp(n->name, name, len))
            return n;
    return NULL;
}

static struct proc_node *add_node(struct proc_node *dir, const char *name, u32 len, mode_t mode)
{
    struct proc_node *n = kzalloc(sizeof(*n), GFP_KERNEL);

    if (!n)
        return NULL;
    n->name = kmalloc(len + 1, GFP_KERNEL);
    if (!n->name) {
        kfree(n);
        return NULL;
    }
    memcpy(n->name, name, len);
    n->name[len] = '\0';
    n->namelen = len;
    n->mode = mode;
    n->ino = next_ino++;
    n->index = dir->nr_children++;
    return n;
}

/* The node at path; missing directories are made. The caller publishes a new last node. */
static struct proc_node *walk_to_parent(struct proc_node *dir, const char **path)
{
    const char *slash;

    while ((slash = strchr(*path, '/'))) {
        u32 len = slash - *path;
        struct proc_node *n = proc_node_find(dir, *path, len);

        if (!n) {
            n = add_node(dir, *path, len, S_IFDIR | 0555);
            if (!n)
                return NULL;
            hlist_add_head_rcu(&n->sibling, &dir->children);
        }
        dir = n;
        *path = slash + 1;
    }
    return dir;
}

static int create(struct proc_node *root, const char *path, const struct proc_node *as)
{
    struct proc_node *dir, *n = NULL;
    int err = -ENOMEM;

    mutex_lock(&proc_tree_mutex);
    dir = walk_to_parent(root, &path);
    if (dir && proc_node_find(dir, path, strlen(path)))
        err = -EEXIST;
    else if (dir)
        n = add_node(dir, path, strlen(path), as->mode);
    if (n) {
        n->show = as->show;
        n->store = as->store;
        n->data = as->data;
        n->target = as->target;
        hlist_add_head_rcu(&n->sibling, &dir->children);
        err = 0;
    }
    mutex_unlock(&proc_tree_mutex);
    return err;
}

int proc_create(const char *path, mode_t mode, proc_show_t show, proc_store_t store, void *data)
{
    return create(
        &proc_root_node, path,
        &(struct proc_node){.mode = S_IFREG | mode, .show = show, .store = store, .data = data});
}

int sysfs_create(const char *path, mode_t mode, proc_show_t show, proc_store_t store, void *data)
{
    return create(
        &sysfs_root_node, path,
        &(struct proc_node){.mode = S_IFREG | mode, .show = show, .store = store, .data = data});
}

int debugfs_create(const char *path, mode_t mode, proc_show_t show, proc_store_t store, void *data)
{
    return create(
        &debugfs_root_node, path,
        &(struct proc_node){.mode = S_IFREG | mode, .show = show, .store = store, .data = data});
}

static int create_link(struct proc_node *root, const char *path, const char *target)
{
    char *copy = kstrdup(target, GFP_KERNEL);

    return copy ? create(root, path, &(struct proc_node){.mode = S_IFLNK | 0777, .target = copy})
                : -ENOMEM;
}

int proc_symlink(const char *path, const char *target)
{
    return create_link(&proc_root_node, path, target);
}

int sysfs_symlink(const char *path, const char *target)
{
    return create_link(&sysfs_root_node, path, target);
}

int sysfs_mkdir(const char *path)
{
    return create(&sysfs_root_node, path, &(struct proc_node){.mode = S_IFDIR | 0755});
}

/* ---- as files ---- */
static int fill_node(struct seq_buf *s, struct inode *inode)
{
    struct proc_node *n = inode->i_private;

    return n->show ? n->show(s, n->data) : 0;
}

static int node_open(struct inode *inode, struct file *f)
{
    return text_open(f, fill_node);
}

static ssize_t node_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    struct proc_node *node = f->f_inode->i_private;

    return node->store ? text_store(buf, n, node->store, node->data) : -EIO;
}

static const struct file_operations node_fops = {
    .open = node_open,
    .read = text_read,
    .write = node_write,
    .release = text_release,
    .llseek = generic_file_llseek,
};

static int node_iterate(struct file *f, struct dir_context *ctx)
{
    if (dir_emit_dots(f, ctx))
        proc_node_emit(f->f_inode->i_private, ctx, 2);
    return 0;
}

static const struct file_operations node_dir_fops = {.iterate = node_iterate,
                                                     .llseek = proc_dir_llseek};

static struct dentry *node_lookup(struct inode *dir, struct dentry *child)
{
    struct proc_node *n = proc_node_find(dir->i_private, child->d_name, child->d_namelen);
    struct inode *inode;

    if (!n)
        return NULL;
    inode = proc_node_inode(dir->i_sb, n);
    if (!inode)
        return ERR_PTR(-ENOMEM);
    d_instantiate(child, inode);
    return NULL;
}

static ssize_t node_readlink(struct dentry *d, char *buf, size_t n)
{
    struct proc_node *node = d->d_inode->i_private;
    size_t len = min(strlen(node->target), n);

    memcpy(buf, node->target, len);
    return len;
}

static const struct inode_operations node_dir_iops = {.lookup = node_lookup};
static const struct inode_operations node_link_iops = {.readlink = node_readlink};
static const struct inode_operations node_file_iops = {0};

struct inode *proc_node_inode(struct super_block *sb, struct proc_node *n)
{
    struct inode *inode = new_inode(sb, n->mode);

    if (!inode)
        return NULL;
    inode->i_ino = n->ino;
    inode->i_uid = inode->i_gid = 0;
    inode->i_private = n;
    inode->i_flags |= S_FIXED;
    if (S_ISDIR(n->mode)) {
        inode->i_nlink = 2;
        inode->i_op = &node_dir_iops;
        inode->i_fop = &node_dir_fops;
    } else if (S_ISLNK(n->mode)) {
        inode->i_op = &node_link_iops;
    } else {
        inode->i_op = &node_file_iops;
        inode->i_fop = &node_fops;
    }
    return inode;
}

static struct proc_node *nth_child(struct proc_node *dir, u32 index)
{
    struct proc_node *n;

    hlist_for_each_entry_rcu (n, &dir->children, sibling)
        if (n->index == index)
            return n;
    return NULL;
}

bool proc_node_emit(struct proc_node *dir, struct dir_context *ctx, loff_t base)
{
    struct proc_node *n;

    while (ctx->pos >= base && (n = nth_child(dir, ctx->pos - base))) {
        if (!ctx->actor(ctx, n->name, n->namelen, ctx->pos, n->ino, (n->mode & S_IFMT) >> 12))
            return false;
        ctx->pos++;
    }
    return true;
}

loff_t proc_dir_llseek(struct file *f, loff_t off, int whence)
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
