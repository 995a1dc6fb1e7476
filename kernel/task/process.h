/* Creation and end of tasks (guide): kernel_clone, do_exit, release_task, exec. */
#pragma once
#include "kernel/task/task.h"
struct kernel_clone_args {
    u64 flags;
    int __user *pidfd;
    int __user *child_tid;
    int __user *parent_tid;
    int exit_signal;
    unsigned long stack;
    unsigned long stack_size;
    unsigned long tls;
    pid_t set_tid;       /* the number wanted, 0 any */
    int node;
    int (*fn)(void *);   /* kernel thread */
    void *fn_arg;
    const char *name;    /* kernel thread */
    int cpu;             /* kernel thread: only on this CPU, -1 any */
};
#define CSIGNAL 0xff
#define CLONE_VM 0x100UL
#define CLONE_FS 0x200UL
#define CLONE_FILES 0x400UL
#define CLONE_SIGHAND 0x800UL
#define CLONE_PIDFD 0x1000UL
#define CLONE_PTRACE 0x2000UL
#define CLONE_VFORK 0x4000UL
#define CLONE_PARENT 0x8000UL
#define CLONE_THREAD 0x10000UL
#define CLONE_NEWNS 0x20000UL
#define CLONE_SYSVSEM 0x40000UL
#define CLONE_SETTLS 0x80000UL
#define CLONE_PARENT_SETTID 0x100000UL
#define CLONE_CHILD_CLEARTID 0x200000UL
#define CLONE_DETACHED 0x400000UL
#define CLONE_UNTRACED 0x800000UL
#define CLONE_CHILD_SETTID 0x1000000UL
#define CLONE_IO 0x80000000UL
#define CLONE_CLEAR_SIGHAND 0x100000000UL
pid_t kernel_clone(struct kernel_clone_args *args);
/* Without starting it: ERR_PTR. kthreads are started by wake_up_new_task(). */
struct task_struct *copy_process(struct kernel_clone_args *args);
__noreturn void do_exit(long code);
__noreturn void do_group_exit(int code);
void release_task(struct task_struct *p);
/* What another task uses, referenced, or NULL when it has let go of it. End with mmput, put_files, put_fs. */
struct mm_struct *get_task_mm(struct task_struct *t);
struct files_struct *get_task_files(struct task_struct *t);
struct path_s;
int get_task_path(struct task_struct *t, void (*get)(struct fs_struct *, struct path_s *), struct path_s *out); /* 0, -ENOENT */
int task_umask(struct task_struct *t);                                                                        /* -1: it has ended */
/* No member of current's group has a parent in another group of the same session: nobody could continue it. */
bool is_current_pgrp_orphaned(void);
/* exec from kernel memory strings (init) or by the system call. 0: current now is the new program; or -errno. */
int kernel_execve(const char *path, const char *const *argv, const char *const *envp);
void task_init(void);        /* pid table, caches, init_task completed; before the first thread */
int start_init(void *unused); /* body of pid 1: unpacks the initramfs, opens the console, execs /init; 0: go to user mode */
int kthreadd(void *unused);  /* body of pid 2 */
extern struct task_struct *kthreadd_task; /* rcu; NULL before pid 2 runs */
/* Both run with the task's first switch; called by the switch tail of front ARCH/SCHED. */
void ret_from_fork(void);    /* assembly: schedule tail, then to user mode or fn(arg) */
/* futex: at exec and exit of a thread (robust list, clear_child_tid wake). */
void futex_exit_release(struct task_struct *t);
/* After it: hands the PI locks that t owns and others wait for over to them; once t ends nobody can wait for it any more. */
void futex_pi_release(struct task_struct *t);
/* t's urgency was changed by a call: whoever owns the PI lock that it waits for follows. */
void pi_follow(struct task_struct *t);
extern int futex_max_lock_depth; /* a longer chain of owners counts as a deadlock; /proc/sys/kernel/max_lock_depth */
void futex_mm_free(void *futex_table);
