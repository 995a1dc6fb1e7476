/* /proc/PID and /proc/PID/task/TID: their directories and files. An inode holds a reference to a
 * struct pid; every use asks for the task behind it and answers ESRCH when it is gone. Must never
 * hold a task longer than one call. */
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"

/* ---- the task behind an inode ---- */
struct task_struct *proc_pid_task(struct pid *pid)
{
    struct task_struct *t;

    rcu_read_lock();
    t = rcu_dereference(pid->task);
    if (t && !tryget_task_struct(t))
        t = NULL;
    rcu_read_unlock();
    return t;
}

struct task_struct *proc_get_task(struct inode *inode)
{
    return proc_pid_task(proc_pid_of(inode)->pid);
}

static bool same_user(struct task_struct *t)
{
    const struct cred *mine = current_cred(), *its;
    bool ok;

    rcu_read_lock();
    its = rcu_dereference(t->real_cred);
    ok = mine->fsuid == its->euid && mine->fsuid == its->suid && mine->fsuid == its->uid &&
         mine->fsgid == its->egid && mine->fsgid == its->sgid && mine->fsgid == its->gid;
    rcu_read_unlock();
    return ok;
}

/* mm: t's, taken before; NULL: it has none. The order is may_access()'s in process_vm.c. */
static bool may_look(struct task_struct *t, const struct mm_struct *mm)
{
    if (t->signal == current->signal)
        return true;
    if (same_user(t)) {
        atomic_fence_acquire();
        if (!mm || atomic_load_relaxed(&mm->dumpable) == 1)
            return true;
    }
    return capable(CAP_SYS_PTRACE);
}

bool proc_may_access(struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);
    bool may = may_look(t, mm);

    if (mm)
        mmput(mm);
    return may;
}

struct mm_struct *proc_get_mm(struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);

    if (may_look(t, mm))
        return mm;
    if (mm)
        mmput(mm);
    return ERR_PTR(-EACCES);
}

/* ---- inodes ---- */
static void pid_inode_destroy(struct inode *inode)
{
    put_pid(proc_pid_of(inode)->pid);
    kfree(inode->i_private);
}

static int fill_pid(struct seq_buf *s, struct inode *inode)
{
    const struct pid_entry *e = proc_pid_of(inode)->entry;
    struct task_struct *t = proc_get_task(inode);
    int err;

    if (!t)
        return -ESRCH;
    err = e->ptrace && !proc_may_access(t) ? -EACCES : e->show(s, t);
    put_task_struct(t);
    return err;
}

static int pid_file_open(struct inode *inode, struct file *f)
{
    struct task_struct *t = proc_get_task(inode);
    bool may;

    if (!t)
        return -ESRCH;
    may = !proc_pid_of(inode)->entry->ptrace || proc_may_access(t);
    put_task_struct(t);
    return may ? text_open(f, fill_pid) : -EACCES;
}

static ssize_t pid_store(const char *text, size_t n, void *data)
{
    struct inode *inode = data;
    const struct pid_entry *e = proc_pid_of(inode)->entry;
    struct task_struct *t = proc_get_task(inode);
    ssize_t ret;

    if (!t)
        return -ESRCH;
    ret = e->store_asks || proc_may_access(t) ? e->store(text, n, t) : -EACCES;
    put_task_struct(t);
    return ret;
}

static ssize_t pid_file_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    return proc_pid_of(f->f_inode)->entry->store ? text_store(buf, n, pid_store, f->f_inode)
                                                 : -EINVAL;
}

static const struct file_operations pid_file_fops = {
    .open = pid_file_open,
    .read = text_read,
    .write = pid_file_write,
    .release = text_release,
    .llseek = generic_file_llseek,
};

/* Numbers stay the same over lookups: pid, entry, descriptor. */
static ino_t pid_ino(struct pid *pid, const struct pid_entry *e, unsigned fd)
{
    return (ino_t)pid_vnr(pid) << 16 | (((unsigned long)e >> 3) & 0xff) << 8 | ((fd + 1) & 0xff);
}

static void set_owner(struct inode *inode, struct pid *pid)
{
    struct task_struct *t;

    inode->i_uid = inode->i_gid = 0;
    rcu_read_lock();
    t = rcu_dereference(pid->task);
    if (t) {
        inode->i_uid = rcu_dereference(t->real_cred)->euid;
        inode->i_gid = rcu_dereference(t->real_cred)->egid;
    }
    rcu_read_unlock();
}

struct inode *proc_pid_make_inode(struct super_block *sb, struct pid *pid,
                                  const struct pid_entry *e, unsigned fd, bool thread)
{
    struct proc_pid_inode *p = kmalloc(sizeof(*p), GFP_KERNEL);
    struct inode *inode = p ? new_inode(sb, e->mode) : NULL;

    if (!inode) {
        kfree(p);
        return NULL;
    }
    *p = (struct proc_pid_inode){get_pid(pid), e, fd, thread};
    set_owner(inode, pid);
    inode->i_ino = pid_ino(pid, e, fd);
    inode->i_private = p;
    inode->destroy = pid_inode_destroy;
    inode->i_op = e->iops;
    inode->i_fop = e->fops ? e->fops : &pid_file_fops;
    if (S_ISDIR(e->mode))
        inode->i_nlink = 2;
    return inode;
}

/* ---- the tables ---- */
static const struct inode_operations task_dir_iops, pid_dir_iops;
static const struct file_operations task_dir_fops, pid_dir_fops;

const struct pid_entry proc_pid_dir = {
    .name = "", .mode = S_IFDIR | 0555, .iops = &pid_dir_iops, .fops = &pid_dir_fops};

#define TEXT(n, m, fn)                                                                             \
    {                                                                                              \
        .name = n, .mode = S_IFREG | m, .show = fn                                                 \
    }
#define PRIVATE(n, m, fn)                                                                          \
    {                                                                                              \
        .name = n, .mode = S_IFREG | m, .show = fn, .ptrace = true                                 \
    }
#define LINK(n, ops)                                                                               \
    {                                                                                              \
        .name = n, .mode = S_IFLNK | 0777, .iops = &ops                                            \
    }
#define DIR(n, m, io, fo, only)                                                                    \
    {                                                                                              \
        .name = n, .mode = S_IFDIR | m, .iops = &io, .fops = &fo, .leader_only = only              \
    }
static const struct pid_entry entries[] = {
    DIR("task", 0555, task_dir_iops, task_dir_fops, true),
    DIR("fd", 0500, proc_fd_dir_iops, proc_fd_dir_fops, false),
    DIR("fdinfo", 0555, proc_fdinfo_dir_iops, proc_fdinfo_dir_fops, false),
    PRIVATE("environ", 0400, proc_environ_show),
    PRIVATE("auxv", 0400, proc_auxv_show),
    TEXT("status", 0444, proc_status_show),
    PRIVATE("personality", 0400, proc_personality_show),
    TEXT("limits", 0444, proc_limits_show),
    {.name = "sched", .mode = S_IFREG | 0644, .show = proc_sched_show, .store = proc_sched_store, .store_asks = true},
    {.name = "timerslack_ns",
     .mode = S_IFREG | 0666,
     .show = proc_timerslack_show,
     .store = proc_timerslack_store,
     .leader_only = true,
     .store_asks = true},
    {.name = "comm", .mode = S_IFREG | 0644, .show = proc_comm_show, .store = proc_comm_store},
    TEXT("cmdline", 0444, proc_cmdline_show),
    TEXT("stat", 0444, proc_stat_show),
    TEXT("statm", 0444, proc_statm_show),
    TEXT("maps", 0444, proc_maps_show),
    LINK("cwd", proc_cwd_iops),
    LINK("root", proc_root_iops),
    LINK("exe", proc_exe_iops),
    TEXT("mounts", 0444, proc_mounts_show),
    TEXT("mountinfo", 0444, proc_mountinfo_show),
    TEXT("wchan", 0444, proc_wchan_show),
    TEXT("schedstat", 0444, proc_schedstat_show),
    TEXT("cgroup", 0444, proc_cgroup_show),
    TEXT("oom_score", 0444, proc_oom_score_show),
    {.name = "oom_score_adj",
     .mode = S_IFREG | 0644,
     .show = proc_oom_score_adj_show,
     .store = proc_oom_score_adj_store},
    PRIVATE("io", 0400, proc_io_show),
    TEXT("children", 0444, proc_children_show),
};
#define CHILDREN (ARRAY_SIZE(entries) - 1) /* only below task/TID */
/* Below task/TID stat tells of the one thread. */
static const struct pid_entry thread_stat = {
    .name = "stat", .mode = S_IFREG | 0444, .show = proc_thread_stat_show};

static bool shown(size_t i, bool thread)
{
    return thread ? !entries[i].leader_only : i != CHILDREN;
}

static struct dentry *instantiate(struct dentry *child, struct inode *inode)
{
    if (!inode)
        return ERR_PTR(-ENOMEM);
    d_instantiate(child, inode);
    return NULL;
}

static struct dentry *pid_dir_lookup(struct inode *dir, struct dentry *child)
{
    struct proc_pid_inode *p = proc_pid_of(dir);

    if (!atomic_load_acquire(&p->pid->task))
        return ERR_PTR(-ENOENT);
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        const struct pid_entry *e = &entries[i];

        if (!shown(i, p->thread) || strcmp(e->name, child->d_name))
            continue;
        if (p->thread && e->show == proc_stat_show)
            e = &thread_stat;
        return instantiate(child, proc_pid_make_inode(dir->i_sb, p->pid, e, 0, p->thread));
    }
    return NULL;
}

static int pid_dir_iterate(struct file *f, struct dir_context *ctx)
{
    struct proc_pid_inode *p = proc_pid_of(f->f_inode);

    if (!atomic_load_acquire(&p->pid->task))
        return -ENOENT;
    if (!dir_emit_dots(f, ctx))
        return 0;
    for (size_t i = ctx->pos - 2; i < ARRAY_SIZE(entries); i++, ctx->pos++) {
        const struct pid_entry *e = &entries[i];

        if (shown(i, p->thread) && !ctx->actor(ctx, e->name, strlen(e->name), ctx->pos,
                                               pid_ino(p->pid, e, 0), (e->mode & S_IFMT) >> 12))
            return 0;
    }
    return 0;
}

static const struct inode_operations pid_dir_iops = {.lookup = pid_dir_lookup};
static const struct file_operations pid_dir_fops = {.iterate = pid_dir_iterate,
                                                    .llseek = proc_dir_llseek};

struct pid *proc_pid_get(int fd)
{
    struct fd f = fdget(fd);
    struct pid *pid = ERR_PTR(-EBADF);

    if (f.file && f.file->f_op == &pid_dir_fops && !proc_pid_of(f.file->f_inode)->thread)
        pid = get_pid(proc_pid_of(f.file->f_inode)->pid);
    if (f.file)
        fdput(f);
    return pid;
}

/* ---- task/: the threads ---- */
static struct dentry *task_dir_lookup(struct inode *dir, struct dentry *child)
{
    struct task_struct *leader = proc_get_task(dir), *t;
    const char *end;
    u64 nr = strtou64(child->d_name, &end, 10);
    struct pid *pid = *end || nr > INT_MAX ? NULL : find_get_pid((int)nr);
    struct dentry *ret = NULL;
    bool mine;

    rcu_read_lock();
    t = pid ? rcu_dereference(pid->task) : NULL;
    mine = t && leader && t->signal == leader->signal;
    rcu_read_unlock();
    if (mine)
        ret = instantiate(child, proc_pid_make_inode(dir->i_sb, pid, &proc_pid_dir, 0, true));
    if (pid)
        put_pid(pid);
    if (leader)
        put_task_struct(leader);
    return ret;
}

/* The numbers of the threads from *index on; at most n. */
static size_t thread_numbers(struct task_struct *leader, size_t index, pid_t *out, size_t n)
{
    struct task_struct *t;
    size_t i = 0, got = 0;

    rcu_read_lock();
    for_each_thread(leader, t)
        if (i++ >= index && got < n)
            out[got++] = t->pid;
    rcu_read_unlock();
    return got;
}

static int task_dir_iterate(struct file *f, struct dir_context *ctx)
{
    struct task_struct *leader = proc_get_task(f->f_inode);
    pid_t numbers[32];
    size_t n = 1;

    if (!leader)
        return -ENOENT;
    while (dir_emit_dots(f, ctx) && n) {
        n = thread_numbers(leader, ctx->pos - 2, numbers, ARRAY_SIZE(numbers));
        for (size_t i = 0; i < n; i++) {
            char name[12];
            int len = scnprintf(name, sizeof(name), "%d", numbers[i]);

            if (!ctx->actor(ctx, name, len, ctx->pos, ((ino_t)numbers[i] << 16) | 2, S_IFDIR >> 12))
                goto out;
            ctx->pos++;
        }
    }
out:
    put_task_struct(leader);
    return 0;
}

static const struct inode_operations task_dir_iops = {.lookup = task_dir_lookup};
static const struct file_operations task_dir_fops = {.iterate = task_dir_iterate,
                                                     .llseek = proc_dir_llseek};
