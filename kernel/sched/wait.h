/* Wait queues. wake_up* may be called in any context; waiters sleep. The lock is taken with interrupts off. */
#pragma once
#include "kernel/sched/sched.h"

struct wait_queue_head {
    spinlock_t lock;
    struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

struct wait_queue_entry {
    unsigned flags;
    struct task_struct *task;
    /* NULL: a mark of somebody who wakes (waitq.c). Returns > 0 if it woke somebody (counts against nr_exclusive), called under the queue's lock. */
    int (*func)(struct wait_queue_entry *, unsigned mode, unsigned poll_events, bool sync);
    void *private;
    struct list_head entry;
};
#define WQ_FLAG_EXCLUSIVE 1

static inline void init_waitqueue_head(wait_queue_head_t *wq) { spin_lock_init(&wq->lock); INIT_LIST_HEAD(&wq->head); }
#define WAIT_QUEUE_HEAD_INIT(n) { SPINLOCK_INIT, LIST_HEAD_INIT((n).head) }
static inline bool waitqueue_active(wait_queue_head_t *wq) { return !list_empty(&wq->head); } /* caller: full barrier before */

void init_wait_entry(struct wait_queue_entry *e, unsigned flags); /* current, default_wake_function, removed when woken */
int default_wake_function(struct wait_queue_entry *, unsigned mode, unsigned poll_events, bool sync);
int autoremove_wake_function(struct wait_queue_entry *, unsigned mode, unsigned poll_events, bool sync);
void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e);
void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e);
/* Enqueue (once) and set_current_state(state). */
void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *e, unsigned state);
/* -ERESTARTSYS instead of blocking if a signal is pending and state allows it. */
long prepare_to_wait_event(wait_queue_head_t *wq, struct wait_queue_entry *e, unsigned state);
void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *e);
/* Where the caller may be preempted a long queue is woken in pieces: who calls so keeps *wq until the call returns.
 * mode: classes of TASK_*; nr exclusive waiters (0: all); poll_events: what became ready, 0 unknown. */
void __wake_up(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync);
void __wake_up_locked(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync);
#define wake_up(wq)                    __wake_up(wq, TASK_NORMAL, 1, 0, false)
#define wake_up_all(wq)                __wake_up(wq, TASK_NORMAL, 0, 0, false)
#define wake_up_interruptible(wq)      __wake_up(wq, TASK_INTERRUPTIBLE, 1, 0, false)
#define wake_up_interruptible_all(wq)  __wake_up(wq, TASK_INTERRUPTIBLE, 0, 0, false)
#define wake_up_poll(wq, ev)           __wake_up(wq, TASK_NORMAL, 1, ev, false)
#define wake_up_interruptible_sync_poll(wq, ev) __wake_up(wq, TASK_INTERRUPTIBLE, 1, ev, true)

#define wait_event_state_(wq, cond, state, flags, sched) ({                                        \
    long ret_ = 0;                                                                                 \
    if (!(cond)) {                                                                                 \
        struct wait_queue_entry we_;                                                               \
        init_wait_entry(&we_, flags);                                                              \
        for (;;) {                                                                                 \
            ret_ = prepare_to_wait_event(wq, &we_, state);                                         \
            if (cond) { ret_ = 0; break; }                                                         \
            if (ret_) break;                                                                       \
            sched;                                                                                 \
        }                                                                                          \
        finish_wait(wq, &we_);                                                                     \
    }                                                                                              \
    ret_; })
/* cond must not sleep or fault: it is evaluated in a blocking state. */
#define wait_event(wq, cond)               ((void)wait_event_state_(wq, cond, TASK_UNINTERRUPTIBLE, 0, schedule()))
#define wait_event_killable(wq, cond)      wait_event_state_(wq, cond, TASK_KILLABLE, 0, schedule())
#define wait_event_interruptible(wq, cond) wait_event_state_(wq, cond, TASK_INTERRUPTIBLE, 0, schedule())
#define wait_event_interruptible_exclusive(wq, cond) \
    wait_event_state_(wq, cond, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, schedule())
