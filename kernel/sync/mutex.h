/* Sleeping locks. mutex: owner word, queue under wait_lock, hand-off to the first waiter. Never in interrupt context. */
#pragma once
#include "kernel/sched/wait.h"
struct mutex {
    unsigned long owner; /* task pointer, 0 free */
    spinlock_t wait_lock;
    struct list_head wait_list;
};
#define MUTEX_INIT(n) { 0, SPINLOCK_INIT, LIST_HEAD_INIT((n).wait_list) }
#define DEFINE_MUTEX(n) struct mutex n = MUTEX_INIT(n)
void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
int mutex_lock_interruptible(struct mutex *m); /* 0 or -EINTR */
int mutex_lock_killable(struct mutex *m);      /* 0 or -EINTR */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(const struct mutex *m);
