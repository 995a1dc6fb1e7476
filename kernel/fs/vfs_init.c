/* Brings the file layer up: caches, the root tmpfs, the known file systems, the devices of memory,
 * and the few names that Linux's built-in initramfs makes. Runs once, on the boot CPU, with the
 * allocators working. */
#include "kernel/fs/fs_internal.h"
#include "kernel/debug/assert.h"

static void make(const char *dir, const char *name, mode_t mode, dev_t dev)
{
    struct dentry *root = root_mount->root, *parent = dir ? d_find_child(root, dir) : root;
    struct inode *inode = tmpfs_new_inode(root->d_sb, NULL, mode, dev);

    if (!parent || IS_ERR(inode) || IS_ERR(d_create_child(parent, name, inode)))
        panic("vfs: cannot make /%s", name);
    if (dir)
        dput(parent);
}

void vfs_init(void)
{
    struct path_s root;

    dcache_init();
    file_init();
    mount_init();
    root = (struct path_s){root_mount, root_mount->root};
    fs_set_root_pwd(&init_fs, &root, &root);
    register_filesystem("tmpfs", tmpfs_mount);
    register_filesystem("ramfs", tmpfs_mount);
    register_filesystem("devtmpfs", devtmpfs_mount);
    memdev_init();
    devtmpfs_init();
    make(NULL, "dev", S_IFDIR | 0755, 0);
    make("dev", "console", S_IFCHR | 0600, MKDEV(5, 1));
    make(NULL, "root", S_IFDIR | 0700, 0);
}
