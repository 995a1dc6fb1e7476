/* urgent.c: real-time and deadline tasks that wait for a CPU, and CPUs that go over to something less urgent.
 *
 *   U1 A CPU on which such a task waits publishes that (its slot, its bit in the word of its last-level cache), then looks whether some CPU runs
 *      something less urgent, and sends the task there.
 *   U2 A CPU that goes over to something less urgent says so (curr_prio), then looks at the words and asks the CPU where the most urgent task
 *      waits that may run here to look once more.
 * Full barriers stand between the two steps of each, so one of the two sees the other (tests/models/rt_pull.pml). The one that was asked looks
 * in its next schedule(). What a slot does not show, the second task of a CPU whose first may not come here, waits for the tick.
 *
 * A slot is a hint: it is read with interrupts off, so the task in it is at worst a dead one (RCU). A cache's word is written only when a task
 * begins to wait that may run elsewhere, and when the last such one goes. */
#include "kernel/sched/rq.h"

#define MOVABLE_LOOKS 16 /* tasks that are looked at for one that may run elsewhere */

static struct {
    u64 cpus; /* bits of the group's CPUs on which an urgent task waits */
} __cacheline_aligned waiting[MAX_CPUS]; /* by group */

static void show_waiting(u32 cpu, bool waits)
{
    u64 *word = &waiting[sched_groups.group_of[cpu]].cpus, bit = 1ull << sched_groups.bit_of[cpu];

    if (!!(atomic_load_relaxed(word) & bit) == waits)
        return;
    if (waits)
        (void)atomic_fetch_or_full(word, bit);
    else
        (void)atomic_fetch_and_full(word, ~bit);
}

/* ---- U1: where one waits ---- */

/* The most urgent rt task that waits here and may run elsewhere. */
static struct task_struct *movable(struct rq *rq)
{
    unsigned looks = 0;

    for (unsigned w = 0; w < 2; w++) {
        for (u64 left = rq->rt.bitmap[w]; left; left &= left - 1) {
            struct task_struct *t;

            list_for_each_entry (t, &rq->rt.queue[w * 64 + (unsigned)__builtin_ctzll(left)], rt.run_list) {
                if (READ_ONCE(t->se.nr_cpus_allowed) > 1)
                    return t;
                if (++looks == MOVABLE_LOOKS)
                    return NULL;
            }
        }
    }
    return NULL;
}

static struct task_struct *publish(struct rq *rq)
{
    struct task_struct *t = rq->rt.nr ? movable(rq) : NULL;

    atomic_store_relaxed(&rq->slot, t);
    show_waiting(rq->q.cpu, t || rq->dl.nr);
    return t;
}

void sched_urgent_left(struct rq *rq)
{
    if (sched_smp)
        (void)publish(rq);
}

void sched_urgent_waits(struct rq *rq)
{
    struct task_struct *t;

    if (!sched_smp || !rq->balanced)
        return;
    do {
        t = publish(rq);
        atomic_fence_full();
    } while ((t && rt_send_waiting(rq, t)) || dl_send_waiting(rq));
}

void sched_urgent_answer(struct rq *rq)
{
    atomic_store_relaxed(&rq->asked, false);
    atomic_fence_full(); /* who asks from here on is answered by another look */
    sched_urgent_waits(rq);
}

/* ---- U2: where a CPU becomes free for one ---- */

/* Does a task wait there that is more urgent than prio, which this CPU runs, and may run here? *best: how urgent the best one so far is. */
static bool better_waits(struct rq *rq, u32 cpu, int *best)
{
    const struct rq *there = cpu_rq(cpu);
    const struct task_struct *t = atomic_load_relaxed(&there->slot);
    int prio = READ_ONCE(there->dl.nr) ? PRIO_DEADLINE : PRIO_IDLE;

    if (cpu == rq->q.cpu)
        return false;
    if (prio == PRIO_IDLE && t && rq_task_may_run_on(&t->se.rq, rq->q.cpu))
        prio = READ_ONCE(t->prio);
    if (prio >= *best)
        return false;
    *best = prio;
    return true;
}

/* Where the task waits that is to come here; CPUGROUP_NONE: nowhere. Its own cache's come first. */
static u32 find_waiting(struct rq *rq, int worse_than)
{
    u32 home = sched_groups.group_of[rq->q.cpu], from = CPUGROUP_NONE;

    for (u32 i = 0; i < sched_groups.groups; i++) {
        u32 group = (home + i) % sched_groups.groups;

        for (u64 left = atomic_load_relaxed(&waiting[group].cpus); left; left &= left - 1) {
            u32 cpu = sched_groups.group[group].cpu[__builtin_ctzll(left)];

            if (better_waits(rq, cpu, &worse_than))
                from = cpu;
        }
    }
    return from;
}

/* Of two deadlines the CPU that is asked knows which is earlier. */
void sched_urgent_gone(struct rq *rq, int prio)
{
    u32 from;

    WRITE_ONCE(rq->curr_prio, prio);
    if (!sched_smp || !rq->balanced)
        return;
    atomic_fence_full();
    from = find_waiting(rq, prio == PRIO_DEADLINE ? PRIO_DEADLINE + 1 : prio);
    if (from == CPUGROUP_NONE)
        return;
    atomic_store_relaxed(&cpu_rq(from)->asked, true);
    rq_kick(rq_env_of(from));
}
