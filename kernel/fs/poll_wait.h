/*
 * poll_wait.h: waiting for several files at once, for poll and select (kernel/fs/poll_wait.c), and
 * their time-outs.
 */
#pragma once
#include "kernel/fs/fs_internal.h"
#include "kernel/sched/wait.h"

#define POLL_INLINE_ENTRIES 8

struct poll_wqueues;
struct poll_entry {
    struct wait_queue_entry wait;
    struct wait_queue_head *wq;
    struct file *file; /* keeps the wait queue alive */
    struct poll_wqueues *owner;
    unsigned events;
};

struct poll_page {
    struct poll_page *next;
    unsigned used;
    struct poll_entry entry[];
};

struct poll_wqueues {
    struct poll_table pt;
    u32 triggered; /* set by wakers */
    int error;
    unsigned used;
    struct poll_page *pages;
    struct poll_entry fast[POLL_INLINE_ENTRIES];
};

/* The table to hand to vfs_poll: NULL when nothing more needs to be entered. */
static inline struct poll_table *poll_table_of(struct poll_wqueues *w)
{
    return w->pt.queue ? &w->pt : NULL;
}

/* A file is ready: what comes after it in this scan need not be entered. */
static inline void poll_found(struct poll_wqueues *w)
{
    w->pt.queue = NULL;
}

/* Calls scan(what) until it finds something (a count, or -errno), the deadline (0: do not wait,
 * S64_MAX: for ever) or a signal. The count, 0, -EINTR, -ENOMEM, or the error of scan. */
int poll_until(int (*scan)(void *what, struct poll_wqueues *w), void *what, s64 deadline);

s64 poll_deadline_in(s64 ns);
/* How much later than the deadline a wait may end: a thousandth of what is left (nice tasks: a two-hundredth), at most 0.1 s, at least the
 * task's own slack, as on Linux; nothing for a task that has no slack. */
u64 poll_slack(s64 deadline);
int poll_get_timeout(const struct timespec __user *uts, s64 *deadline); /* 0, -EFAULT, -EINVAL */
struct timespec poll_time_left(s64 deadline);
/* What ppoll and pselect6 return: the rest of the time is written even after a signal. */
long poll_finish_timed(long r, struct timespec __user *uts, s64 deadline);
