/* nearness.c: how near CPUs are and what follows for placement: threads of a core, CPUs of a last-level cache, of a node, by the machine's
 * distances. Reads hints of other CPUs, touches no queue.
 *
 * Idle CPUs are looked for by cpu_groups (LLC, node, machine), which takes the first bit of a group; so the groups are filled with the first
 * threads of all cores, then the second: a core with nothing to do is found before the other half of a busy one. */
#include "kernel/sched/fair_time.h"

bool sched_smt;
static u16 next_thread[MAX_CPUS]; /* of the same core; a ring */

static u32 distance(u32 a, u32 b)
{
    return cpu_llc_id(a) == cpu_llc_id(b) ? 0 : node_distance(cpu_to_node(a), cpu_to_node(b));
}

struct candidate {
    u32 cpu;
    u64 load;
    u32 distance;
};

typedef u64 measure_fn(u32 cpu);

static bool is_candidate(const struct task_struct *t, u32 cpu)
{
    return cpu_balances(cpu) && rq_task_may_run_on(&t->se.rq, cpu);
}

/* The less loaded, then the nearer. */
static void consider(struct candidate *best, u32 here, u32 cpu, measure_fn *measure)
{
    u64 load = measure(cpu);
    u32 far = distance(here, cpu);

    if (load < best->load || (load == best->load && far < best->distance))
        *best = (struct candidate){cpu, load, far};
}

/* The least of a few CPUs that t may use, near ones first: half of them share here's cache. Different ones at each call, so that all are seen
 * over time. */
static u32 least(struct task_struct *t, u32 here, measure_fn *measure)
{
    const struct cpu_group *near = &sched_groups.group[sched_groups.group_of[here]];
    struct rq *rq = this_rq();
    struct candidate best = {.cpu = here, .load = ~0ull};
    u32 cpu = rq->balance_cursor;

    if (rq_task_may_run_on(&t->se.rq, here))
        best.load = measure(here);
    for (u32 i = 0; i < min(near->cpus, BALANCE_WINDOW / 2u); i++) {
        u32 other = near->cpu[(rq->near_cursor++) % near->cpus];

        if (is_candidate(t, other))
            consider(&best, here, other, measure);
    }
    for (u32 i = 0; i < BALANCE_WINDOW / 2; i++) {
        cpu = bitmap_find_and(t->se.rq.allowed, (u64 *)sched_balance_mask, nr_cpu_ids, cpu + 1);
        if (cpu >= nr_cpu_ids)
            cpu = bitmap_find_and(t->se.rq.allowed, (u64 *)sched_balance_mask, nr_cpu_ids, 0);
        if (cpu >= nr_cpu_ids)
            break;
        consider(&best, here, cpu, measure);
    }
    rq->balance_cursor = cpu;
    return best.cpu;
}

static u64 crowd_of(u32 cpu)
{
    return sched_crowd(cpu) + (fair_is_behind(cpu, smp_processor_id()) ? BEHIND_CROWD : 0);
}

u32 sched_least_loaded(struct task_struct *t, u32 here)
{
    return least(t, here, crowd_of);
}

/* Whose fair tasks were served most, this CPU, here, left out, less what its distance costs (fair_service.c); `here`: t may go nowhere. */
u32 sched_best_served(struct task_struct *t, u32 here)
{
    return least(t, here, fair_unserved);
}

/* Interrupts off: whoever runs there is not freed meanwhile. What is shelved counts, too. */
u64 sched_load(u32 cpu)
{
    const struct rq *rq = cpu_rq(cpu);
    int prio = READ_ONCE(rq->curr_prio);
    u64 load = READ_ONCE(rq->avg_load);

    if (prio < MAX_RT_PRIO)
        return S64_MAX;
    if (prio != PRIO_IDLE)
        load += READ_ONCE(READ_ONCE(rq->curr)->se.load.weight);
    for (int i = 0; i < SHELF_SLOTS && READ_ONCE(rq->q.nr_shelved); i++)
        if (READ_ONCE(rq->q.shadow[i].task))
            load += READ_ONCE(rq->q.shadow[i].weight);
    return load;
}

/* What lies in its inbox is not in its number yet, and may be all that others sent there for the same reason: then nobody knows. */
static bool is_so_empty(const struct task_struct *t, u32 from, u32 cpu, u32 most)
{
    return sched_crowd(cpu) <= most && !fair_is_behind(cpu, from) && inbox_is_empty(&cpu_rq(cpu)->q.wakes) && is_candidate(t, cpu);
}

/* One CPU of each of a few other caches of cpu's node; `cpu` if none has `most` tasks at most. */
static u32 less_crowded_of_node(const struct task_struct *t, u32 cpu, u32 most, u32 turn)
{
    u32 node = cpu_to_node(cpu), first = sched_groups.first[node], groups = sched_groups.first[node + 1] - first;

    for (u32 i = 0; i < min(groups, WAKE_LOOKS); i++) {
        const struct cpu_group *group = &sched_groups.group[first + (turn + i) % groups];
        u32 other = group->cpu[turn / groups % group->cpus];

        if (is_so_empty(t, cpu, other, most))
            return other;
    }
    return cpu;
}

/* How many tasks fewer are worth leaving: two, so that one more is still one fewer; three where brief ones run, whose turns pass soon, and who
 * would else be dealt out anew at each wake-up. Interrupts off. */
static u32 worthwhile(u32 cpu)
{
    return fair_is_brief(READ_ONCE(cpu_rq(cpu)->curr)) ? 3 : 2;
}

/* For a wakee that would wait on `cpu`, whose crowd that is, while nobody idles: a clearly less crowded CPU of its cache, then of its node,
 * else `cpu`. At most 2 * WAKE_LOOKS are looked at, different ones at each call. */
u32 sched_less_crowded(const struct task_struct *t, u32 cpu, u32 crowd)
{
    const struct cpu_group *near = &sched_groups.group[sched_groups.group_of[cpu]];
    u32 most = crowd - worthwhile(cpu);
    struct rq *rq = this_rq();

    for (u32 i = 0; most && i < min(near->cpus, WAKE_LOOKS); i++) {
        u32 other = near->cpu[rq->near_cursor++ % near->cpus];

        if (is_so_empty(t, cpu, other, most))
            return other;
    }
    return most ? less_crowded_of_node(t, cpu, most, rq->near_cursor++) : cpu;
}

/* ---- surplus of another node ---- */

static u32 claim_idle_of_node(u32 node)
{
    for (u32 i = sched_groups.first[node]; i < sched_groups.first[node + 1]; i++) {
        const struct cpu_group *group = &sched_groups.group[i];

        for (u64 idle = atomic_load_relaxed(&group->idle); idle; idle &= idle - 1) {
            u32 cpu = group->cpu[__builtin_ctzll(idle)];

            if (cpu_claim_idle(&sched_groups, cpu))
                return cpu;
        }
    }
    return CPUGROUP_NONE;
}

/* A CPU of the node is about to look for work: it runs nothing, but is not marked idle. */
static bool one_looks(u32 node)
{
    for_each_balancing_cpu(cpu)
        if (cpu_to_node(cpu) == (int)node && READ_ONCE(cpu_rq(cpu)->curr_prio) == PRIO_IDLE)
            return true;
    return false;
}

/* Another node's surplus is for its own idle CPUs first: the victim's call may not have reached them yet. One of them is told in the
 * thief's place, so the surplus is not left to nobody (D1); if it finds nearer work, the victim calls again at its tick. Nobody is told of an
 * empty shelf: two thieves would wake each other for ever. True: leave it. */
bool sched_leave_to_nearer(u32 thief, u32 victim)
{
    u32 node = cpu_to_node(victim), cpu;

    if (cpu_to_node(thief) == (int)node || shelf_is_empty(&cpu_rq(victim)->q.shelf))
        return false;
    cpu = claim_idle_of_node(node);
    if (cpu == CPUGROUP_NONE)
        return one_looks(node);
    rq_kick(rq_env_of(cpu));
    return true;
}

/* ---- threads of a core ---- */

bool sched_shares_core(u32 cpu)
{
    u32 other = next_thread[cpu];

    while (other != cpu && READ_ONCE(cpu_rq(other)->curr_prio) == PRIO_IDLE)
        other = next_thread[other];
    return other != cpu;
}

/* The running task goes to a whole core at its next switch. */
static void leave_core(struct rq *rq)
{
    if (cpu_groups_any_core(&sched_groups, rq->q.cpu, rq->curr->se.rq.allowed)) {
        rq->curr->se.rq.moving |= RQ_TASK_MOVING;
        rq_kick_self(&rq->q);
    }
}

/* cpu's one task is a fair one that runs beside another thread of its core and may run elsewhere. Interrupts off: the task's memory stays. */
static bool wants_a_core(u32 cpu)
{
    const struct rq *rq = cpu_rq(cpu);
    int prio = READ_ONCE(rq->curr_prio);

    return READ_ONCE(rq->q.nr_running) == 1 && prio >= MAX_RT_PRIO && prio != PRIO_IDLE &&
           READ_ONCE(READ_ONCE(rq->curr)->se.nr_cpus_allowed) > 1 && sched_shares_core(cpu);
}

/* At the slow tick: a task that runs alone, but beside one on another thread of its core while a whole core idles, leaves at its next switch. Of
 * two neighbours the one on the later thread goes, the first only if that one still has not (its mask may forbid it). */
void sched_leave_shared_core(struct rq *rq)
{
    u32 cpu = rq->q.cpu;

    if (wants_a_core(cpu) && (cpu_thread(cpu) || ++rq->balance_tick % BALANCE_TICKS == 0))
        leave_core(rq);
}

/* On the CPU that was told. */
static void take_offer(void *unused)
{
    struct rq *rq = this_rq();

    if (rq->balanced && wants_a_core(rq->q.cpu))
        leave_core(rq);
}

/* A CPU of the cache whose task would rather have a core of its own, the later threads of cores first. */
static u32 who_wants_a_core(const struct cpu_group *group)
{
    u64 busy = ~atomic_load_relaxed(&group->idle);

    for (u32 i = group->cpus; i-- > 0;) {
        u32 cpu = group->cpu[i];
        u64 core = sched_groups.core[cpu] & busy;

        if (core & (core - 1) && busy >> i & 1 && wants_a_core(cpu))
            return cpu;
    }
    return CPUGROUP_NONE;
}

/* This CPU is marked idle and will halt. If its whole core idles a task that shares another one is told. */
void sched_offer_core(struct rq *rq)
{
    u64 now = rdtsc();
    u32 cpu;

    if (!cpu_core_is_marked_idle(&sched_groups, rq->q.cpu) || now - rq->offered < sched_tunables.migration_cost)
        return;
    rq->offered = now;
    cpu = who_wants_a_core(&sched_groups.group[sched_groups.group_of[rq->q.cpu]]);
    if (cpu != CPUGROUP_NONE)
        smp_call_function_single(cpu, take_offer, NULL, false);
}

static void link_threads(u32 cpu)
{
    next_thread[cpu] = (u16)cpu;
    for (u32 other = 0; other < cpu; other++) {
        if (cpu_core_id(other) != cpu_core_id(cpu))
            continue;
        next_thread[cpu] = next_thread[other];
        next_thread[other] = (u16)cpu;
        sched_smt = true;
        return;
    }
}

/* What a group stands for: a cache. One with more CPUs than a group takes is cut between its cores, not between the threads of one. */
static u32 part_of_cache(u32 cpu, u32 threads)
{
    u32 cores = 0;

    for_each_possible_cpu(other)
        cores += cpu_llc_id(other) == cpu_llc_id(cpu) && cpu_thread(other) == 0 && cpu_core_id(other) < cpu_core_id(cpu);
    return cpu_llc_id(cpu) * MAX_CPUS + cores / max(CPUGROUP_CPUS / threads, 1u);
}

static u8 distance_of_nodes(u32 from, u32 to)
{
    return node_distance((int)from, (int)to);
}

void sched_init_groups(void)
{
    u32 threads = 1;

    for_each_possible_cpu(cpu) {
        threads = max(threads, cpu_thread(cpu) + 1);
        link_threads(cpu);
    }
    for (u32 thread = 0; thread < threads; thread++)
        for_each_possible_cpu(cpu)
            if (cpu_thread(cpu) == thread)
                cpu_groups_add(&sched_groups, cpu, cpu_to_node(cpu), part_of_cache(cpu, threads));
    for_each_possible_cpu(cpu)
        if (next_thread[cpu] != cpu)
            cpu_groups_join(&sched_groups, cpu, next_thread[cpu]);
    cpu_groups_order(&sched_groups, nr_node_ids, distance_of_nodes);
}
