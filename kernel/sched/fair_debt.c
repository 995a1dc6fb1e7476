/* fair_debt.c: what a child ran beyond its share and took along when it ended is charged to the parent that reaps it (E6 of fair.c). A child begins
 * with nothing owed either way and a short request: one who forks again and again would run beside others as if it were alone.
 *   se.debt: ticks of real time that the process's last thread was ahead of those beside it; of the leader. Written before the parent is told,
 *            read by whoever reaps. Like all lag at most two slices.
 *   sig->debt: the same of threads that ended before their process, and of children that nobody waits for; added to by them, taken by the process's
 *            next fork or clone, which is how it would go on. Atomic, a number alone: nothing is read after it that it would order. */
#include "kernel/sched/fair_time.h"
#include "kernel/signal/signal.h"
#include "kernel/task/task.h"

/* How far t, which runs, is beyond the others' time. Nobody else waits: nothing is owed. */
static u64 lead(struct rq *rq, struct task_struct *t)
{
    s64 ahead;

    if (!task_is_fair(t) || !rq->avg_load)
        return 0;
    sched_update_curr(rq, t, rdtsc());
    ahead = fair_limited(&t->se, (s64)(t->se.rq.fair.key - fair_queue_time(rq, false)));
    return ahead > 0 ? (u64)ahead * t->se.load.weight >> NICE_0_SHIFT : 0;
}

void sched_leave_debt(bool is_last)
{
    unsigned long flags;
    u64 debt;

    if (likely(!READ_ONCE(this_cpu_hint(&runqueues)->avg_load))) /* nobody waits where we are, or were a moment ago */
        return;
    flags = local_irq_save();
    debt = lead(this_rq(), current);
    local_irq_restore(flags);
    if (is_last)
        current->group_leader->se.debt = debt;
    else if (debt)
        (void)atomic_fetch_add_relaxed(&current->signal->debt, debt);
}

void sched_inherit_debt(struct signal_struct *parent, const struct task_struct *child)
{
    if (child->se.debt)
        (void)atomic_fetch_add_relaxed(&parent->debt, child->se.debt);
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

static void take(u64 debt)
{
    unsigned long flags = local_irq_save();

    charge(this_rq(), current, min(debt, 2 * sched_tunables.base_slice));
    local_irq_restore(flags);
}

void sched_take_debt(const struct task_struct *child)
{
    if (unlikely(child->se.debt))
        take(child->se.debt);
}

void sched_take_own_debt(void)
{
    if (unlikely(READ_ONCE(current->signal->debt)))
        take(atomic_xchg_acquire(&current->signal->debt, 0));
}
