/* dl_active.c: what of the bandwidth of deadline tasks is active on a CPU, and the reclaiming of the rest (SCHED_FLAG_RECLAIM). Owner CPU
 * only, interrupts off, but for gone_bw.
 * Sources: sched_setattr(2); Lipari and Baruah, "Greedy Reclamation of Unused Bandwidth in Constant-Bandwidth Servers", ECRTS 2000; Abeni,
 * Lipari, Parri and Sun, "Multicore CPU reclaiming: parallel or sequential?", SAC 2016; Linux's sched-deadline.rst.
 *
 *   state of a task         what it counts as                          from -> to
 *   active, contending      running_bw and this_bw of its CPU          dl_count: it is ready, runs or is throttled here
 *   active, not contending  the same, in one of lag[]                  dl_sleeps: it sleeps before its 0-lag time
 *   inactive                this_bw of the CPU where it last was       its 0-lag time has passed
 *   none                    -                                          dl_forget: another policy, or dead
 *
 *   R1 the 0-lag time is deadline - left * period / runtime: until then what it has left is still its own, and a CPU that gave it to another
 *      could be late when it comes back.
 *   R2 who reclaims pays max(Ui, Umax - Uinactive - Uextra) / Umax for each ns that it runs, at most 1. Uinactive is this_bw - running_bw,
 *      Umax the part of a CPU that the rt throttle leaves, Uextra what is left of that by an equal part of all that was promised.
 *   R3 before running_bw changes the running task is charged at the old rate, then its timer is set anew.
 *
 * The sums belong to their CPU. A task that went to sleep here and came back elsewhere is taken out of this_bw by a count that others raise
 * (gone_bw); its part of running_bw stays until its 0-lag time, which reclaims less than it might, never more. There are so many places for
 * 0-lag times; who finds none shares the latest, which then ends for all of them at the later time. */
#include "kernel/sched/rq.h"
#include "kernel/sched/sched_stats.h"

static void set_curr_right(struct rq *rq)
{
    if (!task_is_deadline(rq->curr) || !dl_reclaims(rq->curr))
        return;
    sched_update_curr(rq, rq->curr, rdtsc());
    sched_charge_urgent(rq, rq->curr); /* R3 */
}

/* ---- 0-lag times ---- */

static void end_lag(struct rq *rq, struct dl_lag *lag)
{
    rq->dl.running_bw -= lag->bw;
    lag->bw = 0;
    lag->seq++;
}

void dl_end_lags(struct rq *rq, s64 now)
{
    for (unsigned i = 0; i < DL_LAGS; i++)
        if (rq->dl.lag[i].bw && rq->dl.lag[i].until_ns <= now)
            end_lag(rq, &rq->dl.lag[i]);
}

s64 dl_next_lag(const struct rq *rq)
{
    s64 next = S64_MAX;

    for (unsigned i = 0; i < DL_LAGS; i++)
        if (rq->dl.lag[i].bw)
            next = min(next, rq->dl.lag[i].until_ns);
    return next;
}

/* A free place, else the one with the latest time. */
static struct dl_lag *lag_for(struct rq *rq)
{
    struct dl_lag *best = &rq->dl.lag[0];

    for (unsigned i = 0; i < DL_LAGS; i++) {
        struct dl_lag *lag = &rq->dl.lag[i];

        if (!lag->bw)
            return lag;
        if (lag->until_ns > best->until_ns)
            best = lag;
    }
    return best;
}

static s64 zero_lag_time(const struct sched_dl_entity *dl)
{
    if (dl->left_ns <= 0)
        return dl->abs_deadline_ns;
    return dl->abs_deadline_ns - (s64)((unsigned __int128)dl->left_ns * dl->period_ns / dl->runtime_ns);
}

/* R1. t, counted here, goes to sleep or dies. */
void dl_sleeps(struct rq *rq, struct task_struct *t, s64 now)
{
    struct dl_lag *lag;
    s64 until;

    t->dl.lag_bw = t->dl.counted_bw;
    t->dl.counted_bw = 0;
    if (!t->dl.lag_bw)
        return; /* its deadline is lent to it */
    dl_end_lags(rq, now);
    until = zero_lag_time(&t->dl);
    if (until <= now) {
        rq->dl.running_bw -= t->dl.lag_bw;
        t->dl.lag_bw = 0;
        return;
    }
    lag = lag_for(rq);
    lag->until_ns = lag->bw ? max(lag->until_ns, until) : until;
    lag->bw += t->dl.lag_bw;
    t->dl.lag_cpu = rq->q.cpu;
    t->dl.lag_place = (u32)(lag - rq->dl.lag);
    t->dl.lag_seq = lag->seq;
}

/* Its own part ends before its time. */
static void leave_lag(struct rq *rq, struct sched_dl_entity *dl)
{
    struct dl_lag *lag = &rq->dl.lag[dl->lag_place];

    if (dl->lag_bw && dl->lag_cpu == rq->q.cpu && dl->lag_seq == lag->seq) {
        rq->dl.running_bw -= dl->lag_bw;
        lag->bw -= dl->lag_bw;
        lag->seq += !lag->bw;
    }
    dl->lag_bw = 0;
}

/* ---- where a task counts ---- */

static void leave_home(struct rq *rq, struct sched_dl_entity *dl)
{
    if (dl->home == rq->q.cpu)
        rq->dl.this_bw -= dl->home_bw;
    else if (dl->home_bw)
        (void)atomic_fetch_add_relaxed(&cpu_rq(dl->home)->dl.gone_bw, dl->home_bw);
    dl->home_bw = 0;
}

/* t came here, or became a deadline task, or one with other parameters, while it was here. */
void dl_count(struct rq *rq, struct task_struct *t)
{
    u64 bw = READ_ONCE(t->dl.bw);

    DEBUG_ASSERT(!t->dl.counted_bw);
    set_curr_right(rq);
    dl_end_lags(rq, ktime_get_ns());
    leave_lag(rq, &t->dl);
    rq->dl.running_bw += bw;
    t->dl.counted_bw = bw;
    leave_home(rq, &t->dl);
    rq->dl.this_bw += bw;
    t->dl.home = rq->q.cpu;
    t->dl.home_bw = bw;
}

/* t goes to another CPU, which counts it, or is dl_count()ed anew. */
void dl_uncount(struct rq *rq, struct task_struct *t)
{
    set_curr_right(rq);
    rq->dl.running_bw -= t->dl.counted_bw;
    t->dl.counted_bw = 0;
}

/* t, not counted or about to end, is no deadline task any more. */
void dl_forget(struct rq *rq, struct task_struct *t)
{
    leave_home(rq, &t->dl);
}

/* ---- reclaiming ---- */

/* R2, with BW_SHIFT bits of fraction. */
static u64 rate(const struct rq *rq, const struct task_struct *t)
{
    u64 most = max(dl_limit_of_cpu(), 1ull); /* 0: the throttle leaves nothing, and somebody who was promised something has not gone yet */
    s64 inactive = (s64)(rq->dl.this_bw - atomic_load_relaxed(&rq->dl.gone_bw) - rq->dl.running_bw);
    s64 active = (s64)(dl_total_bandwidth() / num_balancing_cpus()) - max(inactive, (s64)0);

    active = max(active, max((s64)t->dl.counted_bw, (s64)1));
    return min(((u64)active << BW_SHIFT) / most, 1ull << BW_SHIFT);
}

/* What t pays for so much time. */
s64 dl_price(const struct rq *rq, const struct task_struct *t, s64 ns)
{
    if (likely(!dl_reclaims(t)))
        return ns;
    return (s64)(((unsigned __int128)ns * rate(rq, t)) >> BW_SHIFT);
}

/* For how long t can run, as things stand. */
s64 dl_time_left(const struct rq *rq, const struct task_struct *t)
{
    if (likely(!dl_reclaims(t)) || t->dl.left_ns <= 0)
        return t->dl.left_ns;
    return (s64)(((unsigned __int128)t->dl.left_ns << BW_SHIFT) / rate(rq, t)) + 1;
}
