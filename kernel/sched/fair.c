/* fair.c: the fair class: who is owed time. Weighted virtual time over percpu/fairq.h; owner CPU only, interrupts off.
 *
 * A task's key is its virtual run time; the smallest runs. A task that slept comes back at most half a latency behind the
 * queue, so that it is served soon but cannot hoard. Lag crosses CPUs, absolute virtual time does not: a task that arrives
 * from another CPU is placed at this queue's minimum plus its lag there.
 * Surplus (what waits while others idle) is published on the shelf, from which thieves and the owner take by exchange. */
#include "kernel/sched/rq.h"
#include "kernel/time/tick.h"

struct sched_tunables sched_tunables;

/* Linux's table: nice 0 is 1024, each step is a factor of about 1.25. */
static const u32 nice_weight[40] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};

void sched_set_weight(struct task_struct *t, int prio, bool idle_policy)
{
    u32 w = idle_policy ? IDLE_POLICY_WEIGHT : nice_weight[prio - 100];

    t->se.load.weight = w;
    t->se.load.inv_weight = w == 1 ? ~0u : (u32)((1ull << 32) / w);
}

/* The queue's time: the least key of those that run or wait here; it never goes back. Taken when somebody comes or leaves. */
void fair_advance_min(struct rq *rq)
{
    struct fair_node *min = fairq_min(&rq->q.fair);
    u64 key = min ? min->key : 0;
    bool have = min != NULL;

    if (task_is_fair(rq->curr)) {
        sched_update_curr(rq, rq->curr, rdtsc());
        if (!have || fairq_key_before(rq->curr->se.rq.fair.key, key))
            key = rq->curr->se.rq.fair.key;
        have = true;
    }
    if (rq->next && (!have || fairq_key_before(rq->next->se.rq.fair.key, key))) {
        key = rq->next->se.rq.fair.key;
        have = true;
    }
    if (have)
        sched_min_vruntime(rq, key);
}

/* Gives an arriving task its key in this queue. */
void fair_place(struct rq *rq, struct task_struct *t)
{
    struct sched_entity *se = &t->se;
    s64 lag = se->vlag;
    u64 floor;

    fair_advance_min(rq);
    floor = rq->min_vruntime - sched_tunables.latency / 2;
    if (likely(se->last_cpu == rq->q.cpu)) {
        if (fairq_key_before(se->rq.fair.key, floor))
            se->rq.fair.key = floor;
        return;
    }
    if (lag > (s64)sched_tunables.latency)
        lag = (s64)sched_tunables.latency;
    if (lag < -(s64)(sched_tunables.latency / 2))
        lag = -(s64)(sched_tunables.latency / 2);
    se->rq.fair.key = rq->min_vruntime + (u64)lag;
    se->last_cpu = rq->q.cpu;
    se->nr_migrations++;
}

u64 fair_slice(const struct rq *rq)
{
    u64 n = rq->q.nr_running ? rq->q.nr_running : 1, slice = sched_tunables.latency / n;

    return slice > sched_tunables.min_slice ? slice : sched_tunables.min_slice;
}

/* ---- surplus ---- */

static void shelve_one(struct rq *rq)
{
    struct fair_node *n = fairq_late(&rq->q.fair);
    struct task_struct *t = n ? FAIR_TASK(n) : NULL;

    if (!t || READ_ONCE(t->se.nr_cpus_allowed) == 1)
        return;
    fair_advance_min(rq);
    fairq_remove(&rq->q.fair, n);
    t->se.vlag = (s64)(n->key - rq->min_vruntime);
    if (!rq_shelve(&rq->q, &t->se.rq, n->key, t->se.load.weight))
        fairq_insert(&rq->q.fair, n);
}

static void reap(struct rq *rq)
{
    rq->q.nr_running -= rq_reap_shelf(&rq->q);
    if (!rq->q.nr_shelved)
        cpu_unmark_surplus(&sched_groups, rq->q.cpu);
}

/* One task at least stands on the shelf afterwards, if there is one that may move. */
static bool keep_one_shelved(struct rq *rq)
{
    if (rq->q.nr_shelved)
        reap(rq);
    if (!rq->q.nr_shelved)
        shelve_one(rq);
    if (!rq->q.nr_shelved)
        return false;
    cpu_mark_surplus(&sched_groups, rq->q.cpu);
    return true;
}

void sched_publish_surplus(struct rq *rq)
{
    u32 idle;

    if (!cpu_groups_any_idle(&sched_groups, rq->q.cpu) || !keep_one_shelved(rq))
        return;
    /* D1: published, then look for an idle CPU, which looks here after it went idle. */
    idle = cpu_groups_claim_idle(&sched_groups, rq->q.cpu, (u64 *)cpu_online_mask);
    if (idle != CPUGROUP_NONE)
        rq_kick(rq_env_of(idle));
}

/* The best of `best` and the shelf, taken back if it is on the shelf. */
struct task_struct *fair_pick_shelf(struct rq *rq, struct task_struct *best)
{
    reap(rq);
    for (;;) {
        int at = -1;
        u64 key = best ? best->se.rq.fair.key : 0;
        bool have = best != NULL;
        struct rq_task *t;

        for (int i = 0; i < SHELF_SLOTS; i++) {
            if (rq->q.shadow[i].task && (!have || fairq_key_before(rq->q.shadow[i].key, key))) {
                key = rq->q.shadow[i].key;
                have = true;
                at = i;
            }
        }
        if (at < 0)
            return best;
        t = rq_unshelve(&rq->q, at);
        if (t) {
            fairq_insert(&rq->q.fair, &t->fair);
            best = TASK_OF(t);
        } else {
            reap(rq); /* a thief was faster */
        }
    }
}

static void fair_dequeue(struct rq *rq, struct task_struct *t)
{
    fair_advance_min(rq);
    if (rq->next == t)
        rq->next = NULL;
    else
        fairq_remove(&rq->q.fair, &t->se.rq.fair);
    t->se.vlag = (s64)(t->se.rq.fair.key - rq->min_vruntime);
}

/* No CPU idles, but one is less crowded by two: give it one that waits. A CPU with one task has no tick with which to come
 * and ask, so the owner pushes. */
static bool push_one(struct rq *rq)
{
    struct fair_node *n;
    struct task_struct *t;
    u32 cpu;

    if (sched_crowd(rq->q.cpu) < 3)
        return false;
    n = task_is_urgent(rq->curr) ? fairq_min(&rq->q.fair) : fairq_late(&rq->q.fair);
    if (!n)
        return false;
    t = FAIR_TASK(n);
    if (READ_ONCE(t->se.nr_cpus_allowed) == 1)
        return false;
    cpu = sched_least_loaded(t, rq->q.cpu);
    if (sched_crowd(cpu) + 2 > sched_crowd(rq->q.cpu))
        return false;
    fair_dequeue(rq, t);
    rq->q.nr_running--;
    rq_send(&rq->q, &t->se.rq, cpu);
    return true;
}

/* Behind an rt task nobody can say how long the wait is: several leave at once. */
static void push_to_less_loaded(struct rq *rq)
{
    if (task_is_urgent(rq->curr)) {
        for (int i = 0; i < BALANCE_TICKS && push_one(rq); i++)
            ;
    } else if (++rq->balance_tick % BALANCE_TICKS == 0) {
        (void)push_one(rq);
    }
}

void fair_balance_tick(struct rq *rq)
{
    if (rq->q.nr_shelved)
        reap(rq);
    if (rq->next && rq->curr->se.sum_exec_runtime - rq->curr->se.prev_sum_exec_runtime > sched_tunables.min_slice) {
        struct task_struct *t = rq->next; /* the waker did not block after all */

        rq->next = NULL;
        fairq_insert(&rq->q.fair, &t->se.rq.fair);
    }
    if (rq->q.fair.total && sched_smp) {
        sched_publish_surplus(rq);
        if (rq->q.fair.total > 1)
            (void)keep_one_shelved(rq); /* for whoever goes idle before the next tick */
        push_to_less_loaded(rq);
    }
}

/* ---- the class ---- */

static void fair_enqueue(struct rq *rq, struct task_struct *t)
{
    fair_place(rq, t);
    fairq_insert(&rq->q.fair, &t->se.rq.fair);
}

static bool fair_queued(const struct task_struct *t)
{
    return fair_node_is_queued(&t->se.rq.fair);
}

static void fair_tick(struct rq *rq, struct task_struct *curr)
{
    struct fair_node *min = fairq_min(&rq->q.fair);
    u64 ran = curr->se.sum_exec_runtime - curr->se.prev_sum_exec_runtime;

    if (!min && !rq->next && !rq->q.nr_shelved)
        return;
    if (ran >= fair_slice(rq) || (min && fairq_key_before(min->key + sched_tunables.latency, curr->se.rq.fair.key)))
        rq_kick_self(&rq->q);
}

static void idle_nothing(struct rq *rq, struct task_struct *t)
{
}

static bool idle_queued(const struct task_struct *t)
{
    return false;
}

const struct sched_class fair_sched_class = {"fair", fair_enqueue, fair_dequeue, fair_queued, fair_tick};
const struct sched_class idle_sched_class = {"idle", idle_nothing, idle_nothing, idle_queued, idle_nothing};
