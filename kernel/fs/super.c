/* The registry of file systems and super blocks. Owns the list of names; entries are added, never
 * removed. */
#include "kernel/fs/fs_internal.h"

#define MAX_FILESYSTEMS 16
static struct {
    const char *name;
    fs_mount_fn mount;
} filesystems[MAX_FILESYSTEMS];
static u32 nr_filesystems;
static DEFINE_MUTEX(register_mutex);
static u32 next_minor; /* anonymous device numbers: major 0 */

int register_filesystem(const char *name, fs_mount_fn mount)
{
    int err = 0;

    mutex_lock(&register_mutex);
    for (u32 i = 0; i < nr_filesystems; i++)
        if (!strcmp(filesystems[i].name, name))
            err = -EBUSY;
    if (!err && nr_filesystems == MAX_FILESYSTEMS)
        err = -ENOMEM;
    if (!err) {
        filesystems[nr_filesystems].name = name;
        filesystems[nr_filesystems].mount = mount;
        atomic_store_release(&nr_filesystems, nr_filesystems + 1);
    }
    mutex_unlock(&register_mutex);
    return err;
}

struct super_block *fs_mount_by_name(const char *type, const char *data, unsigned long flags)
{
    u32 n = atomic_load_acquire(&nr_filesystems);

    for (u32 i = 0; i < n; i++)
        if (!strcmp(filesystems[i].name, type))
            return filesystems[i].mount(data, flags);
    return ERR_PTR(-ENODEV);
}

void for_each_filesystem(void (*fn)(void *arg, const char *name), void *arg)
{
    u32 n = atomic_load_acquire(&nr_filesystems);

    for (u32 i = 0; i < n; i++)
        fn(arg, filesystems[i].name);
}

struct super_block *alloc_super(const char *type, u32 magic)
{
    struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);

    if (!sb)
        return NULL;
    sb->s_type = type;
    sb->s_magic = magic;
    sb->s_dev = MKDEV(0, atomic_fetch_add_relaxed(&next_minor, 1) + 1);
    return sb;
}

/* Unlinks the whole tree below d; nobody else can reach it any more. Depth is bounded by iteration,
 * not recursion. */
static void drop_tree(struct dentry *root)
{
    struct dentry *d = root;

    for (;;) {
        struct dentry *parent;

        while (!list_empty(&d->d_subdirs))
            d = list_first_entry(&d->d_subdirs, struct dentry, d_child);
        if (d == root)
            return;
        parent = d->d_parent;
        d_delete(d);
        d = parent;
    }
}

/* The last mount is gone. */
void put_super(struct super_block *sb)
{
    if (!atomic_dec_and_test_full(&sb->s_active) || sb->s_shared)
        return;
    drop_tree(sb->s_root);
    dput(sb->s_root);
    rcu_barrier(); /* inodes name their super block until they are freed */
    kfree(sb);
}
