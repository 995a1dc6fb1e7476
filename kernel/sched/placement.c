/* placement.c: which CPU a task goes to: at its wake-up, when it is new, at exec. An idle one, nearest first; else one that is less crowded
 * (nearness.c). Reads hints of other CPUs, a bounded number of them but for urgent tasks, and claims idle ones by exchange. Interrupts off. */
#include "kernel/sched/rq.h"

/* Some CPU of the mask; the boot CPU, which never leaves, for a task that was just left without any (hotplug.c widens its mask). */
u32 sched_any_allowed(const struct task_struct *t)
{
    u32 cpu = bitmap_find_and(t->se.rq.allowed, (u64 *)sched_balance_mask, nr_cpu_ids, 0);

    if (cpu >= nr_cpu_ids)
        cpu = bitmap_find_and(t->se.rq.allowed, (u64 *)cpu_active_mask, nr_cpu_ids, 0);
    return cpu < nr_cpu_ids ? cpu : 0;
}

/* An idle CPU; else where it was, if no urgent task runs there; else, of all, the one that runs the least important task. */
u32 sched_select_rt(struct task_struct *t, u32 prev_cpu)
{
    bool stays = rq_task_may_run_on(&t->se.rq, prev_cpu) && cpu_active(prev_cpu);
    int worst = stays ? READ_ONCE(cpu_rq(prev_cpu)->curr_prio) : -1;
    u32 best;

    if (worst == PRIO_IDLE || (stays && (!cpu_balances(prev_cpu) || READ_ONCE(t->se.nr_cpus_allowed) == 1)))
        return prev_cpu;
    best = cpu_groups_claim_idle(&sched_groups, prev_cpu, t->se.rq.allowed);
    if (best != CPUGROUP_NONE)
        return best;
    if (stays && worst >= MAX_RT_PRIO)
        return prev_cpu;
    best = stays ? prev_cpu : sched_any_allowed(t);
    for_each_balancing_cpu(cpu) {
        int prio = READ_ONCE(cpu_rq(cpu)->curr_prio);

        if (prio > worst && rq_task_may_run_on(&t->se.rq, cpu)) {
            worst = prio;
            best = cpu;
        }
    }
    return best;
}

/* The less crowded of where it was and here, if its mask allows them. */
static u32 select_known(struct task_struct *t, u32 prev_cpu, u32 here)
{
    bool prev_ok = rq_task_may_run_on(&t->se.rq, prev_cpu) && cpu_balances(prev_cpu);
    bool here_ok = rq_task_may_run_on(&t->se.rq, here) && cpu_balances(here);

    if (prev_ok && here_ok)
        return sched_crowd(here) < sched_crowd(prev_cpu) && !fair_is_behind(here, prev_cpu) ? here : prev_cpu;
    if (prev_ok)
        return prev_cpu;
    return here_ok ? here : sched_any_allowed(t);
}

/* No idle CPU was found. Nobody has clearly fewer tasks than two, so that then nobody else is looked at. */
static u32 select_busy(struct task_struct *t, u32 prev_cpu, u32 here)
{
    u32 cpu = select_known(t, prev_cpu, here), crowd = sched_crowd(cpu);

    return crowd > 2 ? sched_less_crowded(t, cpu, crowd) : cpu;
}

/* prev_cpu if it idles, but not beside a busy thread while another core of its cache idles; else the nearest that idles. */
static u32 claim_near(const struct task_struct *t, u32 prev_cpu)
{
    u32 cpu;

    if (unlikely(sched_smt) && !cpu_core_is_marked_idle(&sched_groups, prev_cpu)) {
        cpu = cpu_groups_claim_core(&sched_groups, prev_cpu, t->se.rq.allowed, false);
        if (cpu != CPUGROUP_NONE)
            return cpu;
    }
    if (cpu_claim_idle(&sched_groups, prev_cpu))
        return prev_cpu;
    return cpu_groups_claim_idle(&sched_groups, prev_cpu, t->se.rq.allowed);
}

static u32 select_urgent(struct task_struct *t, u32 prev_cpu)
{
    if (task_is_stopper(t))
        return stop_select(t);
    return task_is_rt(t) ? sched_select_rt(t, prev_cpu) : sched_select_deadline(t, prev_cpu);
}

u32 sched_select_cpu(struct task_struct *t, u32 prev_cpu)
{
    u32 here = smp_processor_id(), cpu;

    if (!sched_smp)
        return here;
    if (unlikely(task_is_urgent(t)))
        return select_urgent(t, prev_cpu);
    if (rq_task_may_run_on(&t->se.rq, prev_cpu) && likely(cpu_balances(prev_cpu))) {
        if (READ_ONCE(t->se.nr_cpus_allowed) == 1)
            return prev_cpu;
        cpu = claim_near(t, prev_cpu);
    } else if (rq_task_may_run_on(&t->se.rq, prev_cpu) && cpu_active(prev_cpu)) {
        return prev_cpu; /* isolated: who was put there stays */
    } else {
        cpu = cpu_groups_claim_idle(&sched_groups, here, t->se.rq.allowed);
    }
    return cpu != CPUGROUP_NONE ? cpu : select_busy(t, prev_cpu, here);
}

/* Claims a CPU of here's node none of whose core's threads has work. CPUGROUP_NONE: there is none. */
u32 sched_claim_idle_core(const struct task_struct *t, u32 here)
{
    return sched_smt ? cpu_groups_claim_core(&sched_groups, here, t->se.rq.allowed, true) : CPUGROUP_NONE;
}

/* t, whose parent runs here, has nothing in any cache: a whole core of the node is better than half of one of the parent's cache. */
u32 sched_select_new(struct task_struct *t)
{
    u32 cpu = CPUGROUP_NONE, here = t->se.last_cpu;

    if (!task_is_fair(t))
        return sched_select_cpu(t, here);
    if (READ_ONCE(t->se.nr_cpus_allowed) > 1 && cpu_balances(here))
        cpu = sched_claim_idle_core(t, here);
    if (cpu == CPUGROUP_NONE)
        cpu = sched_select_cpu(t, here);
    return sched_crowd(cpu) > 1 && cpu_balances(cpu) ? sched_least_loaded(t, cpu) : cpu;
}

/* Where the running task does better by itself: on a whole core if it shares one; if others wait here, on an idle CPU or a clearly less crowded
 * one. `here`: nowhere. */
static u32 better_cpu(struct rq *rq, struct task_struct *t)
{
    u32 here = rq->q.cpu, cpu;
    bool alone = rq->q.nr_running <= 1;

    if (alone && !sched_shares_core(here))
        return here;
    cpu = sched_claim_idle_core(t, here);
    if (cpu == CPUGROUP_NONE && !alone)
        cpu = cpu_groups_claim_idle(&sched_groups, here, t->se.rq.allowed);
    if (cpu != CPUGROUP_NONE || alone)
        return cpu != CPUGROUP_NONE ? cpu : here;
    cpu = sched_least_loaded(t, here);
    return sched_crowd(cpu) + 2 <= sched_crowd(here) ? cpu : here;
}

void sched_exec_balance(void)
{
    struct task_struct *t = current;
    unsigned long flags = local_irq_save();
    struct rq *rq = this_rq();
    u32 here = rq->q.cpu, cpu = here;

    if (rq->balanced && task_is_fair(t) && READ_ONCE(t->se.nr_cpus_allowed) > 1)
        cpu = better_cpu(rq, t);
    if (cpu != here) {
        rq->send_to = cpu;
        t->se.rq.moving |= RQ_TASK_MOVING;
    }
    local_irq_restore(flags);
    if (cpu != here)
        preempt_now();
}
