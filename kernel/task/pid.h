/* Process ids. Lookups and walks are RCU reads; changes of links take the locks named in pid.c. */
#pragma once
#include "kernel/sched/wait.h"
#include "lockfree/rcu_list.h"
struct upid { int nr; void *ns; };
struct pid {
    u32 count;                              /* atomic: the task, processes in this group and session, pidfds */
    u32 level;
    struct task_struct *task;               /* rcu: the task with this id; NULL before publication and after release */
    struct task_struct *newborn;            /* one that fork may still take back: only kill_pgrp() looks at it, pid.c */
    u32 group_signals;                      /* even; odd while kill_pgrp() walks. Under lock; read by fork */
    spinlock_t lock;
    wait_queue_head_t wait_pidfd;
    struct rcu_head rcu;
    struct upid numbers[1];
};
struct pid *alloc_pid(pid_t wanted);        /* 0: any. Hashed, without a task yet. ERR_PTR(-EAGAIN/-ENOMEM/-EEXIST) */
void free_pid(struct pid *p);               /* the task lets go of it; the number is free again with the last reference */
struct pid *find_pid(int nr);               /* under rcu_read_lock */
struct pid *find_get_pid(int nr);           /* NULL */
void put_pid(struct pid *p);
static inline struct pid *get_pid(struct pid *p) { atomic_inc_relaxed(&p->count); return p; }
struct task_struct *pid_task(struct pid *p, enum pid_type type); /* under rcu_read_lock */
struct task_struct *find_task_by_vpid(pid_t nr);                 /* under rcu_read_lock; any thread */
struct task_struct *find_get_task_by_vpid(pid_t nr);             /* referenced or NULL */
static inline pid_t pid_vnr(const struct pid *p) { return p ? p->numbers[0].nr : 0; }
static inline struct pid *task_pid(struct task_struct *t) { return t->thread_pid; }
struct pid *task_pgrp(struct task_struct *t);    /* under rcu */
struct pid *task_session(struct task_struct *t); /* under rcu */
/* Next process (group leader) with pid >= *nr, referenced, *nr set to its pid; NULL at the end. For /proc and kill(-1). */
struct task_struct *next_process(pid_t *nr);
/* The same with those that are not quite born. For kill_pgrp(): only with interrupts off until the reference is dropped. */
struct task_struct *next_process_or_newborn(pid_t *nr);
#define for_each_thread(leader, t) list_for_each_entry_rcu(t, &(leader)->signal->thread_head, thread_node) /* rcu or siglock */
extern int pid_max;
DECLARE_PER_CPU(u64, nr_forks); /* ANYWHERE: tasks made on this CPU; the sum is /proc/stat's "processes" */
u32 nr_threads(void);
#define nr_threads_total nr_threads()
extern u32 max_threads;
/* The process of a task is in group / session nr: numbers, any context. */
pid_t process_group_nr(const struct task_struct *t);
pid_t process_session_nr(const struct task_struct *t);
