/* What the files of kernel/task/ share and nobody else may use. */
#pragma once
#include "kernel/lib/err.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/process.h"

void pid_init(unsigned cpus);
/* task_cache.c: the task and its stack; contents are undefined but for `stack`. NULL: no memory. */
struct task_struct *alloc_task_struct(void);
void free_unborn_task(struct task_struct *t); /* never published: back into the cache at once */
void nr_threads_add(int n);
/* children.c */
struct signal_struct *
lock_parent(struct task_struct *child); /* the parent's signal, child_lock held, interrupts on */
void add_child(struct task_struct *child,
               struct task_struct *parent); /* under the parent's child_lock */
void forget_original_parent(struct task_struct *father, struct list_head *dead);
bool will_become_orphaned_pgrp(pid_t pgrp, struct task_struct *ignored);
void kill_own_orphaned_pgrp(struct task_struct *leader);
/* rusage.c */
void account_dead_thread(struct task_struct *t); /* under siglock of its process */
void account_reaped_child(struct task_struct *child,
                          struct signal_struct *parent); /* under the parent's child_lock */
/* exit.c */
void mm_release(
    struct task_struct *t); /* robust list, clear_child_tid, vfork: current lets go of its mm */
/* user.c */
struct user_struct *alloc_uid(uid_t uid); /* referenced; NULL: no memory */
struct file;
struct file *pidfd_file(struct pid *p, unsigned flags); /* takes a reference; ERR_PTR */
/* The process of a pidfd, referenced; ERR_PTR(-EBADF). A non-blocking one adds WNOHANG to
 * *wait_options (may be NULL). */
struct pid *pidfd_get(int fd, unsigned *wait_options);
