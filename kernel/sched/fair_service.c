/* fair_service.c: whose fair tasks had more than another CPU's. Left alone V (fair.c) goes on at each CPU as it will: N+1 tasks on N CPUs, and weights
 * that do not divide evenly, have no place where all could stay. fair_balance.c moves tasks by what is kept here.
 *   S1 rq->served is V's steps; the owner takes them at each tick and before a task comes from another CPU. A reader adds what passed since, by the
 *      load that it sees: a CPU with one task hardly ticks.
 *   S2 nothing is known of a CPU that idled since it counted (IDLED of the time that tasks take turns by) or that made no pass since: whoever is there
 *      now was elsewhere meanwhile. Others take it to be ahead by just enough; at its own first pass it begins where the best one is that it sees.
 *   S3 tasks of `here` are worth moving to `cpu` when all together they lack `rotate` of CPU time against cpu's: the difference times the load.
 *      FAR_CACHE and FAR_NODE times that if the task leaves its cache or its memory.
 *   S4 who is sent takes the difference along (se.owed), so that what its place was behind is made up for there.
 *   S5 here lacks at most two `rotate` of V against the best that it saw, and is at most one ahead of it: what was lost or won while nobody could go
 *      is not made up for much later.
 * Owner CPU, interrupts off. Hints of other CPUs are read. */
#include "kernel/sched/fair_time.h"

#define FAR_CACHE 2
#define FAR_NODE 8
#define IDLED 8

/* S1: what passed since cpu counted. */
static u64 uncounted(u32 cpu)
{
    s64 passed = (s64)(rdtsc() - READ_ONCE(cpu_rq(cpu)->served_at));
    u64 load = sched_load(cpu);

    return load && passed > 0 ? ((u64)passed << NICE_0_SHIFT) / load : 0;
}

static bool idled_since(const struct rq *rq)
{
    return READ_ONCE(rq->idle->se.sum_exec_runtime) - READ_ONCE(rq->served_idle) > sched_tunables.rotate / IDLED;
}

void fair_count_service(struct rq *rq)
{
    u64 v;

    if (task_is_fair(rq->curr))
        sched_update_curr(rq, rq->curr, rdtsc());
    v = fair_queue_time(rq, true);
    WRITE_ONCE(rq->served, rq->served + (v - rq->served_v));
    rq->served_v = v;
    if (idled_since(rq))
        WRITE_ONCE(rq->unserved, true);
    WRITE_ONCE(rq->served_idle, rq->idle->se.sum_exec_runtime);
    WRITE_ONCE(rq->served_at, rdtsc());
}

/* S3, in V of here. */
static s64 worth_going(const struct rq *rq, u32 cpu)
{
    u64 least = (sched_tunables.rotate << NICE_0_SHIFT) / max(sched_load(rq->q.cpu), 1ull);

    if (cpu_llc_id(cpu) == cpu_llc_id(rq->q.cpu))
        return (s64)least;
    return (s64)least * (cpu_to_node(cpu) == cpu_to_node(rq->q.cpu) ? FAR_CACHE : FAR_NODE);
}

/* S2 */
static bool is_unknown(u32 cpu)
{
    const struct rq *rq = cpu_rq(cpu);

    return READ_ONCE(rq->unserved) || READ_ONCE(rq->curr_prio) == PRIO_IDLE || idled_since(rq);
}

static s64 ahead_of(const struct rq *rq, u32 cpu)
{
    if (is_unknown(cpu))
        return worth_going(rq, cpu) + 1;
    return (s64)(READ_ONCE(cpu_rq(cpu)->served) + uncounted(cpu) - rq->served);
}

/* For least(): the more it is ahead of this CPU beyond what it must be, the less. This CPU is the last resort. */
u64 fair_unserved(u32 cpu)
{
    const struct rq *rq = this_rq();

    return cpu == rq->q.cpu ? S64_MAX : (u64)(S64_MAX / 2 - (ahead_of(rq, cpu) - worth_going(rq, cpu)));
}

/* Is it so far ahead of here that somebody should change places? */
bool fair_is_served_better(struct rq *rq, u32 cpu)
{
    s64 ahead = ahead_of(rq, cpu), rotate = (s64)sched_tunables.rotate;

    if (rq->unserved) { /* S2 */
        rq->unserved = false;
        rq->served += is_unknown(cpu) ? 0 : (u64)ahead;
        return false;
    }
    if (is_unknown(cpu))
        return true;
    rq->served += (u64)(ahead - min(max(ahead, -rotate), 2 * rotate)); /* S5 */
    return ahead > worth_going(rq, cpu);
}

/* S6: the tasks of cpu lack so much against those of `than` that nobody should be added to them. */
bool fair_is_behind(u32 cpu, u32 than)
{
    u64 mine = READ_ONCE(cpu_rq(cpu)->served) + uncounted(cpu), theirs = READ_ONCE(cpu_rq(than)->served) + uncounted(than);
    u64 load = sched_load(cpu);

    return load && !is_unknown(cpu) && !is_unknown(than) && (s64)(theirs - mine) > (s64)((sched_tunables.rotate / 2 << NICE_0_SHIFT) / load);
}

/* S4 */
s64 fair_owed(const struct rq *rq, u32 cpu)
{
    s64 ahead = ahead_of(rq, cpu), rotate = (s64)sched_tunables.rotate;

    return min(max(ahead, -rotate), rotate);
}
