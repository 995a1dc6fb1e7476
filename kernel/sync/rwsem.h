/* Sleeping reader/writer lock, fair: a waiting writer stops new readers. Never in interrupt context. */
#pragma once
#include "kernel/sched/wait.h"
struct rw_semaphore {
    s64 count; /* readers, or -1 for a writer; waiters make the fast path fail: see rwsem.c */
    spinlock_t wait_lock;
    struct list_head wait_list;
};
void init_rwsem(struct rw_semaphore *s);
void down_read(struct rw_semaphore *s);
bool down_read_trylock(struct rw_semaphore *s);
void up_read(struct rw_semaphore *s);
void down_write(struct rw_semaphore *s);
int down_write_killable(struct rw_semaphore *s); /* 0 or -EINTR */
void up_write(struct rw_semaphore *s);
