/* fair_service.c: whose fair tasks had more than another CPU's. V (fair.c) is what a task of nice 0 had at one CPU; left alone it goes on at each CPU
 * as it will: N+1 tasks on N CPUs, and weights that do not divide evenly, have no place where all could stay. fair_balance.c moves tasks, and
 * placement (nearness.c) puts nobody new there, by what is kept here.
 *   S1 rq->served is V's steps. The owner takes them at each tick and before a task comes from another CPU; a reader adds what passed since, by the
 *      load that it sees: a CPU with one task hardly ticks.
 *   S2 nothing is known of a CPU that idled since it counted, or that idled before and made no pass since: whoever is there now was elsewhere meanwhile.
 *      Its own first pass begins where the best one is that it sees and of which something is known: what two of which nothing was known have counted
 *      is not to be compared, nor owed to anybody later. For others it is ahead by just enough.
 *   S3 somebody should go from `here` to `cpu` when the tasks here together lack `rotate` of CPU time against cpu's: the difference times the load.
 *      FAR_CACHE or FAR_NODE times that if the task leaves its cache or its memory.
 *   S4 who is sent takes the difference along (se.owed) beside its lag, so that what its place was behind is made up for there, up to `rotate`. Without
 *      that whoever is moved would lose each time, and shares would drift. It is due no earlier for that: whoever wakes briefly passes it by.
 *   S5 here lacks at most two `rotate` of V against the best that it sees, and is at most one ahead of it: what was lost or won while nobody could go
 *      is not made up for much later.
 *   S6 where tasks lack half of S3's time nobody new is put while another place will do: a light visitor there would be the only one who could go.
 * Interrupts off. `here` is this CPU; other CPUs' words are hints, 64 bits at a time. */
#include "kernel/sched/fair_time.h"

#define FAR_CACHE 2
#define FAR_NODE 8
#define IDLED 8 /* of `rotate`: what a CPU may idle between two counts */

static bool idled_since(const struct rq *rq)
{
    return READ_ONCE(rq->idle->se.sum_exec_runtime) - READ_ONCE(rq->served_idle) > sched_tunables.rotate / IDLED;
}

/* S1, owner. */
void fair_count_service(struct rq *rq)
{
    u64 now = rdtsc(), v;

    if (task_is_fair(rq->curr))
        sched_update_curr(rq, rq->curr, now);
    v = fair_queue_time(rq, true);
    WRITE_ONCE(rq->served, rq->served + (v - rq->served_v));
    rq->served_v = v;
    if (idled_since(rq))
        WRITE_ONCE(rq->unserved, true);
    WRITE_ONCE(rq->served_idle, rq->idle->se.sum_exec_runtime);
    WRITE_ONCE(rq->served_at, now);
}

/* S2 */
static bool is_unknown(u32 cpu)
{
    const struct rq *rq = cpu_rq(cpu);

    return READ_ONCE(rq->unserved) || READ_ONCE(rq->curr_prio) == PRIO_IDLE || idled_since(rq);
}

/* S1. Behind an urgent task nothing goes on. */
static u64 served_now(u32 cpu)
{
    const struct rq *rq = cpu_rq(cpu);
    s64 passed = (s64)(rdtsc() - READ_ONCE(rq->served_at));
    u64 load = sched_load(cpu);

    return READ_ONCE(rq->served) + (load && passed > 0 ? ((u64)passed << NICE_0_SHIFT) / load : 0);
}

/* `time` of all that are there together, as V. */
static s64 as_virtual(u32 cpu, u64 time)
{
    return (s64)((time << NICE_0_SHIFT) / max(sched_load(cpu), 1ull));
}

/* S3, in V of here. */
static s64 worth_going(u32 here, u32 cpu)
{
    s64 least = as_virtual(here, sched_tunables.rotate);

    if (cpu_llc_id(cpu) == cpu_llc_id(here))
        return least;
    return least * (cpu_to_node(cpu) == cpu_to_node(here) ? FAR_CACHE : FAR_NODE);
}

static s64 ahead_of(const struct rq *rq, u32 cpu)
{
    return is_unknown(cpu) ? worth_going(rq->q.cpu, cpu) + 1 : (s64)(served_now(cpu) - rq->served);
}

/* For a search of the least: the more cpu is ahead of here beyond what it must be, the less. Here is the last resort. */
u64 fair_unserved(u32 cpu)
{
    const struct rq *rq = this_rq();

    if (cpu == rq->q.cpu)
        return S64_MAX;
    if (rq->unserved && is_unknown(cpu))
        return S64_MAX - 1; /* S2: nothing to begin with */
    return (u64)(S64_MAX / 2 - (ahead_of(rq, cpu) - worth_going(rq->q.cpu, cpu)));
}

/* A pass of this CPU, the owner; cpu is the best that it sees. Is it so far ahead that somebody should go there? */
bool fair_is_served_better(struct rq *rq, u32 cpu)
{
    s64 ahead = ahead_of(rq, cpu), rotate = (s64)sched_tunables.rotate, kept = rq->unserved ? 0 : min(max(ahead, -rotate), 2 * rotate);

    WRITE_ONCE(rq->unserved, false);
    if (is_unknown(cpu))
        return kept > 0;
    WRITE_ONCE(rq->served, rq->served + (u64)(ahead - kept)); /* S2, S5 */
    return kept > worth_going(rq->q.cpu, cpu);
}

/* S4, owner: what a task is owed on cpu that goes there from here. */
s64 fair_owed(const struct rq *rq, u32 cpu)
{
    s64 rotate = (s64)sched_tunables.rotate;

    return is_unknown(cpu) || rq->unserved ? 0 : min(max(ahead_of(rq, cpu), -rotate), rotate);
}

/* t, placed by its lag but not queued, comes from another CPU. Owner. */
void fair_arrive(struct rq *rq, struct task_struct *t)
{
    struct sched_entity *se = &t->se;

    trace_migrate(t, se->last_cpu);
    fair_count_service(rq);
    se->last_cpu = rq->q.cpu;
    se->nr_migrations++;
    rq->nr_migrations++;
    se->rq.fair.key -= (u64)se->owed;
    se->owed = 0;
}

/* S6: do the tasks of cpu lack too much against those of `than` for one more? */
bool fair_is_behind(u32 cpu, u32 than)
{
    return !is_unknown(cpu) && !is_unknown(than) && (s64)(served_now(than) - served_now(cpu)) > as_virtual(cpu, sched_tunables.rotate / 2);
}
