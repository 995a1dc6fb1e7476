/* fair.c: the fair class: EEVDF, earliest eligible virtual deadline first. Owner CPU only, interrupts off.
 * Source: Stoica, Abdel-Wahab, "Earliest Eligible Virtual Deadline First", TR-95-22, Old Dominion University, 1995.
 *
 * A task's key is its virtual run time: real time over its weight. V, the queue's time, is the weighted average of the keys of all
 * that run or wait here. A task's lag is V minus its key: what it is owed.
 *   E1 eligible: lag >= 0. Only an eligible task is picked, of these the one with the earliest virtual deadline.
 *   E2 the deadline is the key at the request plus slice / weight. When the key has reached it, the request is served: a new one begins.
 *   E3 lag is kept over sleep and over migration (it crosses CPUs, absolute virtual time does not; what all of a CPU lack against another
 *      one's comes in addition, fair_service.c): who left with something owed comes back so. Who went to sleep ahead is so by what it ran
 *      since it was picked, at most (it was eligible then; what is more came from others, who joined with something owed), and pays it while
 *      it sleeps, as the others' time goes on; a nap that is shorter sheds nothing. Lag is limited to two slices.
 *   E4 the running task keeps the CPU until its request is served, unless somebody eligible has an earlier deadline.
 *   E5 the request of a wake-up is twice as long as the task usually runs before it sleeps again (of one that never slept before: as its
 *      parent did), at most a slice (the length of a request is the client's to choose): who runs briefly is due early and gets the CPU
 *      from who computes, within what it is owed. A request that turns out too short is followed by one of a whole slice.
 *   E6 what a child had beyond its share when it ended is charged to the parent that reaps it (fair_debt.c).
 * Who waits stands in a calendar or beside it (fair_calendar.h), which takes keys and deadlines within a day of each other, a sixteenth of
 * the shortest request, for equal: E1 and E2 hold but for that.
 * V is kept as zero_vruntime and, relative to it, the sum of weight * (key - zero) over all that are queued (not the running one and not
 * those on the shelf): fair_count() and fair_uncount() at each change. Each time V is computed zero_vruntime moves there.
 * The wakee in the next slot is not placed: it stands outside V, with the lag that it came with, until it is picked (its waker blocked,
 * the usual end) or fair_leave_slot() queues it (somebody else came, the waker was preempted, or ran on for a tick). */
#include "kernel/sched/fair_time.h"
#include "kernel/time/tick.h"

struct sched_tunables sched_tunables;
u32 sched_features = FEAT_PLACE_LAG | FEAT_WAKEUP_PREEMPTION;

/* Linux's table: nice 0 is 1024, each step is a factor of about 1.25. */
static const u32 nice_weight[40] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};

void sched_follow_slice(struct sched_entity *se)
{
    u64 slice = READ_ONCE(se->slice);

    se->vslice = 0;
    if (slice || se->load.weight != NICE_0_WEIGHT)
        se->vslice = fair_virtual(se, slice ? slice : sched_tunables.base_slice);
}

void sched_follow_features(void)
{
    WRITE_ONCE(sched_tunables.lag_limit, sched_features & FEAT_PLACE_LAG ? 2 * sched_tunables.base_slice : 0);
}

u32 sched_weight(int prio, bool idle_policy)
{
    return idle_policy ? IDLE_POLICY_WEIGHT : nice_weight[prio - 100];
}

void sched_set_weight(struct task_struct *t, int prio, bool idle_policy)
{
    u32 w = sched_weight(prio, idle_policy);

    t->se.load.weight = w;
    t->se.load.inv_weight = w == 1 ? ~0u : (u32)((1ull << 32) / w);
    sched_follow_slice(&t->se);
}

u64 fair_time(struct rq *rq)
{
    if (task_is_fair(rq->curr))
        sched_update_curr(rq, rq->curr, rdtsc());
    return fair_queue_time(rq, true);
}

static __always_inline u64 average(struct rq *rq, bool with_curr)
{
    s64 sum = rq->avg_vruntime, moved;
    u64 load = rq->avg_load;

    if (with_curr && task_is_fair(rq->curr)) {
        sum += (s64)(rq->curr->se.rq.fair.key - rq->zero_vruntime) * (s64)rq->curr->se.load.weight;
        load += rq->curr->se.load.weight;
    }
    moved = load == NICE_0_WEIGHT ? sum >> NICE_0_SHIFT : sum / (s64)load;
    rq->zero_vruntime += (u64)moved;
    rq->avg_vruntime -= moved * (s64)rq->avg_load;
    return rq->zero_vruntime;
}

u64 fair_average(struct rq *rq, bool with_curr)
{
    return average(rq, with_curr);
}

/* E2. The running task, charged. True: its request was served. */
bool fair_renew_request(struct sched_entity *se)
{
    if (fairq_key_before(se->rq.fair.key, se->rq.fair.deadline))
        return false;
    se->burst = max(se->burst, se->sum_exec_runtime - se->prev_sum_exec_runtime);
    sched_follow_slice(se); /* base_slice may have changed */
    se->rq.fair.deadline = se->rq.fair.key + fair_virtual_slice(se);
    return true;
}

void fair_note_lag_slow(struct rq *rq, struct task_struct *t)
{
    u64 load = fair_load(rq);

    if (!load) { /* alone: it owes nothing, and time stays where it left it */
        rq->zero_vruntime = t->se.rq.fair.key;
        t->se.vlag = 0;
        t->se.vlag_load = NICE_0_WEIGHT;
        return;
    }
    t->se.vlag = fair_limited(&t->se, (s64)(fair_queue_time(rq, true) - t->se.rq.fair.key));
    t->se.vlag_load = load;
}

void fair_begin(struct rq *rq, struct task_struct *t)
{
    t->se.rq.fair.key = fair_queue_time(rq, false);
    t->se.rq.fair.deadline = t->se.rq.fair.key + fair_virtual_slice(&t->se);
}

/* The distance from V at which t has the lag again that it had, among others of another load: lag = d * W / (W + w). */
s64 fair_scaled_lag(const struct sched_entity *se, u64 load)
{
    u64 before = se->vlag_load, w = se->load.weight;

    return fair_limited(se, (s64)((__int128)se->vlag * (s64)before / (s64)(before + w) * (s64)(load + w) / (s64)load));
}

/* Gives an arriving task its key and a new request. */
void fair_place(struct rq *rq, struct task_struct *t)
{
    if (likely(task_is_fair(rq->curr)))
        sched_update_curr(rq, rq->curr, rdtsc());
    fair_place_charged(rq, t);
}

void fair_leave_slot(struct rq *rq)
{
    struct task_struct *t = rq->next;

    rq->next = NULL;
    rq->turn_waits = true;
    fair_place(rq, t);
    fair_insert(rq, t);
}

/* ---- picking ---- */

static __always_inline bool eligible(u64 now, const struct task_struct *t)
{
    return !fairq_key_before(now, t->se.rq.fair.key);
}

static __always_inline bool due_before(const struct task_struct *a, const struct task_struct *b)
{
    return fairq_key_before(a->se.rq.fair.deadline, b->se.rq.fair.deadline);
}

/* E1 among those in the container; rounding may leave nobody eligible: then the least key. */
static __noinline struct task_struct *pick_queued(struct rq *rq, u64 now)
{
    struct fair_node *n = calendar_pick(&rq->calendar, &rq->q.fair, now);

    if (unlikely(!n))
        n = calendar_min(&rq->calendar, &rq->q.fair);
    return n ? FAIR_TASK(n) : NULL;
}

/* The wakee in the next slot lets brief ones pass, so that what they leave for it comes together; but nobody that computes, and
 * not for long. Beside others the slot is no privilege: a pair that wakes each other would go on until it has used up what it is owed. */
static __noinline struct task_struct *pick_beside_next(struct rq *rq, bool prev_stays)
{
    struct task_struct *next = rq->next, *best = pick_queued(rq, fair_queue_time(rq, prev_stays));

    if (!best)
        return next;
    if (fair_is_brief(best) && rq->curr->se.exec_start - next->se.last_wakeup < sched_tunables.wake_granularity)
        return best;
    fair_leave_slot(rq);
    return pick_queued(rq, fair_queue_time(rq, prev_stays));
}

/* Several to choose from. */
struct task_struct *fair_pick(struct rq *rq, bool prev_stays)
{
    struct fair_node *n;
    u64 now;

    if (unlikely(rq->next))
        return pick_beside_next(rq, prev_stays);
    now = average(rq, prev_stays);
    n = calendar_peek(&rq->calendar, now);
    return likely(n) ? FAIR_TASK(n) : pick_queued(rq, now);
}

/* E1 and E4: does prev, still runnable, go on in spite of best? */
bool fair_keeps_cpu(struct rq *rq, struct task_struct *prev, struct task_struct *best)
{
    u64 now = fair_queue_time(rq, true);

    (void)fair_renew_request(&prev->se);
    if (eligible(now, prev) != eligible(now, best)) {
        rq->turn_waits = true;
        return eligible(now, prev);
    }
    return !due_before(best, prev);
}

/* E4 for t, just queued here. The idle policy never disturbs, batch tasks do not at their wake-up. */
bool fair_preempts(struct rq *rq, struct task_struct *t)
{
    struct task_struct *curr = rq->curr;
    u64 now = fair_queue_time(rq, true); /* fair_place() has charged it */

    if (unlikely((curr->policy == SCHED_IDLE) != (t->policy == SCHED_IDLE)))
        return curr->policy == SCHED_IDLE;
    if (unlikely(t->policy != SCHED_NORMAL) || unlikely(!(sched_features & FEAT_WAKEUP_PREEMPTION)))
        return false;
    if (due_before(t, curr) && likely(eligible(now, t)))
        return true;
    rq->turn_waits = true;
    if (due_before(t, curr) || !fair_turn_comes_in(rq, curr))
        fair_watch_turn(rq, curr);
    return false;
}

/* ---- the class ---- */

static void fair_enqueue(struct rq *rq, struct task_struct *t)
{
    fair_place(rq, t);
    fair_insert(rq, t);
}

void fair_dequeue(struct rq *rq, struct task_struct *t)
{
    if (rq->next == t) { /* it keeps its lag */
        rq->next = NULL;
        return;
    }
    (void)fair_time(rq);
    fair_remove(rq, t);
    fair_note_lag(rq, t);
}

static bool fair_queued(const struct task_struct *t)
{
    return fair_node_is_queued(&t->se.rq.fair);
}

static void fair_tick(struct rq *rq, struct task_struct *curr)
{
    if (fair_renew_request(&curr->se) && (rq->nr_fair || rq->next || rq->q.nr_shelved))
        rq_kick_self(&rq->q);
}

const struct sched_class fair_sched_class = {"fair", fair_enqueue, fair_dequeue, fair_queued, fair_tick};
