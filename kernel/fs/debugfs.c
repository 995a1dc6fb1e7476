/* The debugfs file system: its one super block and static tree, empty of anything but what kernel files put there. For root only; it is
 * mounted by who wants it, usually at /sys/kernel/debug. */
#include "kernel/debug/assert.h"
#include "kernel/fs/proc_internal.h"

#define DEBUGFS_MAGIC 0x64626720

struct proc_node debugfs_root_node = {.name = "", .mode = S_IFDIR | 0700, .ino = 1};
static struct super_block *debugfs_sb;

static struct super_block *debugfs_mount(const char *data, unsigned long flags)
{
    return debugfs_sb;
}

void debugfs_init(void)
{
    struct inode *root;

    debugfs_sb = alloc_super("debugfs", DEBUGFS_MAGIC);
    root = debugfs_sb ? proc_node_inode(debugfs_sb, &debugfs_root_node) : NULL;
    if (!root)
        panic("debugfs: no memory");
    debugfs_sb->s_shared = true;
    debugfs_sb->s_root = d_make_root(root);
    if (!debugfs_sb->s_root || register_filesystem("debugfs", debugfs_mount))
        panic("debugfs: no memory");
    proc_sched_create();
}
