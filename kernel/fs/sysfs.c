/* The sysfs file system: its one super block and the static tree of /sys. */
#include "kernel/debug/assert.h"
#include "kernel/fs/proc_internal.h"

#define SYSFS_MAGIC 0x62656572

static struct super_block *sysfs_sb;

static struct super_block *sysfs_mount(const char *data, unsigned long flags)
{
    return sysfs_sb;
}

/* The folders that programs mount something on or look for. */
static void create_folders(void)
{
    static const char *const names[] = {"block",    "bus",       "class",        "dev",
                                        "firmware", "fs/cgroup", "kernel/debug", "kernel/mm",
                                        "module",   "power"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        sysfs_mkdir(names[i]);
}

void sysfs_init(void)
{
    struct inode *root;

    sysfs_sb = alloc_super("sysfs", SYSFS_MAGIC);
    root = sysfs_sb ? proc_node_inode(sysfs_sb, &sysfs_root_node) : NULL;
    if (!root)
        panic("sysfs: no memory");
    sysfs_sb->s_shared = true;
    sysfs_sb->s_root = d_make_root(root);
    if (!sysfs_sb->s_root || register_filesystem("sysfs", sysfs_mount))
        panic("sysfs: no memory");
    create_folders();
    sysfs_cpu_create();
}
