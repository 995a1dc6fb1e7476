/* idle.c: what a CPU does with nothing to run: look for work elsewhere, then sleep until it is kicked. Also the start of each
 * CPU's run queue and idle task.
 *
 * The handshake with kickers (percpu/runqueue.h Q1, Q2): interrupts off, look at NEED_RESCHED and the inboxes, then STI;HLT, so
 * that an IPI sent after the look ends the HLT. With MWAIT (CPUID leaf 5 non-zero) POLLING is set by RMW before the look and
 * the kicker's store to the kick word ends the wait without an IPI. */
#include "kernel/sched/rq.h"
#include "kernel/sched/irq_enter.h"
#include "kernel/arch/x86/switch.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/time/tick.h"

/* ---- the class: the idle task is in no queue ---- */

static void idle_nothing(struct rq *rq, struct task_struct *t)
{
}

static bool idle_queued(const struct task_struct *t)
{
    return false;
}

const struct sched_class idle_sched_class = {"idle", idle_nothing, idle_nothing, idle_queued, idle_nothing};

/* ---- stealing ---- */

/* Nearest first: the group, the node, then the machine. The stolen task arrives here, or is sent on if its mask says so. */
bool sched_steal(struct rq *rq)
{
    u32 cursor = 0, victim;

    while ((victim = cpu_groups_next_surplus(&sched_groups, rq->q.cpu, &cursor)) != CPUGROUP_NONE) {
        struct rq_task *t;

        if (victim == rq->q.cpu || sched_leave_to_nearer(rq->q.cpu, victim))
            continue;
        t = rq_steal(&cpu_rq(victim)->q);
        if (!t)
            continue;
        trace_steal(TASK_OF(t), victim);
        rq_arrive(&rq->q, t);
        if (rq->q.nr_running)
            return true;
    }
    return false;
}

/* ---- sleeping ---- */

static bool must_wake(struct rq *rq)
{
    return need_resched() || rq_has_mail(&rq->q);
}

static void wait_mwait(struct rq *rq)
{
    (void)atomic_fetch_or_full(&rq->q.kick, RQ_POLLING); /* before the look: a kicker now sends no IPI */
    __asm__ volatile("monitor" ::"a"(&rq->q.kick), "c"(0), "d"(0));
    if (!must_wake(rq))
        __asm__ volatile("sti; mwait" ::"a"(0), "c"(0) : "memory");
    local_irq_disable();
    (void)atomic_fetch_and_full(&rq->q.kick, ~RQ_POLLING);
}

/* Interrupts off at entry and exit. An interrupt may switch away from inside; then it returns here later. */
static void idle_wait(struct rq *rq)
{
    if (unlikely(!rq->balanced)) {
        rq->idle_marked = true; /* for leave_idle(); nobody sends work here by himself */
    } else if (!rq->idle_marked || !cpu_is_marked_idle(&sched_groups, rq->q.cpu)) {
        rq->idle_marked = true;
        cpu_mark_idle(&sched_groups, rq->q.cpu); /* D1: then look for surplus once more */
        if (sched_smp) {
            if (sched_steal(rq))
                return;
            if (unlikely(sched_smt))
                sched_offer_core(rq);
        }
    }
    if (rcu_cpu_has_callbacks(&rq->rcu)) {
        rcu_cpu_quiet(&rq->rcu);
        rcu_cpu_advance(&rq->rcu);
        rcu_force_quiet(false);
        if (rcu_cpu_has_done(&rq->rcu)) {
            sched_run_callbacks(rq);
            return;
        }
        if (!rq->ticking)
            sched_need_tick(rq);
    } else if (rq->ticking) {
        rq->ticking = false;
        tick_stop();
    }
    if (must_wake(rq))
        return;
    rcu_cpu_idle_enter(&rq->rcu);
    if (cpu_has.mwait)
        wait_mwait(rq);
    else
        __asm__ volatile("sti; hlt; cli" ::: "memory");
    rcu_cpu_idle_leave(&rq->rcu);
}

void cpu_idle_loop(void)
{
    struct rq *rq = this_cpu_hint(&runqueues); /* the idle task never leaves its CPU */

    local_irq_disable();
    this_cpu_write(preempt_count_, 0);
    for (;;) {
        if (unlikely(atomic_load_acquire(&rq->hotplug)))
            sched_hotplug_idle(rq);
        if (!must_wake(rq))
            idle_wait(rq);
        if (must_wake(rq) || rq->q.nr_running) {
            if (!need_resched())
                rq_kick_self(&rq->q); /* mail whose kick is on its way: take it now */
            preempt_schedule_irq();
        }
    }
}

/* ---- beginnings ---- */

static void init_entity(struct task_struct *t, u32 cpu)
{
    rq_task_init(&t->se.rq, (u64 *)t->se.cpus_mask);
    t->se.rq.own = own_make(OWN_RUNNING, 0, cpu, LF_COUNTER_START(uint32_t));
    spin_lock_init(&t->se.attr_lock);
    memset(t->se.cpus_mask, 0xff, sizeof(t->se.cpus_mask));
    t->se.nr_cpus_allowed = nr_cpu_ids;
    t->se.last_cpu = cpu;
    t->se.exec_start = rdtsc();
    t->policy = SCHED_NORMAL;
    t->dl.lent_deadline_ns = S64_MAX;
    t->pi.lent = STANDING_NONE;
    t->static_prio = t->normal_prio = NICE_TO_PRIO(0);
    sched_set_weight(t, NICE_TO_PRIO(0), false);
}

static void init_idle_task(struct task_struct *idle, u32 cpu)
{
    init_entity(idle, cpu);
    idle->sched_class = &idle_sched_class;
    idle->prio = PRIO_IDLE;
    idle->state = TASK_RUNNING;
    idle->preempt_count = 0;
    idle->mm = NULL;
    idle->active_mm = &init_mm;
}

static void init_rq(struct rq *rq, u32 cpu, struct task_struct *idle)
{
    rq_init(&rq->q, cpu);
    rq->curr = rq->idle = idle;
    rq->curr_prio = PRIO_IDLE;
    rq->zero_vruntime = LF_COUNTER_START(uint64_t);
    rq->started = rdtsc();
    rq->called = cpu;
    rq->send_to = CPUGROUP_NONE;
    rq->balanced = !cpu_is_isolated(cpu);
    rq_owners[cpu] = rq;
    INIT_LIST_HEAD(&rq->stops);
    rt_init(&rq->rt);
    dl_init(rq);
    fair_turn_init(rq);
    slice_extension_init(rq);
    rq->calendar.shift = 63 - (u32)__builtin_clzll(sched_tunables.min_request / DAYS_OF_SHORTEST_REQUEST);
    rcu_cpu_online(&rq->rcu, cpu);
}

void sched_init(void)
{
    sched_init_groups();
    sched_clock_init();
    sched_affinity_init();
    qlock_unfair = cpu_has.hypervisor; /* a virtual CPU may be off its processor when its turn comes */
    init_idle_task(&init_task, 0);
    isolation_init(&init_task);
    init_rq(this_rq(), 0, &init_task);
}

void sched_init_cpu(unsigned cpu)
{
    struct rq *rq = this_rq();

    init_rq(rq, cpu, current);
    current->se.exec_start = rdtsc();
    sched_cpu_joins(cpu);
    sched_smp = true;
}

struct task_struct *fork_idle(unsigned cpu)
{
    struct task_struct *idle = kmalloc_node(sizeof(*idle), GFP_KERNEL, cpu_to_node(cpu));

    if (!idle)
        return NULL;
    *idle = init_task;
    idle->stack = alloc_kernel_stack(cpu_to_node(cpu));
    if (!idle->stack) {
        kfree(idle);
        return NULL;
    }
    snprintf(idle->comm, sizeof(idle->comm), "swapper/%u", cpu);
    init_idle_task(idle, cpu);
    return idle;
}
