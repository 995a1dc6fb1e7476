/* waitq.c: wait queues. A waiter enters the queue, sets its state, looks at its condition, sleeps; a waker changes the condition,
 * then calls __wake_up. The queue's lock (interrupts off) guards the list only. */
#include "kernel/sched/wait.h"
#include "kernel/lib/errno.h"

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

void __wake_up_locked(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync)
{
    struct wait_queue_entry *e, *n;

    list_for_each_entry_safe(e, n, &wq->head, entry) {
        bool exclusive = e->flags & WQ_FLAG_EXCLUSIVE;

        if (e->func(e, mode, poll_events, sync) && exclusive && nr > 0 && --nr == 0)
            return;
    }
}

void __wake_up(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync)
{
    unsigned long flags;

    spin_lock_irqsave(&wq->lock, flags);
    __wake_up_locked(wq, mode, nr, poll_events, sync);
    spin_unlock_irqrestore(&wq->lock, flags);
}
