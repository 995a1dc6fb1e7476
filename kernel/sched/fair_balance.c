/* fair_balance.c: where fair tasks wait. Surplus (what waits while others idle) is published on the shelf, from which thieves and
 * the owner take by exchange; beyond that the owner pushes to less crowded CPUs at its tick. Owner CPU only, interrupts off. */
#include "kernel/sched/fair_time.h"

/* Who waits here, for a search that looks at BALANCE_LOOKS of them: the one whose turn is last, the next in turn, then all. */
static struct fair_node *waiting(struct rq *rq, u32 i, struct fair_node *before)
{
    if (i == 0)
        return calendar_late(&rq->calendar, &rq->q.fair);
    if (i == 1)
        return calendar_min(&rq->calendar, &rq->q.fair);
    return calendar_next(&rq->calendar, &rq->q.fair, i == 2 ? NULL : before);
}

/* Does some CPU that idles take it? */
static bool an_idle_cpu_takes(const struct task_struct *t)
{
    return READ_ONCE(t->se.nr_cpus_allowed) >= nr_cpu_ids || cpu_groups_any_idle_of(&sched_groups, t->se.rq.allowed);
}

#define OTHERS_FOR_IDLE 3 /* that are looked at: each look goes through the CPUs that idle */

/* The last may run on no CPU that idles: would be stolen and sent back again and again. Another one? */
static __noinline struct task_struct *another_for_idle(struct rq *rq)
{
    struct fair_node *n = NULL;

    for (u32 i = 1; i <= OTHERS_FOR_IDLE && (n = waiting(rq, i, n)); i++)
        if (READ_ONCE(FAIR_TASK(n)->se.nr_cpus_allowed) > 1 && an_idle_cpu_takes(FAIR_TASK(n)))
            return FAIR_TASK(n);
    return NULL;
}

/* Who is to be published. A CPU idles: whoever waits and may run there. None does: the last, unless it sleeps soon anyway. */
static __always_inline struct task_struct *for_the_shelf(struct rq *rq, bool one_idles)
{
    struct fair_node *n = calendar_late(&rq->calendar, &rq->q.fair);
    struct task_struct *t = n ? FAIR_TASK(n) : NULL;

    if (!t || READ_ONCE(t->se.nr_cpus_allowed) == 1)
        return NULL;
    if (!one_idles)
        return fair_is_brief(t) ? NULL : t;
    return likely(an_idle_cpu_takes(t)) ? t : another_for_idle(rq);
}

static void shelve_one(struct rq *rq, bool one_idles)
{
    struct task_struct *t = for_the_shelf(rq, one_idles);

    if (!t)
        return;
    fair_dequeue(rq, t);
    rq->shelved_brief = fair_is_brief(t); /* the shelf was empty, and afterwards t may be a thief's */
    if (!rq_shelve(&rq->q, &t->se.rq, t->se.rq.fair.key, t->se.load.weight))
        fair_insert(rq, t);
}

static void reap(struct rq *rq)
{
    rq->q.nr_running -= rq_reap_shelf(&rq->q);
    if (!rq->q.nr_shelved)
        cpu_unmark_surplus(&sched_groups, rq->q.cpu);
}

/* What no CPU that idles may take makes room for what one may. */
static __noinline void clear_shelf_for_idle(struct rq *rq)
{
    for (int i = 0; i < SHELF_SLOTS; i++) {
        struct rq_task *t = rq->q.shadow[i].task;

        if (t && !an_idle_cpu_takes(TASK_OF(t)) && rq_unshelve(&rq->q, i))
            fair_insert(rq, TASK_OF(t));
    }
    reap(rq);
}

/* One task at least stands on the shelf afterwards, if there is one that may move. */
static bool keep_one_shelved(struct rq *rq, bool one_idles)
{
    if (rq->q.nr_shelved)
        reap(rq);
    if (rq->q.nr_shelved && one_idles)
        clear_shelf_for_idle(rq);
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

/* Where one of the shelved tasks may run; it may be a thief's by now, and lives for as long as interrupts are off here. */
static const u64 *shelved_mask(const struct rq *rq)
{
    for (int i = 0; i < SHELF_SLOTS; i++)
        if (rq->q.shadow[i].task)
            return rq->q.shadow[i].task->allowed;
    return (const u64 *)cpu_active_mask;
}

/* D1: published, then look for an idle CPU, which looks here after it went idle. */
static __noinline void call_an_idle_one(struct rq *rq)
{
    u32 idle = cpu_groups_claim_idle(&sched_groups, rq->q.cpu, shelved_mask(rq));

    if (idle == CPUGROUP_NONE)
        return;
    rq->called = idle;
    rq_kick(rq_env_of(idle));
}

void sched_publish_surplus(struct rq *rq)
{
    if (likely(rq->balanced) && cpu_groups_any_idle(&sched_groups, rq->q.cpu) && !one_is_coming(rq) && keep_one_shelved(rq, true))
        call_an_idle_one(rq);
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

/* t may leave a CPU for cpu: by its mask, and it has not run lately: what it has in this CPU's cache is worth more than a shorter queue
 * elsewhere. `any`: that does not count. A CPU that idles takes a hot one, too (shelf). */
static bool may_go(const struct task_struct *t, u32 cpu, u64 now, bool any)
{
    return READ_ONCE(t->se.nr_cpus_allowed) > 1 && rq_task_may_run_on(&t->se.rq, cpu) &&
           (any || now - t->se.exec_start >= READ_ONCE(sched_tunables.migration_cost));
}

/* Who should go to cpu: the one that makes the heavier of the two CPUs lightest; of equals, the one whose turn is last. After it neither is heavier
 * than `most`. Behind an urgent task, where nobody can say how long the wait is, the next in turn. NULL: nobody. */
static struct task_struct *best_to_go(struct rq *rq, u32 cpu, u64 most, bool any)
{
    u64 now = rdtsc(), mine = sched_load(rq->q.cpu), theirs = sched_load(cpu);
    struct task_struct *best = NULL;
    struct fair_node *n = NULL;

    for (u32 i = task_is_urgent(rq->curr); i < BALANCE_LOOKS && (n = waiting(rq, i, n)); i++) {
        u64 weight = FAIR_TASK(n)->se.load.weight, after = max(mine - weight, theirs + weight);

        if (after <= most && may_go(FAIR_TASK(n), cpu, now, any)) {
            best = FAIR_TASK(n);
            most = after - 1;
        }
        if (best && task_is_urgent(rq->curr))
            break;
    }
    return best;
}

static void push_one(struct rq *rq, struct task_struct *t, u32 cpu)
{
    fair_dequeue(rq, t);
    rq->q.nr_running--;
    t->se.owed = fair_owed(rq, cpu);
    rq_send(&rq->q, &t->se.rq, cpu);
}

/* At most n tasks go to cpu, none that would make it heavier than here is; the number that went. Hot ones only if `any`. */
static u32 push_tasks(struct rq *rq, u32 cpu, u32 n, bool any)
{
    u32 gone = 0;

    while (gone < n) {
        struct task_struct *t = best_to_go(rq, cpu, sched_load(rq->q.cpu), any);

        if (!t)
            break;
        push_one(rq, t, cpu);
        gone++;
    }
    return gone;
}

/* No CPU idles, and with nothing done the tasks here would go on having less than their weights promise: two share a CPU for good while
 * another one has its own, or the weights do not divide evenly. One goes where they had more and makes that the slower of the two. */
static void rotate(struct rq *rq, struct task_struct *late)
{
    u32 cpu = sched_best_served(late, rq->q.cpu);
    u64 mine = sched_load(rq->q.cpu);
    struct task_struct *t;

    if (cpu == rq->q.cpu || !fair_is_served_better(rq, cpu))
        return;
    t = best_to_go(rq, cpu, mine + mine / 4, true);
    if (t && !fair_is_brief(t) && sched_load(cpu) + 2 * t->se.load.weight > mine)
        push_one(rq, t, cpu);
}

/* Somebody that waits here and may leave; behind an urgent task the next in turn rather than the last. */
static struct task_struct *movable(struct rq *rq)
{
    struct fair_node *n = NULL;

    for (u32 i = task_is_urgent(rq->curr); i < BALANCE_LOOKS && (n = waiting(rq, i, n)); i++)
        if (READ_ONCE(FAIR_TASK(n)->se.nr_cpus_allowed) > 1)
            return FAIR_TASK(n);
    return NULL;
}

/* No CPU idles, but one is less crowded by two or more: it gets half the difference. Else one takes its turn
 * elsewhere. A CPU with one task has no tick with which to come and ask, so the owner pushes. */
static void push_half(struct rq *rq)
{
    struct task_struct *t = movable(rq);
    u32 cpu = t ? sched_least_loaded(t, rq->q.cpu) : rq->q.cpu, mine = sched_crowd(rq->q.cpu), theirs = sched_crowd(cpu);
    bool any = task_is_urgent(rq->curr) || rq->refused == HOT_TRIES;

    if (theirs + 2 <= mine && mine > 2 && !fair_is_behind(cpu, rq->q.cpu)) {
        u32 gone = push_tasks(rq, cpu, min((mine - theirs) / 2, READ_ONCE(sched_tunables.nr_migrate)), any);

        rq->refused = gone || any ? 0 : rq->refused + 1;
        if (gone || !any)
            return;
    }
    if (t && task_is_fair(rq->curr))
        rotate(rq, t);
}

/* Behind an rt task nobody can say how long the wait is. */
static void push_to_less_loaded(struct rq *rq)
{
    if (task_is_urgent(rq->curr) || ++rq->balance_tick % BALANCE_TICKS == 0)
        push_half(rq);
}

void fair_balance_tick(struct rq *rq)
{
    if (sched_smp)
        fair_count_service(rq);
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
