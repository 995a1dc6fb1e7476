/* fair_turn.c: when one that computes is to be looked at again. Owner CPU only, interrupts off.
 *
 * E1 and E4 (fair.c) look at the queue when somebody comes, leaves or has been served. In between V rises while one task computes, and
 * whoever it passes becomes eligible without anybody looking: behind a request of a whole slice a brief one would wait for the slice; and
 * who waits for the end of the slice itself would wait for the tick, which is longer than a slice where CPUs are few. So one that
 * computes beside others gets a timer for the end of its request, or for the moment at which V reaches the key of a brief one that is
 * due before it. Those that compute take turns at the ends of their requests only: else two of them would pass each other at every timer.
 * A request that ends in a system call goes on until a program runs again, at most to the tick: who is switched away from inside would
 * often hold what the others then wait for.
 * What stands on the shelf waits, too.
 * A brief one usually sleeps before any timer: beside others there is one a slice, whoever runs, for the one that does not. */
#include "kernel/sched/fair_time.h"
#include "kernel/time/timekeeping.h"

/* Real time until V has risen by `by` while t runs: it rises by nice 0's part of the load. */
static u64 ticks_until_risen(struct rq *rq, const struct task_struct *t, u64 by)
{
    return (u64)((unsigned __int128)by * (rq->avg_load + t->se.load.weight) >> NICE_0_SHIFT);
}

/* One that need not wait for the end of somebody's request: it usually sleeps soon, and wake-ups preempt at all. */
static bool is_quick(const struct fair_node *n)
{
    return n && fair_is_brief(FAIR_TASK(n)) && (sched_features & FEAT_WAKEUP_PREEMPTION);
}

/* A quick one that is due before t, which runs: when does V reach its key? */
static u64 ticks_until_turn(struct rq *rq, const struct task_struct *t, u64 in)
{
    struct fair_node *n = calendar_due(&rq->calendar, &rq->q.fair);
    u64 now = rq->zero_vruntime;

    rq->turn_waits = is_quick(n);
    if (!rq->turn_waits || !fairq_key_before(n->deadline, t->se.rq.fair.deadline))
        return in;
    return min(in, fairq_key_before(now, n->key) ? ticks_until_risen(rq, t, n->key - now) : 0);
}

/* Offered to other CPUs, of which none has come yet: until it is taken back it is in no queue. */
static bool quick_one_is_shelved(const struct rq *rq)
{
    return rq->q.nr_shelved && rq->shelved_brief && (sched_features & FEAT_WAKEUP_PREEMPTION);
}

static void watch_in(struct rq *rq, u64 in)
{
    rq->turn_at = rq->curr->se.exec_start + in;
    hrtimer_start(&rq->turn, ktime_get_ns() + (s64)sched_ns(in));
}

/* t runs or is about to, and is not queued; it and V were just charged: when is it to be compared with those that wait? */
void fair_watch_turn(struct rq *rq, struct task_struct *t)
{
    u64 in = sched_tunables.base_slice;

    if (!(rq->nr_fair | rq->q.nr_shelved) || !task_is_fair(t))
        return;
    if (!fair_is_brief(t))
        in = ticks_until_turn(rq, t, (u64)max(fair_ticks_left(t), 0));
    if (quick_one_is_shelved(rq))
        in = min(in, sched_tunables.min_request);
    in = max(in, sched_tunables.least_turn);
    if (rq->turn.link && (s64)(rq->turn_at - rq->curr->se.exec_start - in) <= 0)
        return;
    watch_in(rq, in);
}

/* Is schedule() to compare the running task, `served` or not, with n or with what stands on the shelf? */
static bool turn_is_due(const struct rq *rq, const struct fair_node *n, bool served)
{
    if (rq->q.nr_shelved && (served || quick_one_is_shelved(rq)))
        return true;
    return n && (served || is_quick(n)) && fairq_key_before(n->deadline, rq->curr->se.rq.fair.deadline);
}

/* V may have been held up by others that ran in between: then it is looked at again later. A system call that goes on after its request was
 * served is looked at more seldom: else it would come to its end later. */
static void turn_comes(struct hrtimer *timer)
{
    struct rq *rq = container_of(timer, struct rq, turn);
    struct task_struct *curr = rq->curr;
    struct fair_node *n;
    bool served, in_call;

    if (!task_is_fair(curr) || !(rq->nr_fair | rq->q.nr_shelved))
        return;
    n = calendar_pick(&rq->calendar, &rq->q.fair, fair_time(rq));
    served = fair_ticks_left(curr) <= 0;
    in_call = served && !hrtimer_interrupted_user();
    if (served && !in_call)
        (void)fair_renew_request(&curr->se);
    if ((!in_call || is_quick(n)) && turn_is_due(rq, n, served))
        rq_kick_self(&rq->q);
    else if (in_call)
        watch_in(rq, sched_tunables.min_request);
    else
        fair_watch_turn(rq, curr);
}

void fair_turn_init(struct rq *rq)
{
    hrtimer_init(&rq->turn, turn_comes);
}
