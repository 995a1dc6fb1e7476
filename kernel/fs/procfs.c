/* The proc file system: its one super block, and its root, which is the static tree, a directory
 * for each process, and the links self and thread-self. Owns the super block. May sleep. */
#include "kernel/debug/assert.h"
#include "kernel/debug/parked_thread.h"
#include "kernel/debug/provoke.h"
#include "kernel/debug/rcu_torture.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/task/process.h"

#define PROC_MAGIC      0x9fa0
#define FIRST_STATIC    4      /* positions 2 and 3 are the links */
#define FIRST_PID       0x1000 /* positions of processes: FIRST_PID + number */
#define INO_SELF        0xf0000000u
#define INO_THREAD_SELF 0xf0000001u

static struct super_block *proc_sb;

static ssize_t self_readlink(struct dentry *d, char *buf, size_t n)
{
    if (d->d_inode->i_ino == INO_SELF)
        return scnprintf(buf, n, "%d", current->tgid);
    return scnprintf(buf, n, "%d/task/%d", current->tgid, current->pid);
}

static const struct inode_operations self_iops = {.readlink = self_readlink};

static struct inode *self_inode(struct super_block *sb, ino_t ino)
{
    struct inode *inode = new_inode(sb, S_IFLNK | 0777);

    if (inode) {
        inode->i_ino = ino;
        inode->i_uid = inode->i_gid = 0;
        inode->i_op = &self_iops;
    }
    return inode;
}

/* A process or a thread by number: threads have a directory that readdir does not show, as on
 * Linux. */
static struct inode *pid_inode(struct super_block *sb, const char *name)
{
    const char *end;
    u64 nr = strtou64(name, &end, 10);
    struct pid *pid =
        *end || nr == 0 || nr > INT_MAX || *name == '0' ? NULL : find_get_pid((int)nr);
    struct inode *inode = NULL;

    if (!pid)
        return NULL;
    if (atomic_load_acquire(&pid->task)) {
        inode = proc_pid_make_inode(sb, pid, &proc_pid_dir, 0, false);
        if (!inode)
            inode = ERR_PTR(-ENOMEM);
    }
    put_pid(pid);
    return inode;
}

static struct dentry *root_lookup(struct inode *dir, struct dentry *child)
{
    struct proc_node *n = proc_node_find(&proc_root_node, child->d_name, child->d_namelen);
    struct inode *inode;

    if (n)
        inode = proc_node_inode(dir->i_sb, n);
    else if (!strcmp(child->d_name, "self"))
        inode = self_inode(dir->i_sb, INO_SELF);
    else if (!strcmp(child->d_name, "thread-self"))
        inode = self_inode(dir->i_sb, INO_THREAD_SELF);
    else if (!(inode = pid_inode(dir->i_sb, child->d_name)))
        return NULL;
    if (IS_ERR_OR_NULL(inode))
        return ERR_PTR(-ENOMEM);
    d_instantiate(child, inode);
    return NULL;
}

static bool emit_links(struct dir_context *ctx)
{
    if (ctx->pos == 2) {
        if (!ctx->actor(ctx, "self", 4, 2, INO_SELF, S_IFLNK >> 12))
            return false;
        ctx->pos = 3;
    }
    if (ctx->pos == 3) {
        if (!ctx->actor(ctx, "thread-self", 11, 3, INO_THREAD_SELF, S_IFLNK >> 12))
            return false;
        ctx->pos = FIRST_STATIC;
    }
    return true;
}

static void emit_processes(struct dir_context *ctx)
{
    pid_t nr = (pid_t)max_t(loff_t, ctx->pos - FIRST_PID, 1);
    struct task_struct *t;

    for (; (t = next_process(&nr)); nr++) {
        char name[12];
        int len = scnprintf(name, sizeof(name), "%d", nr);
        bool room =
            ctx->actor(ctx, name, len, FIRST_PID + nr, ((ino_t)nr << 16) | 1, S_IFDIR >> 12);

        put_task_struct(t);
        if (!room)
            return;
        ctx->pos = FIRST_PID + nr + 1;
    }
}

static int root_iterate(struct file *f, struct dir_context *ctx)
{
    if (!dir_emit_dots(f, ctx) || !emit_links(ctx))
        return 0;
    if (ctx->pos < FIRST_PID) {
        if (!proc_node_emit(&proc_root_node, ctx, FIRST_STATIC))
            return 0;
        ctx->pos = FIRST_PID;
    }
    emit_processes(ctx);
    return 0;
}

static const struct inode_operations root_iops = {.lookup = root_lookup};
static const struct file_operations root_fops = {.iterate = root_iterate,
                                                 .llseek = proc_dir_llseek};

static struct super_block *proc_mount(const char *data, unsigned long flags)
{
    return proc_sb;
}

void procfs_init(void)
{
    struct inode *root;

    proc_sb = alloc_super("proc", PROC_MAGIC);
    root = proc_sb ? new_inode(proc_sb, S_IFDIR | 0555) : NULL;
    if (!root)
        panic("procfs: no memory");
    proc_sb->s_shared = true;
    root->i_ino = 1;
    root->i_nlink = 2;
    root->i_op = &root_iops;
    root->i_fop = &root_fops;
    proc_sb->s_root = d_make_root(root);
    if (!proc_sb->s_root || register_filesystem("proc", proc_mount))
        panic("procfs: no memory");
    proc_system_create();
    proc_sysctl_create();
    proc_sysrq_create();
    provoke_create();
    rcu_torture_create();
    parked_thread_create();
}
