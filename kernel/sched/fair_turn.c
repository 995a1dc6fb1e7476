/* fair_turn.c: the turn of who waits with an early deadline but was ahead of its share. Owner CPU only, interrupts off.
 *
 * E1 and E4 (fair.c) look at the queue when somebody comes, leaves or has been served. In between V rises while one task computes, and
 * whoever it passes becomes eligible without anybody looking: behind a request of a whole slice a brief one would wait for the slice or
 * the tick. So one that computes gets a timer for the moment at which V reaches the key of a brief one that is due before it, or its own
 * request ends beside one. Those that compute take turns at the tick: else two of them would pass each other at every timer.
 * rq->turn_waits: since it was last found that nobody waits so, somebody was left waiting for eligibility alone. */
#include "kernel/sched/fair_time.h"
#include "kernel/time/timekeeping.h"

/* Real time until V has risen by `by` while t runs: it rises by nice 0's part of the load. */
static u64 ticks_until_risen(struct rq *rq, const struct task_struct *t, u64 by)
{
    return (u64)((unsigned __int128)by * (rq->avg_load + t->se.load.weight) >> NICE_0_SHIFT);
}

/* Real time until t's request is served. */
static u64 ticks_left(const struct task_struct *t)
{
    if (!fairq_key_before(t->se.rq.fair.key, t->se.rq.fair.deadline))
        return 0;
    return (t->se.rq.fair.deadline - t->se.rq.fair.key) * t->se.load.weight >> NICE_0_SHIFT;
}

/* t runs and is not queued, V was just computed: when is it to be compared with who has the earliest deadline of those that wait? */
void fair_watch_turn(struct rq *rq, struct task_struct *t)
{
    struct fair_node *n;
    u64 now = rq->zero_vruntime, in = ticks_left(t);
    s64 at;

    rq->turn_waits = rq->nr_fair;
    if (!rq->turn_waits || !task_is_fair(t) || fair_is_brief(t))
        return;
    n = calendar_due(&rq->calendar, &rq->q.fair);
    rq->turn_waits = n && fair_is_brief(FAIR_TASK(n));
    if (!rq->turn_waits)
        return;
    if (fairq_key_before(n->deadline, t->se.rq.fair.deadline))
        in = min(in, fairq_key_before(now, n->key) ? ticks_until_risen(rq, t, n->key - now) : 0);
    at = ktime_get_ns() + (s64)sched_ns(max(in, sched_tunables.min_request));
    if (!rq->turn.link || at < rq->turn.expires_ns)
        hrtimer_start(&rq->turn, at);
}

/* V may have been held up by others that ran in between: then it is looked at again later. */
static void turn_comes(struct hrtimer *timer)
{
    struct rq *rq = container_of(timer, struct rq, turn);
    struct task_struct *curr = rq->curr;
    struct fair_node *n;

    if (!task_is_fair(curr) || !rq->nr_fair)
        return;
    n = calendar_pick(&rq->calendar, &rq->q.fair, fair_time(rq));
    (void)fair_renew_request(&curr->se);
    if (n && fair_is_brief(FAIR_TASK(n)) && fairq_key_before(n->deadline, curr->se.rq.fair.deadline))
        rq_kick_self(&rq->q);
    else
        fair_watch_turn(rq, curr);
}

void fair_turn_init(struct rq *rq)
{
    hrtimer_init(&rq->turn, turn_comes);
}
