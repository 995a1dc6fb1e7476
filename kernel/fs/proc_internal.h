/* Between the files of procfs and sysfs. */
#pragma once
#include "kernel/task/process.h"
#include "kernel/fs/procfs.h"
#include "kernel/task/pid.h"
#include "kernel/task/task.h"
#include "lockfree/rcu_list.h"

/* A node of the static tree of /proc or /sys. Set once when created, never removed; children are
 * added under proc_tree_mutex, so that lookups need no lock. */
struct proc_node {
    char *name;
    u32 namelen;
    mode_t mode;
    u32 ino;
    proc_show_t show;
    proc_store_t store;
    void *data;
    char *target;               /* symbolic link */
    struct hlist_head children; /* directory: newest first */
    struct hlist_node sibling;
    u32 index; /* position in the directory, from 0 */
    u32 nr_children;
};
extern struct proc_node proc_root_node, sysfs_root_node, debugfs_root_node;
struct inode *proc_node_inode(struct super_block *sb, struct proc_node *n); /* NULL: no memory */
struct proc_node *proc_node_find(struct proc_node *dir, const char *name, u32 len);
/* Emits the children from position `base` on. false: the buffer is full. */
bool proc_node_emit(struct proc_node *dir, struct dir_context *ctx, loff_t base);

/* Files whose text is made when they are read. fill: 0 or -errno. */
struct text_file {
    struct mutex lock; /* of the text: one open file may be read by several at once */
    struct seq_buf s;
    int (*fill)(struct seq_buf *s, struct inode *inode);
    bool loaded;
};
int text_open(struct file *f, int (*fill)(struct seq_buf *, struct inode *));
ssize_t text_read(struct file *f, char __user *buf, size_t n, loff_t *pos);
void text_release(struct inode *inode, struct file *f);
/* Copies what the user writes, terminated, at most a page; store's answer or -errno. */
ssize_t text_store(const char __user *buf, size_t n, ssize_t (*store)(const char *, size_t, void *),
                   void *data);

/* ---- /proc/PID: inodes refer to a pid, never to a task ---- */
struct pid_entry;
struct proc_pid_inode {
    struct pid *pid; /* referenced */
    const struct pid_entry *entry;
    unsigned fd; /* entries of fd/ and fdinfo/ */
    bool thread; /* below task/: values of the one thread */
};
struct pid_entry {
    const char *name;
    mode_t mode;
    int (*show)(struct seq_buf *s, struct task_struct *t);
    const struct inode_operations *iops; /* directories and links */
    const struct file_operations *fops;
    ssize_t (*store)(const char *text, size_t n, struct task_struct *t);
    bool leader_only; /* not below task/TID */
    bool ptrace;      /* only for the owner or CAP_SYS_PTRACE */
    bool store_asks;  /* store has a rule of its own; else the same one */
};
/* Inode that belongs to pid (reference taken); owner is the task's. NULL: no memory. */
struct inode *proc_pid_make_inode(struct super_block *sb, struct pid *pid,
                                  const struct pid_entry *e, unsigned fd, bool thread);
static inline struct proc_pid_inode *proc_pid_of(struct inode *inode)
{
    return inode->i_private;
}
struct task_struct *proc_pid_task(struct pid *pid);     /* referenced or NULL */
struct task_struct *proc_get_task(struct inode *inode); /* referenced or NULL */
bool proc_may_access(struct task_struct *t); /* like ptrace read: same user and dumpable, or capability */
struct mm_struct *proc_get_mm(struct task_struct *t); /* referenced: the space that was judged; NULL: none, ERR_PTR(-EACCES) */
extern const struct pid_entry proc_pid_dir;                 /* /proc/PID */
extern const struct inode_operations proc_fd_dir_iops, proc_fdinfo_dir_iops;
extern const struct file_operations proc_fd_dir_fops, proc_fdinfo_dir_fops;
extern const struct inode_operations proc_exe_iops, proc_cwd_iops, proc_root_iops;
loff_t proc_dir_llseek(struct file *f, loff_t off, int whence);

/* Show functions of /proc/PID, by file: procfs_stat.c, procfs_maps.c, procfs_misc.c. */
int proc_stat_show(struct seq_buf *s, struct task_struct *t);
int proc_thread_stat_show(struct seq_buf *s, struct task_struct *t);
int proc_statm_show(struct seq_buf *s, struct task_struct *t);
int proc_status_show(struct seq_buf *s, struct task_struct *t);
int proc_maps_show(struct seq_buf *s, struct task_struct *t);
int proc_cmdline_show(struct seq_buf *s, struct task_struct *t);
int proc_environ_show(struct seq_buf *s, struct task_struct *t);
int proc_auxv_show(struct seq_buf *s, struct task_struct *t);
int proc_comm_show(struct seq_buf *s, struct task_struct *t);
ssize_t proc_comm_store(const char *text, size_t n, struct task_struct *t);
int proc_limits_show(struct seq_buf *s, struct task_struct *t);
int proc_io_show(struct seq_buf *s, struct task_struct *t);
int proc_wchan_show(struct seq_buf *s, struct task_struct *t);
int proc_oom_score_show(struct seq_buf *s, struct task_struct *t);
int proc_oom_score_adj_show(struct seq_buf *s, struct task_struct *t);
ssize_t proc_oom_score_adj_store(const char *text, size_t n, struct task_struct *t);
int proc_cgroup_show(struct seq_buf *s, struct task_struct *t);
int proc_children_show(struct seq_buf *s, struct task_struct *t);
int proc_schedstat_show(struct seq_buf *s, struct task_struct *t);
ssize_t proc_sched_store(const char *text, size_t n, struct task_struct *t);
int proc_timerslack_show(struct seq_buf *s, struct task_struct *t);
ssize_t proc_timerslack_store(const char *text, size_t n, struct task_struct *t);
int proc_sched_show(struct seq_buf *s, struct task_struct *t);
int proc_personality_show(struct seq_buf *s, struct task_struct *t);
int proc_mounts_show(struct seq_buf *s, struct task_struct *t);
int proc_mountinfo_show(struct seq_buf *s, struct task_struct *t);
char proc_state_letter(struct task_struct *t);

/* Parts of the static tree, each created by its own file. */
void proc_system_create(void);
void proc_sysctl_create(void);
void proc_sysrq_create(void);
void proc_sched_create(void);
void sysfs_cpu_create(void);
