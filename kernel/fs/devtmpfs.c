/* Character devices and devtmpfs, the file system that names them. Owns the table device number ->
 * operations, filled at boot by register_chrdev() and never emptied, and the one devtmpfs instance
 * that all its mounts share. */
#include "kernel/fs/fs_internal.h"
#include "kernel/debug/assert.h"

#define MAX_CHRDEVS 64
struct chrdev {
    const char *name;
    dev_t dev;
    mode_t mode;
    const struct file_operations *fops;
};
static struct chrdev chrdevs[MAX_CHRDEVS];
static u32 nr_chrdevs;
static DEFINE_MUTEX(chrdev_mutex);
static struct super_block *dev_sb;

static const struct file_operations *find_chrdev(dev_t dev)
{
    u32 n = atomic_load_acquire(&nr_chrdevs);

    for (u32 i = 0; i < n; i++)
        if (chrdevs[i].dev == dev)
            return chrdevs[i].fops;
    return NULL;
}

static int chrdev_open(struct inode *inode, struct file *f)
{
    const struct file_operations *fops = find_chrdev(inode->i_rdev);

    if (!fops)
        return -ENXIO;
    f->f_op = fops;
    return fops->open ? fops->open(inode, f) : 0;
}

const struct file_operations chrdev_fops = {.open = chrdev_open};

/* "pts/0" style names get their directory. */
static struct dentry *find_or_make_dir(struct dentry *parent, const char *name, unsigned len)
{
    struct dentry *d = d_lookup(parent, name, len, name_hash(name, len));
    struct inode *inode;
    char text[NAME_MAX + 1];

    if (d) {
        dput(d); /* the tree keeps it: nobody removes it at boot */
        return d;
    }
    inode = tmpfs_new_inode(dev_sb, NULL, S_IFDIR | 0755, 0);
    if (IS_ERR(inode))
        return ERR_CAST(inode);
    memcpy(text, name, len);
    text[len] = 0;
    return d_create_child(parent, text, inode);
}

static int make_node(const struct chrdev *c)
{
    struct dentry *parent = dev_sb->s_root, *d;
    const char *name = c->name, *slash = strchr(name, '/');
    struct inode *inode;

    if (slash) {
        parent = find_or_make_dir(parent, name, slash - name);
        if (IS_ERR(parent))
            return PTR_ERR(parent);
        name = slash + 1;
    }
    inode = tmpfs_new_inode(dev_sb, NULL, S_IFCHR | c->mode, c->dev);
    if (IS_ERR(inode))
        return PTR_ERR(inode);
    d = d_create_child(parent, name, inode);
    return IS_ERR(d) ? PTR_ERR(d) : 0;
}

int register_chrdev(const char *name, dev_t dev, mode_t mode, const struct file_operations *fops)
{
    struct chrdev *c;
    int err = 0;

    mutex_lock(&chrdev_mutex);
    if (find_chrdev(dev)) {
        err = -EBUSY;
    } else if (nr_chrdevs == MAX_CHRDEVS) {
        err = -ENOMEM;
    } else {
        c = &chrdevs[nr_chrdevs];
        *c = (struct chrdev){name, dev, mode, fops};
        atomic_store_release(&nr_chrdevs, nr_chrdevs + 1);
        if (dev_sb)
            err = make_node(c);
    }
    mutex_unlock(&chrdev_mutex);
    return err;
}

struct super_block *devtmpfs_mount(const char *data, unsigned long flags)
{
    return dev_sb;
}

void devtmpfs_init(void)
{
    struct super_block *sb = tmpfs_mount("mode=755", 0);

    if (IS_ERR(sb))
        panic("no memory for devtmpfs");
    sb->s_type = "devtmpfs";
    sb->s_shared = true;
    sb->s_root->d_inode->i_uid = sb->s_root->d_inode->i_gid = 0;
    mutex_lock(&chrdev_mutex);
    dev_sb = sb;
    for (u32 i = 0; i < nr_chrdevs; i++)
        if (make_node(&chrdevs[i]))
            pr_err("devtmpfs: cannot make %s\n", chrdevs[i].name);
    mutex_unlock(&chrdev_mutex);
}
