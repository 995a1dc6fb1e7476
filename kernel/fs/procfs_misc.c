/* The small files of /proc/PID: comm, limits, io, oom, mounts, children. */
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/process.h"

int proc_comm_show(struct seq_buf *s, struct task_struct *t)
{
    seq_printf(s, "%.15s\n", t->comm);
    return 0;
}

/* Only threads of the same process may rename one another. */
ssize_t proc_comm_store(const char *text, size_t n, struct task_struct *t)
{
    char name[TASK_COMM_LEN] = {0};

    if (t->signal != current->signal)
        return -EINVAL;
    memcpy(name, text, min(strnlen(text, n), sizeof(name) - 1));
    if (strchr(name, '\n'))
        *strchr(name, '\n') = '\0';
    memcpy(t->comm, name, sizeof(name));
    return n;
}

static const struct {
    const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
    {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
    {"Max data size", "bytes"},      {"Max stack size", "bytes"},
    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
    {"Max processes", "processes"},  {"Max open files", "files"},
    {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
    {"Max file locks", "locks"},     {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},  {"Max nice priority", NULL},
    {"Max realtime priority", NULL}, {"Max realtime timeout", "us"},
};

static void show_limit(struct seq_buf *s, u64 value)
{
    if (value == RLIM_INFINITY)
        seq_printf(s, "%-20s ", "unlimited");
    else
        seq_printf(s, "%-20lu ", value);
}

int proc_limits_show(struct seq_buf *s, struct task_struct *t)
{
    seq_printf(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        seq_printf(s, "%-25s ", limit_names[i].name);
        show_limit(s, READ_ONCE(t->signal->rlim[i].rlim_cur));
        show_limit(s, READ_ONCE(t->signal->rlim[i].rlim_max));
        if (limit_names[i].unit)
            seq_printf(s, "%-10s", limit_names[i].unit);
        seq_putc(s, '\n');
    }
    return 0;
}

/* Bytes through read and write are not counted; blocks are. */
int proc_io_show(struct seq_buf *s, struct task_struct *t)
{
    seq_printf(s,
               "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: %lu\nwrite_bytes: %lu\n"
               "cancelled_write_bytes: 0\n",
               t->stats.inblock * 512, t->stats.oublock * 512);
    return 0;
}

int proc_wchan_show(struct seq_buf *s, struct task_struct *t)
{
    seq_putc(s, '0');
    return 0;
}

/* Linux's scale: 0..2000 shifted and scaled by 2/3. */
int proc_oom_score_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);
    s64 total = (s64)nr_total_pages(), points = 0;

    if (mm) {
        points = (s64)(get_mm_rss(mm) + mm->pgtables_bytes / PAGE_SIZE) * 1000 / total +
                 t->signal->oom_score_adj;
        mmput(mm);
    }
    seq_printf(s, "%ld\n", max(1000 + points, 0L) * 2 / 3);
    return 0;
}

int proc_oom_score_adj_show(struct seq_buf *s, struct task_struct *t)
{
    return proc_show_int(s, &t->signal->oom_score_adj);
}

ssize_t proc_oom_score_adj_store(const char *text, size_t n, struct task_struct *t)
{
    int v;
    ssize_t r = proc_store_int(text, n, &v);

    if (r < 0)
        return r;
    if (v < -1000 || v > 1000)
        return -EINVAL;
    if (v < t->signal->oom_score_adj && !capable(CAP_SYS_RESOURCE))
        return -EACCES;
    WRITE_ONCE(t->signal->oom_score_adj, v);
    return r;
}

int proc_cgroup_show(struct seq_buf *s, struct task_struct *t)
{
    seq_puts(s, "0::/\n");
    return 0;
}

int proc_children_show(struct seq_buf *s, struct task_struct *t)
{
    pid_t numbers[64];
    struct task_struct *child;
    size_t n, skip = 0;

    do {
        size_t i = 0;

        n = 0;
        spin_lock(&t->signal->child_lock);
        if (t->signal->children_gone) { /* its leader may be gone, too */
            spin_unlock(&t->signal->child_lock);
            break;
        }
        list_for_each_entry(child, &t->signal->leader_task->children, sibling)
            if (i++ >= skip && n < ARRAY_SIZE(numbers) && child->real_parent == t)
                numbers[n++] = child->tgid;
        spin_unlock(&t->signal->child_lock);
        for (i = 0; i < n; i++)
            seq_printf(s, "%d ", numbers[i]);
        skip += n;
    } while (n == ARRAY_SIZE(numbers));
    return 0;
}

int proc_personality_show(struct seq_buf *s, struct task_struct *t)
{
    seq_printf(s, "%08x\n", t->personality);
    return 0;
}

static void mounts_line(void *arg, const char *dev, const char *dir, const char *type,
                        const char *opts, int id, int parent_id, dev_t sdev, const char *root)
{
    seq_printf(arg, "%s %s %s %s 0 0\n", dev, dir, type, opts);
}

int proc_mounts_show(struct seq_buf *s, struct task_struct *t)
{
    for_each_mount(mounts_line, s);
    return 0;
}

static void mountinfo_line(void *arg, const char *dev, const char *dir, const char *type,
                           const char *opts, int id, int parent_id, dev_t sdev, const char *root)
{
    seq_printf(arg, "%d %d %u:%u %s %s %s - %s %s %.2s\n", id, parent_id, MAJOR(sdev), MINOR(sdev),
               root, dir, opts, type, dev, opts);
}

int proc_mountinfo_show(struct seq_buf *s, struct task_struct *t)
{
    for_each_mount(mountinfo_line, s);
    return 0;
}
