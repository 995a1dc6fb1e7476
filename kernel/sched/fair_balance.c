/* fair_balance.c: where fair tasks wait. Surplus (what waits while others idle) is published on the shelf, from which thieves and
 * the owner take by exchange; beyond that the owner pushes to less crowded CPUs at its tick. Owner CPU only, interrupts off. */
#include "kernel/sched/fair_time.h"

/* A CPU idles: whoever waits. None does: nobody who sleeps soon anyway. */
static void shelve_one(struct rq *rq, bool one_idles)
{
    struct fair_node *n = calendar_late(&rq->calendar, &rq->q.fair);
    struct task_struct *t = n ? FAIR_TASK(n) : NULL;

    if (!t || READ_ONCE(t->se.nr_cpus_allowed) == 1 || (!one_idles && fair_is_brief(t)))
        return;
    fair_dequeue(rq, t);
    rq->shelved_brief = fair_is_brief(t); /* the shelf was empty, and afterwards t may be a thief's */
    if (!rq_shelve(&rq->q, &t->se.rq, n->key, t->se.load.weight))
        fair_insert(rq, t);
}

static void reap(struct rq *rq)
{
    rq->q.nr_running -= rq_reap_shelf(&rq->q);
    if (!rq->q.nr_shelved)
        cpu_unmark_surplus(&sched_groups, rq->q.cpu);
}

/* One task at least stands on the shelf afterwards, if there is one that may move. */
static bool keep_one_shelved(struct rq *rq, bool one_idles)
{
    if (rq->q.nr_shelved)
        reap(rq);
    if (!rq->q.nr_shelved)
        shelve_one(rq, one_idles);
    if (!rq->q.nr_shelved)
        return false;
    cpu_mark_surplus(&sched_groups, rq->q.cpu);
    return true;
}

/* The CPU that was told last has not looked yet. To tell one more would take the surplus farther away than it need go. */
static bool one_is_coming(const struct rq *rq)
{
    return rq->called != rq->q.cpu && (atomic_load_relaxed(&rq_env_of(rq->called)->kick) & RQ_NEED_RESCHED);
}

void sched_publish_surplus(struct rq *rq)
{
    u32 idle;

    if (unlikely(!rq->balanced) || !cpu_groups_any_idle(&sched_groups, rq->q.cpu) || one_is_coming(rq) || !keep_one_shelved(rq, true))
        return;
    /* D1: published, then look for an idle CPU, which looks here after it went idle. */
    idle = cpu_groups_claim_idle(&sched_groups, rq->q.cpu, (u64 *)cpu_active_mask);
    if (idle != CPUGROUP_NONE) {
        rq->called = idle;
        rq_kick(rq_env_of(idle));
    }
}

/* The first slot of the shelf whose task is owed time now; any when `any`. -1: none. */
static int owed_slot(const struct rq *rq, u64 now, bool any)
{
    for (int i = 0; i < SHELF_SLOTS; i++)
        if (rq->q.shadow[i].task && (any || !fairq_key_before(now, rq->q.shadow[i].key)))
            return i;
    return -1;
}

/* Tasks on the shelf that became eligible are queued again; one at least if nothing else waits and the running one does not stay. */
void fair_take_back(struct rq *rq, bool prev_stays)
{
    u64 now = fair_queue_time(rq, prev_stays);
    int at;

    reap(rq);
    while ((at = owed_slot(rq, now, !prev_stays && !rq->nr_fair && !rq->next)) >= 0) {
        struct rq_task *t = rq_unshelve(&rq->q, at);

        if (t)
            fair_insert(rq, TASK_OF(t));
        else
            reap(rq); /* a thief was faster */
    }
}

/* What waits here and may go. Behind an urgent task the next in turn, else the one whose turn is last. */
static struct task_struct *movable(struct rq *rq)
{
    struct fair_node *n = task_is_urgent(rq->curr) ? calendar_min(&rq->calendar, &rq->q.fair) : calendar_late(&rq->calendar, &rq->q.fair);
    struct task_struct *t = n ? FAIR_TASK(n) : NULL;

    return t && READ_ONCE(t->se.nr_cpus_allowed) > 1 ? t : NULL;
}

/* It ran lately: what it has in this CPU's cache is worth more than a shorter queue elsewhere. */
static bool is_hot(const struct task_struct *t, u64 now)
{
    return now - t->se.exec_start < READ_ONCE(sched_tunables.migration_cost);
}

/* t, or the next in turn, which has waited longest, if t is hot; NULL: both are. A CPU that idles takes a hot one, too (shelf). */
static struct task_struct *colder(struct rq *rq, struct task_struct *t, u64 now)
{
    struct task_struct *next;

    if (!t || !is_hot(t, now))
        return t;
    next = FAIR_TASK(calendar_min(&rq->calendar, &rq->q.fair));
    return READ_ONCE(next->se.nr_cpus_allowed) > 1 && !is_hot(next, now) ? next : NULL;
}

static void push_one(struct rq *rq, struct task_struct *t, u32 cpu)
{
    fair_dequeue(rq, t);
    rq->q.nr_running--;
    rq_send(&rq->q, &t->se.rq, cpu);
}

/* At most n tasks go to cpu; the number that went. Hot ones only if `any`. */
static u32 push_tasks(struct rq *rq, u32 cpu, u32 n, bool any)
{
    u64 now = rdtsc();
    u32 gone = 0;

    while (gone < n) {
        struct task_struct *t = any ? movable(rq) : colder(rq, movable(rq), now);

        if (!t || !rq_task_may_run_on(&t->se.rq, cpu))
            break;
        push_one(rq, t, cpu);
        gone++;
    }
    return gone;
}

/* t goes from here to cpu and neither is heavier then than here is now. */
static bool keeps_weights_even(const struct rq *rq, const struct task_struct *t, u32 cpu)
{
    return sched_load(cpu) + t->se.load.weight <= sched_load(rq->q.cpu);
}

/* One more here than there, and no CPU idles: with nothing done two would share a CPU for good while another one has its own. The one that has been
 * here longest takes its turn there; it goes while it waits. If it runs now, the next tick looks again: two that change places at each
 * tick would always stand the same way at a pass. Those that sleep have a new place at each wake-up anyway. */
static void rotate(struct rq *rq, struct task_struct *t, u32 cpu)
{
    struct task_struct *curr = rq->curr;

    if (curr->se.exec_start - t->se.arrived < sched_tunables.rotate || fair_is_brief(t))
        return;
    if (t->se.arrived > curr->se.arrived && READ_ONCE(curr->se.nr_cpus_allowed) > 1 && !fair_is_brief(curr) && keeps_weights_even(rq, curr, cpu))
        rq->rotate_waits = true;
    else if (keeps_weights_even(rq, t, cpu))
        push_one(rq, t, cpu);
}

/* t would make the heavier one of here and cpu lighter. */
static bool evens_weights(const struct rq *rq, const struct task_struct *t, u32 cpu)
{
    u64 mine = sched_load(rq->q.cpu), theirs = sched_load(cpu), weight = t->se.load.weight;

    return max(mine - weight, theirs + weight) < mine - (mine >> WORTH_SHIFT);
}

static bool push_if_lighter(struct rq *rq, struct task_struct *t)
{
    u32 cpu;

    if (!t || fair_is_brief(t))
        return false;
    cpu = sched_lightest(t, rq->q.cpu);
    if (cpu == rq->q.cpu || !evens_weights(rq, t, cpu))
        return false;
    push_one(rq, t, cpu);
    return true;
}

/* No more tasks here than elsewhere, but heavier ones (nice values): one that waits goes where they are lighter, so that shares follow the weights
 * across CPUs, too. True: one went. */
static bool push_for_weight(struct rq *rq, struct task_struct *late)
{
    struct fair_node *next;

    if (!task_is_fair(rq->curr))
        return false;
    if (push_if_lighter(rq, late))
        return true;
    next = calendar_min(&rq->calendar, &rq->q.fair);
    return next && FAIR_TASK(next) != late && READ_ONCE(FAIR_TASK(next)->se.nr_cpus_allowed) > 1 && push_if_lighter(rq, FAIR_TASK(next));
}

/* No CPU idles, but one is less crowded by two or more: it gets half the difference. A CPU with one task has no tick with which to come
 * and ask, so the owner pushes. */
static void push_half(struct rq *rq)
{
    struct task_struct *t = movable(rq);
    u32 cpu = t ? sched_least_loaded(t, rq->q.cpu) : rq->q.cpu, mine = sched_crowd(rq->q.cpu), theirs = sched_crowd(cpu);
    bool any = task_is_urgent(rq->curr) || rq->refused == HOT_TRIES;

    if (theirs + 2 > mine || mine < 3) {
        if (!push_for_weight(rq, t) && theirs + 1 == mine && task_is_fair(rq->curr))
            rotate(rq, t, cpu);
        return;
    }
    if (push_tasks(rq, cpu, min((mine - theirs) / 2, READ_ONCE(sched_tunables.nr_migrate)), any) || any)
        rq->refused = 0;
    else
        rq->refused++;
}

/* Behind an rt task nobody can say how long the wait is. */
static void push_to_less_loaded(struct rq *rq)
{
    if (task_is_urgent(rq->curr) || ++rq->balance_tick % BALANCE_TICKS == 0 || rq->rotate_waits) {
        rq->rotate_waits = false;
        push_half(rq);
    }
}

void fair_balance_tick(struct rq *rq)
{
    if (rq->q.nr_shelved)
        reap(rq);
    if (rq->next && rq->curr->se.sum_exec_runtime - rq->curr->se.prev_sum_exec_runtime > sched_tunables.wake_granularity)
        fair_leave_slot(rq); /* the waker did not block after all */
    if (rq->nr_fair && sched_smp && rq->balanced) {
        sched_publish_surplus(rq);
        if (rq->nr_fair > 1)
            (void)keep_one_shelved(rq, false); /* for whoever goes idle before the next tick */
        push_to_less_loaded(rq);
    } else if (sched_smt && rq->slow_tick && rq->balanced) {
        sched_leave_shared_core(rq);
    }
}
