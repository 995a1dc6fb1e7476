/* fair_time.h: the fair queue's time and the lag that a task takes along (kernel/sched/fair.c has the theory). Owner CPU only, interrupts
 * off. Short pieces of each switch and wake-up: nobody else waits there most of the time, so that the running task's key is the time. */
#pragma once
#include "kernel/sched/rq.h"

u64 fair_average(struct rq *rq, bool with_curr);
void fair_note_lag_slow(struct rq *rq, struct task_struct *t);
s64 fair_scaled_lag(const struct sched_entity *se, u64 load);
void fair_arrive(struct rq *rq, struct task_struct *t);

/* V over those that are queued and, with_curr, the running task (charged up to now by the caller). zero_vruntime becomes V. */
static __always_inline u64 fair_queue_time(struct rq *rq, bool with_curr)
{
    if (unlikely(rq->avg_load))
        return fair_average(rq, with_curr);
    if (with_curr && likely(task_is_fair(rq->curr)))
        rq->zero_vruntime = rq->curr->se.rq.fair.key;
    return rq->zero_vruntime;
}

/* A request's length in virtual time. */
static __always_inline u64 fair_virtual_slice(const struct sched_entity *se)
{
    return likely(!se->vslice) ? sched_tunables.base_slice : se->vslice;
}

/* Gives the rest of its request up: it asks anew. */
static __always_inline void fair_yield(struct task_struct *t)
{
    t->se.rq.fair.deadline = t->se.rq.fair.key + fair_virtual_slice(&t->se);
}

static __always_inline s64 fair_limited(const struct sched_entity *se, s64 lag)
{
    s64 most = (s64)sched_tunables.lag_limit;

    if (unlikely(se->vslice) && most)
        most = 2 * (s64)se->vslice;
    if (likely((u64)(lag + most) <= 2 * (u64)most))
        return lag;
    return lag > 0 ? most : -most;
}

/* E5, in virtual time. */
static __always_inline u64 fair_wake_request(const struct sched_entity *se)
{
    u64 request = 2 * se->burst + sched_tunables.least_turn;

    if (unlikely(se->load.weight != NICE_0_WEIGHT))
        request = fair_virtual(se, request);
    return min(request, fair_virtual_slice(se));
}

/* E3: t, woken at last_wakeup, left ahead: while it slept the others' time went on by nice 0's part of their load. */
static inline void fair_pay_by_sleep(struct sched_entity *se)
{
    u64 slept = se->last_wakeup - se->exec_start;

    se->vlag += (s64)min((slept << NICE_0_SHIFT) / se->vlag_load, (u64)-se->vlag);
}

/* fair_place() when the running task was charged at this moment already. */
static __always_inline void fair_place_charged(struct rq *rq, struct task_struct *t)
{
    struct sched_entity *se = &t->se;
    u64 load = fair_load(rq), now = fair_queue_time(rq, true);

    if (likely(load == se->vlag_load))
        now -= (u64)se->vlag;
    else if (load && se->vlag_load)
        now -= (u64)fair_scaled_lag(se, load);
    se->rq.fair.key = now;
    se->rq.fair.deadline = now + fair_wake_request(se);
    if (unlikely(se->last_cpu != rq->q.cpu))
        fair_arrive(rq, t);
}

/* It usually sleeps soon, after an eighth of a slice at most. */
static inline bool fair_is_brief(const struct task_struct *t)
{
    return t->se.burst < sched_tunables.base_slice / 8;
}

/* Real time until t's request is served. */
static inline s64 fair_ticks_left(const struct task_struct *t)
{
    return (s64)(t->se.rq.fair.deadline - t->se.rq.fair.key) * (s64)t->se.load.weight >> NICE_0_SHIFT;
}

/* There is a timer (fair_turn.c), and not after the request of t, which was just charged. That of a brief one ends by itself. */
static inline bool fair_turn_comes_in(const struct rq *rq, const struct task_struct *t)
{
    return rq->turn.link && (fair_is_brief(t) || (s64)(rq->turn_at - rq->curr->se.exec_start) <= fair_ticks_left(t));
}

/* The same for t that is to run: and nobody who may become eligible before wants an earlier one. */
static inline bool fair_is_watched(const struct rq *rq, const struct task_struct *t)
{
    return fair_turn_comes_in(rq, t) && (!rq->turn_waits || fair_is_brief(t));
}

/* E3: t, not counted in the queue, goes away or to sleep. The lag is kept as the time of the others minus its own, with their load:
 * that is the distance at which it has the same lag when it comes back to the same load. */
static __always_inline void fair_note_lag(struct rq *rq, struct task_struct *t)
{
    struct task_struct *curr = rq->curr;

    if (unlikely(rq->avg_load) || unlikely(!task_is_fair(curr))) {
        fair_note_lag_slow(rq, t);
        return;
    }
    rq->zero_vruntime = curr->se.rq.fair.key;
    t->se.vlag = fair_limited(&t->se, (s64)(curr->se.rq.fair.key - t->se.rq.fair.key));
    t->se.vlag_load = curr->se.load.weight;
}

/* E3 and E5: t goes to sleep. It was eligible when it was picked, so that it is ahead by what it ran since, at most: what is more came from
 * others, who joined with something owed. */
static __always_inline void fair_note_sleep(struct rq *rq, struct task_struct *t)
{
    struct sched_entity *se = &t->se;
    u64 ran = se->sum_exec_runtime - se->prev_sum_exec_runtime;

    if (unlikely(!se->vlag_load))
        se->burst = ran; /* its first sleep: what it has is its parent's */
    fair_note_lag(rq, t);
    if (se->vlag < 0)
        se->vlag = max(se->vlag, -(s64)(likely(se->load.weight == NICE_0_WEIGHT) ? ran : fair_virtual(se, ran)));
    se->burst = (se->burst + ran) / 2;
}
