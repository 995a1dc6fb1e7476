/* sched_tick.c: the scheduling tick of a busy CPU, and the samples and averages that hang on it.
 *
 * A CPU ticks only while it has two tasks to choose from, RCU callbacks, throttled rt tasks, or a task whose process counts CPU
 * time (ITIMER_VIRTUAL and PROF, RLIMIT_CPU and RTTIME). With one task it ticks slowly, for the samples; idle it is silent. */
#include "kernel/sched/rq.h"
#include "kernel/sched/irq_enter.h"
#include "kernel/time/ktime.h"
#include "kernel/signal/signal.h"
#include "kernel/time/tick.h"

#define LOAD_PERIOD_NS (5 * NSEC_PER_SEC)
#define LOAD_SHIFT 11
#define LOAD_ONE (1ull << LOAD_SHIFT)

static const u64 load_exp[3] = {1884, 2014, 2037}; /* exp(-5 s / 1, 5, 15 min) in 11 bits */
static u64 load_avg[3];                            /* load_lock */
static s64 load_next_ns;                           /* load_lock; read as a hint */
static DEFINE_SPINLOCK(load_lock);

void sched_irq_enter(void)
{
    struct rq *rq = this_rq();

    if (rq->curr == rq->idle)
        rcu_cpu_idle_leave(&rq->rcu);
}

unsigned nr_running(void)
{
    unsigned n = 0;

    for_each_online_cpu(cpu)
        n += READ_ONCE(cpu_rq(cpu)->q.nr_running);
    return n;
}

static u64 nr_active(void)
{
    s64 n = 0;

    for_each_possible_cpu(cpu) /* what slept when its CPU left still counts there */
        n += (s64)READ_ONCE(cpu_rq(cpu)->q.nr_running) + READ_ONCE(cpu_rq(cpu)->nr_uninterruptible);
    return n > 0 ? (u64)n : 0;
}

static void load_step(u64 active)
{
    for (int i = 0; i < 3; i++) {
        u64 load = load_avg[i] * load_exp[i] + active * LOAD_ONE * (LOAD_ONE - load_exp[i]);

        if (active * LOAD_ONE >= load_avg[i])
            load += LOAD_ONE - 1; /* round towards the goal, as Linux does */
        load_avg[i] = load >> LOAD_SHIFT;
    }
}

/* Takes the steps that are due. Nobody samples while all sleep: what passed meanwhile counts as the load now. */
static void load_update(s64 now)
{
    unsigned long flags;

    if (now < READ_ONCE(load_next_ns))
        return;
    spin_lock_irqsave(&load_lock, flags);
    for (int i = 0; now >= load_next_ns; i++) {
        load_step(nr_active());
        load_next_ns += LOAD_PERIOD_NS;
        if (i > 720)
            load_next_ns = now + LOAD_PERIOD_NS; /* an hour asleep: converged */
    }
    spin_unlock_irqrestore(&load_lock, flags);
}

void sched_load_tick(void)
{
    if (this_rq()->q.cpu == 0 || this_rq()->nr_switches % 64 == 0)
        load_update(ktime_get_ns());
}

void sched_loadavg(u64 avg[3])
{
    load_update(ktime_get_ns());
    for (int i = 0; i < 3; i++)
        avg[i] = READ_ONCE(load_avg[i]);
}

static void sample(struct rq *rq, struct task_struct *curr, bool user)
{
    u32 weight = rq->slow_tick ? TICK_SLOW : 1;

    if (curr == rq->idle)
        return;
    if (unlikely(sched_wants_tick(curr)))
        itimer_tick(user, TICK_NS);
    if (user) {
        curr->se.user_ticks += weight;
        if (curr->static_prio > NICE_TO_PRIO(0))
            rq->nice_ticks += weight;
        else
            rq->user_ticks += weight;
    } else {
        curr->se.sys_ticks += weight;
        rq->sys_ticks += weight;
    }
}

static void rcu_tick(struct rq *rq, bool user)
{
    bool late;

    /* Nothing but this interrupt counted: whatever it interrupted is in no read section. */
    if (user || preempt_count() == PREEMPT_HARDIRQ)
        rcu_cpu_quiet(&rq->rcu);
    if (!rcu_cpu_has_callbacks(&rq->rcu))
        return;
    late = rcu_cpu_has_done(&rq->rcu);
    rcu_cpu_advance(&rq->rcu);
    rcu_force_quiet(false);
    if (rcu_cpu_has_done(&rq->rcu))
        rq_kick_self(&rq->q); /* schedule() runs some */
    if (late)
        sched_wake_rcu_thread(rq);
}

bool sched_wants_tick(const struct task_struct *t)
{
    return t->signal && t->signal->cpu_timers;
}

static bool tick_is_needed(struct rq *rq)
{
    return rq->q.nr_running > 1 || rcu_cpu_has_callbacks(&rq->rcu) || rq->rt.throttled || sched_wants_tick(rq->curr);
}

static void start_if_wanted(void *unused)
{
    struct rq *rq = this_rq();

    if (!rq->ticking && rq->curr != rq->idle && sched_wants_tick(rq->curr))
        sched_need_tick(rq);
}

/* Threads of the process may run alone, without a tick, on any CPU. */
void sched_cpu_timers_changed(void)
{
    unsigned long flags = local_irq_save();

    start_if_wanted(NULL);
    local_irq_restore(flags);
    if (sched_smp)
        smp_call_function_many(cpu_online_mask, start_if_wanted, NULL, false);
}

/* A task that runs alone is sampled at the slow tick. */
void sched_sample_slowly(struct rq *rq)
{
    rq->ticking = false;
    rq->slow_tick = !cpu_is_nohz_full(rq->q.cpu);
    if (likely(rq->slow_tick))
        tick_slow();
    else
        tick_stop();
}

static void choose_tick(struct rq *rq)
{
    if (tick_is_needed(rq)) {
        rq->ticking = true;
        rq->slow_tick = false;
    } else if (rq->curr != rq->idle) {
        sched_sample_slowly(rq);
    } else {
        rq->ticking = rq->slow_tick = false;
        tick_stop();
    }
}

void scheduler_tick(bool user)
{
    struct rq *rq = this_rq();
    struct task_struct *curr = rq->curr;

    rq->preempt_due = need_resched();
    sched_update_curr(rq, curr, rdtsc());
    if (unlikely(task_is_urgent(curr)))
        sched_charge_urgent(rq, curr);
    sched_avg_follow(curr, curr->se.exec_start);
    sample(rq, curr, user);
    rcu_tick(rq, user);
    curr->sched_class->task_tick(rq, curr);
    rt_unthrottle(rq);
    fair_balance_tick(rq);
    if (unlikely(rq->nr_urgent))
        sched_urgent_waits(rq); /* what the slots did not show */
    sched_load_tick();
    choose_tick(rq);
}
