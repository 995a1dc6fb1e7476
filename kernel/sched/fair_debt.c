/* fair_debt.c: what a child ran beyond its share and took along when it ended is charged to the parent that reaps it (E6 of fair.c). A child begins
 * with nothing owed either way and a short request: one who forks again and again would run beside others as if it were alone.
 *   se.debt: ticks of real time that the process's last thread was ahead of those beside it; of the leader. Written before the parent is told,
 *            read by whoever reaps. Like all lag at most two slices.
 * A child that nobody waits for leaves its debt to nobody. */
#include "kernel/sched/fair_time.h"
#include "kernel/task/task.h"

/* How far t, which runs, is beyond the others' time. Nobody else waits: nothing is owed. */
static u64 lead(struct rq *rq, struct task_struct *t)
{
    s64 ahead;

    if (!task_is_fair(t) || likely(!rq->avg_load))
        return 0;
    sched_update_curr(rq, t, rdtsc());
    ahead = fair_limited(&t->se, (s64)(t->se.rq.fair.key - fair_queue_time(rq, false)));
    return ahead > 0 ? (u64)ahead * t->se.load.weight >> NICE_0_SHIFT : 0;
}

void sched_leave_debt(void)
{
    unsigned long flags = local_irq_save();

    current->group_leader->se.debt = lead(this_rq(), current);
    local_irq_restore(flags);
}

/* t, which runs, is as far behind its place as if it had run so long in addition; of its request it has what it had. */
static void charge(struct rq *rq, struct task_struct *t, u64 debt)
{
    u64 virtual = fair_virtual(&t->se, debt);

    if (!task_is_fair(t))
        return;
    sched_update_curr(rq, t, rdtsc());
    t->se.rq.fair.key += virtual;
    t->se.rq.fair.deadline += virtual;
    if (rq->nr_fair)
        rq_kick_self(&rq->q);
}

void sched_take_debt(const struct task_struct *child)
{
    unsigned long flags;

    if (likely(!child->se.debt))
        return;
    flags = local_irq_save();
    charge(this_rq(), current, child->se.debt);
    local_irq_restore(flags);
}
