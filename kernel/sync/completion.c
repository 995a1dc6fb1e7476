/* completion.c: one-shot events. The waiter may free the completion as soon as it returns, so the last access of complete() is
 * the unlock, and the waiter takes the lock before it leaves. */
#include "kernel/sync/completion.h"
#include "kernel/lib/errno.h"

void init_completion(struct completion *c)
{
    c->done = 0;
    init_waitqueue_head(&c->wait);
}

static void complete_n(struct completion *c, u32 done, int nr)
{
    unsigned long flags;

    spin_lock_irqsave(&c->wait.lock, flags);
    if (c->done != UINT32_MAX)
        c->done = done == UINT32_MAX ? done : c->done + done;
    __wake_up_locked(&c->wait, TASK_NORMAL | TASK_WAKEKILL, nr, 0, false);
    spin_unlock_irqrestore(&c->wait.lock, flags);
}

void complete(struct completion *c)
{
    complete_n(c, 1, 1);
}

void complete_all(struct completion *c)
{
    complete_n(c, UINT32_MAX, 0);
}

/* Takes one event if there is one; called with the lock held. */
static bool take_locked(struct completion *c)
{
    if (!c->done)
        return false;
    if (c->done != UINT32_MAX)
        c->done--;
    return true;
}

static int wait_common(struct completion *c, unsigned state)
{
    struct wait_queue_entry e;
    int ret = 0;

    init_wait_entry(&e, WQ_FLAG_EXCLUSIVE);
    spin_lock_irq(&c->wait.lock);
    while (!take_locked(c)) {
        if (list_empty(&e.entry))
            list_add_tail(&e.entry, &c->wait.head);
        set_current_state(state);
        if ((state & TASK_WAKEKILL) && fatal_signal_pending(current)) {
            ret = -ERESTARTSYS;
            break;
        }
        spin_unlock_irq(&c->wait.lock);
        schedule();
        spin_lock_irq(&c->wait.lock);
    }
    set_current_state(TASK_RUNNING);
    list_del(&e.entry);
    spin_unlock_irq(&c->wait.lock);
    return ret;
}

void wait_for_completion(struct completion *c)
{
    (void)wait_common(c, TASK_UNINTERRUPTIBLE);
}

int wait_for_completion_killable(struct completion *c)
{
    return wait_common(c, TASK_KILLABLE);
}
