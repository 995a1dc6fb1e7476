/* affinity.c: where a task may run. The mask changes under attr_lock, then a request goes to the task's owner; the call returns when
 * the task can no longer start on a forbidden CPU and does not run on one.
 *
 * The owner marks a task that runs on a CPU its mask now forbids as `moving`; the switch tail that takes it off says so. Every
 * enqueuer re-reads the mask after it stored the owner (percpu/runqueue.h Q4). */
#include "kernel/sched/rq.h"
#include "kernel/lib/errno.h"
#include "kernel/sched/wait.h"

/* Who moves one task and who moves another wait in different queues, as a rule. By what an exec leaves: its number it may change. */
#define AFFINITY_QUEUES 64
static struct affinity_queue {
    wait_queue_head_t wait;
} __cacheline_aligned queues[AFFINITY_QUEUES];

void sched_affinity_init(void)
{
    for (unsigned i = 0; i < AFFINITY_QUEUES; i++)
        init_waitqueue_head(&queues[i].wait);
}

static wait_queue_head_t *queue_of(const struct task_struct *t)
{
    return &queues[(u64)(unsigned long)t * 0x9e3779b97f4a7c15ul >> 58].wait;
}

static void publish_done(struct task_struct *t, u32 wanted)
{
    atomic_store_release(&t->se.affinity_done, wanted);
    atomic_fence_full(); /* before the queue is looked at: the waiter enters it, then reads affinity_done */
    if (waitqueue_active(queue_of(t)))
        wake_up_all(queue_of(t));
}

void sched_affinity_left(struct task_struct *t)
{
    t->se.rq.moving &= ~RQ_TASK_MOVING;
    publish_done(t, atomic_load_acquire(&t->se.affinity_wanted));
}

bool sched_task_is_queued(struct rq *rq, struct task_struct *t)
{
    return rq->next == t || t->sched_class->task_queued(t);
}

void sched_dequeue_queued(struct rq *rq, struct task_struct *t)
{
    t->sched_class->dequeue_task(rq, t);
    rq->q.nr_running--;
}

/* The owner carries out the change, and says so while it is the owner: the next one may have answered a later change before him. */
void sched_apply_affinity(struct rq *rq, struct task_struct *t)
{
    u32 wanted = atomic_load_acquire(&t->se.affinity_wanted);
    bool urgent;

    if (!rq_task_may_run_on(&t->se.rq, rq->q.cpu)) {
        if (t == rq->curr && OWN_STATE(own_read(&t->se.rq.own)) != OWN_DEAD) {
            t->se.rq.moving |= RQ_TASK_MOVING;
            rq_kick_self(&rq->q);
            return; /* sched_affinity_left() answers */
        }
        if (OWN_STATE(own_read(&t->se.rq.own)) == OWN_RUNNABLE && sched_task_is_queued(rq, t)) {
            sched_dequeue_queued(rq, t);
            publish_done(t, wanted);
            rq_place(&rq->q, &t->se.rq);
            return;
        }
    }
    urgent = t->se.on_rt;
    publish_done(t, wanted);
    if (unlikely(urgent))
        sched_urgent_waits(rq); /* it may go elsewhere now, or no more */
}

static bool holds(struct task_struct *t, u32 ticket)
{
    return (s32)(atomic_load_acquire(&t->se.affinity_done) - ticket) >= 0;
}

/* The running task itself: leave this CPU if it must. */
static void move_current(void)
{
    struct rq *rq;
    u32 wanted;

    local_irq_disable();
    rq = this_rq();
    wanted = atomic_load_acquire(&current->se.affinity_wanted); /* before the mask: a later change is not answered by this one */
    if (!rq_task_may_run_on(&current->se.rq, rq->q.cpu)) {
        current->se.rq.moving |= RQ_TASK_MOVING;
        rq_kick_self(&rq->q);
    } else {
        current->se.affinity_done = wanted;
    }
    local_irq_enable();
    if (need_resched())
        preempt_schedule();
}

/* Stores the part of `mask` that takes tasks. 0; -EINVAL: nothing of it does; -EBUSY: t is a deadline task, and it lacks a CPU. Policy and mask
 * change under the same lock, so that one is judged by the other that holds. A CPU that leaves after its bit was read finds the mask:
 * sched_widen_if_stranded() takes the lock after it left. */
static int store_mask(struct task_struct *t, const unsigned long *mask, u32 *ticket)
{
    unsigned long takes[MAX_CPUS / 64];
    u32 n = 0;
    int err;

    spin_lock(&t->se.attr_lock);
    for (u32 w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++) {
        takes[w] = mask[w] & atomic_load_relaxed(&cpu_active_mask[w]);
        n += (u32)__builtin_popcountl(takes[w]);
    }
    err = t->policy == SCHED_DEADLINE && !mask_covers_balancing(takes) ? -EBUSY : n ? 0 : -EINVAL;
    if (!err) {
        for (u32 w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++)
            atomic_store_relaxed(&t->se.cpus_mask[w], takes[w]);
        WRITE_ONCE(t->se.nr_cpus_allowed, n);
        *ticket = atomic_fetch_add_full(&t->se.affinity_wanted, 1) + 1; /* Q4: the mask before the owner is read */
    }
    spin_unlock(&t->se.attr_lock);
    return err;
}

int set_cpus_allowed_ptr(struct task_struct *t, const unsigned long *mask)
{
    unsigned long flags;
    u32 ticket;
    int err;

    err = store_mask(t, mask, &ticket);
    if (err)
        return err;
    if (t == current) {
        move_current();
        return 0;
    }
    get_task_struct(t);
    flags = local_irq_save();
    if (!rq_request(&t->se.rq, REQ_AFFINITY))
        put_task_struct(t); /* a node is on its way already and will carry this bit too */
    local_irq_restore(flags);
    return wait_event_killable(queue_of(t), holds(t, ticket)) ? -EINTR : 0;
}
