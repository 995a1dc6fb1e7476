/* sched_stats.c: the scheduler's statistics: counted while sched_schedstats is 1, and views of run queues and tasks for those who show them.
 * A run queue is looked at by its own CPU, which is asked to. */
#include "kernel/sched/sched_stats.h"
#include "kernel/lib/string.h"
#include "kernel/sched/rq.h"
#include "kernel/time/ktime.h"

int sched_schedstats;
bool sched_stats_used;

/* ---- counting: the owner, interrupts off ---- */

static void count_max(u64 *most, u64 value)
{
    *most = max(*most, value);
}

void sched_note_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next, u64 delay)
{
    if (rq->fate == PREV_YIELDS)
        rq->stats.yld_count++;
    count_max(&prev->se.statistics.slice_max, prev->se.sum_exec_runtime - prev->se.prev_sum_exec_runtime);
    if (next == rq->idle) {
        rq->stats.sched_goidle++;
        return;
    }
    rq->stats.pcount++;
    rq->stats.run_delay += delay;
    next->se.statistics.wait_count++;
    next->se.statistics.wait_sum += delay;
    count_max(&next->se.statistics.wait_max, delay);
}

/* It slept since it was last charged. */
void sched_note_wakeup(struct rq *rq, struct task_struct *t, u32 prev_cpu, u32 cpu, bool sync)
{
    struct sched_statistics *st = &t->se.statistics;
    u64 slept = t->se.last_wakeup - t->se.exec_start;

    if (t->state & TASK_UNINTERRUPTIBLE) {
        st->sum_block_runtime += slept;
        count_max(&st->block_max, slept);
    } else {
        st->sum_sleep_runtime += slept;
        count_max(&st->sleep_max, slept);
    }
    st->nr_wakeups++;
    st->nr_wakeups_sync += sync;
    st->nr_wakeups_migrate += cpu != prev_cpu;
    rq->stats.ttwu_count++;
    if (cpu == rq->q.cpu) {
        st->nr_wakeups_local++;
        rq->stats.ttwu_local++;
    } else {
        st->nr_wakeups_remote++;
    }
}

/* ---- views ---- */

/* A moment's value may be torn between two stores of the owner: below 0 for an instant. */
static u64 not_negative(u64 ticks)
{
    return (s64)ticks < 0 ? 0 : sched_ns(ticks);
}

u64 sched_run_delay(const struct task_struct *t)
{
    return not_negative(READ_ONCE(t->se.run_delay));
}

static void stats_in_ns(struct sched_statistics *st)
{
    u64 *times[] = {&st->wait_sum, &st->wait_max, &st->sum_sleep_runtime, &st->sleep_max, &st->sum_block_runtime, &st->block_max,
                    &st->slice_max};

    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        *times[i] = not_negative(*times[i]);
}

/* The averages as they would be if it were brought up to date now; a sleeper's decay. */
static struct sched_avg avg_now(const struct task_struct *t)
{
    struct sched_entity se;

    se.avg = t->se.avg;
    se.sum_exec_runtime = t->se.sum_exec_runtime;
    se.run_delay = t->se.run_delay;
    se.last_wakeup = task_is_running(t) ? t->se.last_wakeup : t->se.avg.last_update; /* asleep: what it ran was before */
    if (task_is_running(t) && rdtsc() > t->se.exec_start)
        se.sum_exec_runtime += rdtsc() - t->se.exec_start;
    if (rdtsc() - se.avg.last_update > sched_tunables.avg_period)
        sched_avg_update(&se, rdtsc());
    return se.avg;
}

void sched_view_task(struct task_struct *t, struct task_view *v)
{
    struct sched_avg avg = avg_now(t);
    enum own_state s = OWN_STATE(own_read(&t->se.rq.own));

    v->exec_start = sched_ns(t->se.exec_start);
    v->vruntime = t->se.rq.fair.key;
    v->deadline = t->se.rq.fair.deadline;
    v->slice = t->se.slice ? sched_ns(t->se.slice) : sched_tunables.base_slice_ns;
    v->sum_exec_runtime = task_sched_runtime(t);
    v->prev_sum_exec_runtime = sched_ns(READ_ONCE(t->se.prev_sum_exec_runtime));
    v->run_delay = sched_run_delay(t);
    v->last_wakeup = sched_ns(t->se.last_wakeup);
    v->vlag = t->se.vlag;
    v->util_avg = avg.util >> 10;
    v->runnable_avg = avg.runnable >> 10;
    v->load_avg = t->se.load.weight * avg.runnable >> 20;
    v->stats = t->se.statistics;
    stats_in_ns(&v->stats);
    v->waits = fair_node_is_queued(&t->se.rq.fair);
    v->on_rq = s != OWN_PARKED && s != OWN_DEAD;
}

void sched_forget_statistics(struct task_struct *t)
{
    u64 *count = (u64 *)&t->se.statistics;

    for (size_t i = 0; i < sizeof(t->se.statistics) / sizeof(*count); i++)
        WRITE_ONCE(count[i], 0);
}

/* How many of the waiting fair tasks a view looks at: as many as may be seen with interrupts off. */
#define VIEWED_AT_MOST 32

#define for_each_viewed(rq, n, i)                                                                                                    \
    for (i = 0, n = calendar_next(&(rq)->calendar, &(rq)->q.fair, NULL); n && i < VIEWED_AT_MOST;                                   \
         i++, n = calendar_next(&(rq)->calendar, &(rq)->q.fair, n))

/* Adds a fair task that runs or waits here. */
static void view_fair(struct rq_view *v, const struct task_struct *t)
{
    struct sched_avg avg = avg_now(t);
    s64 key = (s64)t->se.rq.fair.key;

    if (!v->fair_viewed || key - v->left_vruntime < 0)
        v->left_vruntime = key;
    if (!v->fair_viewed || key - v->right_vruntime > 0)
        v->right_vruntime = key;
    v->fair_viewed++;
    v->util_avg += avg.util >> 10;
    v->runnable_avg += avg.runnable >> 10;
    v->load_avg += t->se.load.weight * avg.runnable >> 20;
}

/* Those whose vruntime is further from the least than three slices. */
static void view_spread(struct rq *rq, struct rq_view *v)
{
    s64 far = v->left_vruntime + 3 * (s64)sched_tunables.base_slice;
    struct fair_node *n;
    unsigned i;

    for_each_viewed(rq, n, i)
        v->nr_spread_over += (s64)n->key - far > 0;
}

static void view_rt(struct rq *rq, struct rq_view *v)
{
    u64 period = sched_ticks((u64)READ_ONCE(sched_rt_period_us) * NSEC_PER_USEC), since = rdtsc() - rq->rt.period_start;

    v->rt_nr_running = rq->rt.nr + task_is_rt(rq->curr);
    v->rt_active = (unsigned)(__builtin_popcountll(rq->rt.bitmap[0]) + __builtin_popcountll(rq->rt.bitmap[1]));
    v->highest_prio = task_is_rt(rq->curr) ? rq->curr->prio : rq->rt.nr ? rt_first(rq)->prio : MAX_RT_PRIO;
    v->rt_time = sched_ns(rq->rt.used);
    v->rt_runtime = sched_rt_runtime_us < 0 ? 0 : (u64)sched_rt_runtime_us * NSEC_PER_USEC;
    v->rt_period_left = since < period ? sched_ns(period - since) : 0;
    v->rt_throttled = rq->rt.throttled;
    v->rt_queued = v->rt_nr_running && !rq->rt.throttled;
}

static void view_queues(struct rq *rq, struct rq_view *v)
{
    struct fair_node *n = calendar_min(&rq->calendar, &rq->q.fair);
    unsigned i;

    v->avg_vruntime = (s64)fair_time(rq); /* charges the running task: before its key is looked at */
    v->fair_running = rq->nr_fair + task_is_fair(rq->curr);
    v->fair_waiting = rq->nr_fair;
    v->fair_first = n ? FAIR_TASK(n)->pid : -1;
    v->load = fair_load(rq);
    if (task_is_fair(rq->curr))
        view_fair(v, rq->curr);
    for_each_viewed(rq, n, i)
        view_fair(v, FAIR_TASK(n));
    if (!v->fair_viewed)
        v->left_vruntime = v->right_vruntime = (s64)rq->zero_vruntime;
    v->min_vruntime = v->left_vruntime;
    view_spread(rq, v);
    view_rt(rq, v);
    v->dl_nr_running = rq->dl.nr + task_is_deadline(rq->curr);
    dl_end_lags(rq, ktime_get_ns());
    v->dl_running_bw = (s64)rq->dl.running_bw;
    v->dl_this_bw = (s64)(rq->dl.this_bw - atomic_load_relaxed(&rq->dl.gone_bw));
}

static void view_counts(struct rq *rq, struct rq_view *v)
{
    u64 now = rdtsc(), busy;

    sched_update_curr(rq, rq->curr, now);
    if (task_is_urgent(rq->curr))
        sched_charge_urgent(rq, rq->curr);
    busy = now - rq->started - rq->idle->se.sum_exec_runtime;
    v->clock = sched_ns(now - rq->started);
    v->busy_time = not_negative(busy);
    v->exec_clock = not_negative(busy - rq->urgent_time);
    v->nr_switches = rq->nr_switches;
    v->nr_migrations = rq->nr_migrations;
    v->nr_running = rq->q.nr_running;
    v->nr_uninterruptible = rq->nr_uninterruptible;
    v->curr = rq->curr->pid;
    v->next = rq->next ? rq->next->pid : -1;
    v->run_delay = not_negative(rq->stats.run_delay);
    v->pcount = rq->stats.pcount;
    v->yld_count = rq->stats.yld_count;
    v->sched_goidle = rq->stats.sched_goidle;
    v->ttwu_count = rq->stats.ttwu_count;
    v->ttwu_local = rq->stats.ttwu_local;
}

/* Interrupts off, on the CPU that is asked. */
static void view_here(void *view)
{
    view_counts(this_rq(), view);
    view_queues(this_rq(), view);
}

void sched_view_rq(unsigned cpu, struct rq_view *v)
{
    memset(v, 0, sizeof(*v));
    preempt_disable(); /* it leaves after it answered, or before it is asked */
    if (cpu_online(cpu))
        smp_call_function_single(cpu, view_here, v, true);
    preempt_enable();
}

#ifdef CLOUDOS_DEBUG
u64 sched_longest_section(const void **from, const void **to)
{
    u64 ticks = 0;

    for_each_online_cpu(cpu) {
        const struct preempt_section *s = &per_cpu(preempt_longest, cpu);

        if (READ_ONCE(s->ticks) <= ticks)
            continue;
        ticks = READ_ONCE(s->ticks);
        *from = READ_ONCE(s->from);
        *to = READ_ONCE(s->to);
    }
    return sched_ns(ticks);
}

void sched_forget_sections(void)
{
    for_each_online_cpu(cpu)
        WRITE_ONCE(per_cpu(preempt_longest, cpu).ticks, 0);
}
#endif
