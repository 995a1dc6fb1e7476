/* waitq.c: wait queues. A waiter enters the queue, sets its state, looks at its condition, sleeps; a waker changes the condition,
 * then calls __wake_up. The queue's lock (interrupts off) guards the list only. Where the caller may be preempted it is given up after each
 * WAKE_PIECE entries, so that a crowd of waiters is no long section. */
#include "kernel/sched/wait.h"
#include "kernel/lib/errno.h"

#define WAKE_PIECE 16 /* entries looked at in one section without preemption */

int default_wake_function(struct wait_queue_entry *e, unsigned mode, unsigned poll_events, bool sync)
{
    return sync ? wake_up_state_sync(e->task, mode) : wake_up_state(e->task, mode);
}

int autoremove_wake_function(struct wait_queue_entry *e, unsigned mode, unsigned poll_events, bool sync)
{
    struct task_struct *t = e->task;
    int woke;

    list_del(&e->entry);
    INIT_LIST_HEAD(&e->entry);
    woke = sync ? wake_up_state_sync(t, mode) : wake_up_state(t, mode);
    return woke;
}

void init_wait_entry(struct wait_queue_entry *e, unsigned flags)
{
    e->flags = flags;
    e->task = current;
    e->func = autoremove_wake_function;
    e->private = NULL;
    INIT_LIST_HEAD(&e->entry);
}

/* Exclusive waiters stand behind the others, first come first served. */
static void enqueue_locked(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
    if (e->flags & WQ_FLAG_EXCLUSIVE)
        list_add_tail(&e->entry, &wq->head);
    else
        list_add(&e->entry, &wq->head);
}

void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
    unsigned long flags;

    spin_lock_irqsave(&wq->lock, flags);
    enqueue_locked(wq, e);
    spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
    unsigned long flags;

    spin_lock_irqsave(&wq->lock, flags);
    list_del(&e->entry);
    INIT_LIST_HEAD(&e->entry);
    spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *e, unsigned state)
{
    unsigned long flags;

    spin_lock_irqsave(&wq->lock, flags);
    if (list_empty(&e->entry))
        enqueue_locked(wq, e);
    set_current_state(state);
    spin_unlock_irqrestore(&wq->lock, flags);
}

long prepare_to_wait_event(wait_queue_head_t *wq, struct wait_queue_entry *e, unsigned state)
{
    prepare_to_wait(wq, e, state); /* the state first: a signal sent after this look wakes the task */
    return signal_pending_state(state, current) ? -ERESTARTSYS : 0;
}

/* The entry may have been taken out by a waker that still holds the lock: an empty look without it is not enough. */
void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
    set_current_state(TASK_RUNNING);
    remove_wait_queue(wq, e);
}

/* A walk that wakes. Between its pieces the lock is free, and marks (entries without a function) keep its place in the queue. */
struct walk {
    wait_queue_head_t *wq;
    struct list_head *next, *end;
    unsigned mode, poll_events;
    int nr; /* exclusive waiters that are still to be woken; 0: all */
    bool sync;
};

/* Looks at `most` entries at the most. Lock held. True: there are more. */
static __always_inline bool wake_piece(struct walk *w, unsigned most)
{
    for (; w->next != w->end; most--) {
        struct wait_queue_entry *e = list_entry(w->next, struct wait_queue_entry, entry);

        if (!most)
            return true;
        w->next = e->entry.next;
        if (!e->func)
            continue;
        bool exclusive = e->flags & WQ_FLAG_EXCLUSIVE;

        if (e->func(e, w->mode, w->poll_events, w->sync) && exclusive && w->nr > 0 && --w->nr == 0)
            return false;
    }
    return false;
}

/* The rest of a long queue, up to what stands at its end now: who waits again meanwhile is woken by nobody here. Lock held at call and
 * return. The caller keeps wq (wait.h). */
static __noinline void wake_rest(struct walk *w, unsigned long *flags)
{
    struct wait_queue_entry here = {.func = NULL}, last = {.func = NULL};

    list_add_tail(&last.entry, &w->wq->head);
    w->end = &last.entry;
    do {
        list_add_tail(&here.entry, w->next);
        spin_unlock_irqrestore(&w->wq->lock, *flags);
        spin_lock_irqsave(&w->wq->lock, *flags);
        w->next = here.entry.next;
        list_del(&here.entry);
    } while (wake_piece(w, WAKE_PIECE));
    list_del(&last.entry);
}

void __wake_up_locked(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync)
{
    struct walk w = {wq, wq->head.next, &wq->head, mode, poll_events, nr, sync};

    (void)wake_piece(&w, UINT32_MAX);
}

void __wake_up(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync)
{
    bool ends = preempt_count() == 0 && !irqs_disabled(); /* a section ends where the lock is given up */
    struct walk w = {wq, NULL, &wq->head, mode, poll_events, nr, sync};
    unsigned long flags;

    spin_lock_irqsave(&wq->lock, flags);
    w.next = wq->head.next;
    if (unlikely(wake_piece(&w, ends ? WAKE_PIECE : UINT32_MAX)))
        wake_rest(&w, &flags);
    spin_unlock_irqrestore(&wq->lock, flags);
}
