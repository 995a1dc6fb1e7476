/* rt.c: SCHED_FIFO and SCHED_RR: a bitmap and a list for each of 100 priorities. Owner CPU only, interrupts off.
 *
 * Throttling: rt tasks of a CPU run at most sched_rt_runtime_us of each sched_rt_period_us while anything fair waits. */
#include "kernel/sched/rq.h"

int sched_rt_period_us = 1000000, sched_rt_runtime_us = 950000, sched_rr_timeslice_ms = 100;

static u64 period_ticks(void)
{
    return sched_ticks((u64)READ_ONCE(sched_rt_period_us) * NSEC_PER_USEC);
}

static u64 rr_slice(void)
{
    return sched_ticks((u64)READ_ONCE(sched_rr_timeslice_ms) * NSEC_PER_MSEC);
}

static bool over_runtime(u64 used)
{
    int us = READ_ONCE(sched_rt_runtime_us);

    return us >= 0 && used > sched_ticks((u64)us * NSEC_PER_USEC);
}

void rt_init(struct rt_rq *rt)
{
    for (int i = 0; i < MAX_RT_PRIO; i++)
        INIT_LIST_HEAD(&rt->queue[i]);
}

static void mark(struct rt_rq *rt, int prio)
{
    rt->bitmap[prio / 64] |= 1ull << (prio % 64);
}

static void unmark_if_empty(struct rt_rq *rt, int prio)
{
    if (list_empty(&rt->queue[prio]))
        rt->bitmap[prio / 64] &= ~(1ull << (prio % 64));
}

struct task_struct *rt_first(struct rq *rq)
{
    struct rt_rq *rt = &rq->rt;
    int prio = rt->bitmap[0] ? __builtin_ctzll(rt->bitmap[0]) : 64 + __builtin_ctzll(rt->bitmap[1]);

    return list_first_entry(&rt->queue[prio], struct task_struct, rt.run_list);
}

bool rt_slice_ended(const struct task_struct *t)
{
    return t->policy == SCHED_RR && t->se.sum_exec_runtime >= t->rt.slice_end;
}

void rt_renew_slice(struct task_struct *t)
{
    if (rt_slice_ended(t))
        t->rt.slice_end = t->se.sum_exec_runtime + rr_slice();
}

u64 sched_rt_awake_ns(struct task_struct *t)
{
    struct sched_rt_entity *rt = &t->rt;

    if (!task_is_rt(t)) {
        rt->awake_sleeps = ~0ull;
        return 0;
    }
    if (rt->awake_sleeps != t->stats.nvcsw) {
        rt->awake_sleeps = t->stats.nvcsw;
        rt->awake_since = t->se.sum_exec_runtime;
    }
    return sched_ns(t->se.sum_exec_runtime - rt->awake_since);
}

void rt_requeue(struct rq *rq, struct task_struct *t, bool head)
{
    struct rt_rq *rt = &rq->rt;

    rt_renew_slice(t);
    if (head)
        list_add(&t->rt.run_list, &rt->queue[t->prio]);
    else
        list_add_tail(&t->rt.run_list, &rt->queue[t->prio]);
    t->se.on_rt = 1;
    rt->nr++;
    rq->nr_urgent++;
    mark(rt, t->prio);
}

void rt_dequeue(struct rq *rq, struct task_struct *t)
{
    list_del(&t->rt.run_list);
    t->se.on_rt = 0;
    rq->rt.nr--;
    rq->nr_urgent--;
    unmark_if_empty(&rq->rt, t->prio);
    if (unlikely(rq->slot == t))
        sched_urgent_left(rq);
}

bool rt_may_run(struct rq *rq)
{
    return !rq->rt.throttled;
}

/* Periods follow each other without a gap. False: the last one has not ended. */
static bool begin_period(struct rt_rq *rt, u64 now)
{
    u64 period = period_ticks(), since = now - rt->period_start;

    if (since < period)
        return false;
    rt->period_start = now - since % period;
    rt->used = 0;
    rt->throttled = false;
    return true;
}

void rt_account(struct rq *rq, u64 delta, u64 now)
{
    struct rt_rq *rt = &rq->rt;

    (void)begin_period(rt, now);
    rt->used += min(delta, now - rt->period_start); /* the rest was of periods that ended */
    if (over_runtime(rt->used) && !rt->throttled) {
        rt->throttled = true;
        rq_kick_self(&rq->q);
    }
}

/* At the tick: a period in which no rt task ran ends too. */
void rt_unthrottle(struct rq *rq)
{
    if (unlikely(rq->rt.throttled) && begin_period(&rq->rt, rdtsc()) && rq->rt.nr)
        rq_kick_self(&rq->q);
}

/* t is queued here: gives it to a CPU that runs something less important. False: there is none. */
bool rt_send_waiting(struct rq *rq, struct task_struct *t)
{
    u32 cpu = sched_select_rt(t, rq->q.cpu);

    if (cpu == rq->q.cpu || READ_ONCE(cpu_rq(cpu)->curr_prio) <= t->prio)
        return false;
    rt_dequeue(rq, t);
    rq->q.nr_running--;
    rq_send(&rq->q, &t->se.rq, cpu);
    return true;
}

static void rt_enqueue(struct rq *rq, struct task_struct *t)
{
    if (t->se.last_cpu != rq->q.cpu) {
        trace_migrate(t, t->se.last_cpu);
        t->se.last_cpu = rq->q.cpu;
        t->se.nr_migrations++;
    }
    rt_requeue(rq, t, false);
}

static bool rt_queued(const struct task_struct *t)
{
    return t->se.on_rt;
}

static void rt_tick(struct rq *rq, struct task_struct *curr)
{
    int first = rq->rt.nr ? rt_first(rq)->prio : MAX_RT_PRIO;

    if (first < curr->prio || (first == curr->prio && rt_slice_ended(curr)))
        rq_kick_self(&rq->q);
    else
        rt_renew_slice(curr); /* nobody else's turn */
}

const struct sched_class rt_sched_class = {"rt", rt_enqueue, rt_dequeue, rt_queued, rt_tick};
