/* slice_extension.c: a task that was to be preempted goes on for a moment because it asked to (kernel/task/rseq_slice.c). Owner CPU only,
 * interrupts off. Must never put off somebody urgent, nor anybody for longer than once. */
#include "kernel/sched/rq.h"
#include "kernel/time/ktime.h"

#define SLICE_EXTENSION_NS 5000 /* Linux's default */

static void extension_ends(struct hrtimer *timer)
{
    rq_kick_self(&container_of(timer, struct rq, extension)->q);
}

void slice_extension_init(struct rq *rq)
{
    hrtimer_init(&rq->extension, extension_ends);
}

static bool may_go_on(const struct rq *rq)
{
    return task_is_fair(rq->curr) && !(rq->curr->se.rq.moving & RQ_TASK_MOVING) && !rq->nr_urgent && cpu_active(rq->q.cpu);
}

bool sched_extend_slice(void)
{
    struct rq *rq = this_rq();

    sched_take_mail(rq); /* there may be somebody urgent in it */
    if (!may_go_on(rq)) {
        rq_kick_self(&rq->q);
        return false;
    }
    (void)atomic_fetch_and_full(&rq->q.kick, ~RQ_NEED_RESCHED); /* who came with the mail waits, too */
    if (rq_has_mail(&rq->q)) { /* whose notice was just cleared: Q1 */
        rq_kick_self(&rq->q);
        return false;
    }
    hrtimer_start(&rq->extension, ktime_get_ns() + SLICE_EXTENSION_NS);
    return true;
}

void sched_end_extension(void)
{
    struct rq *rq = this_rq();

    (void)hrtimer_cancel(&rq->extension);
    rq_kick_self(&rq->q);
}
