/* wake.c: from asleep to a run queue: wake-ups, arrival, and what percpu/runqueue.h asks of the kernel. Which CPU: placement.c.
 *
 * A waker never spins on another CPU and never touches another CPU's queue: a task for this CPU arrives directly, for another
 * one through its inbox and kick word. Any context. */
#include "kernel/sched/fair_time.h"
#include "kernel/sched/rq.h"
#include "kernel/time/tick.h"

struct cpu_groups sched_groups;
bool sched_smp;
struct rq *rq_owners[MAX_CPUS]; /* by CPU: who answers for it; changes only in hotplug.c */

/* ---- arrival: what percpu/runqueue.c asks for ---- */

struct runqueue *rq_env_of(uint32_t cpu)
{
    return &atomic_load_relaxed(&rq_owners[cpu])->q;
}

void rq_env_ipi(uint32_t cpu)
{
    if (cpu != smp_processor_id())
        smp_send_reschedule(cpu);
}

bool rq_env_holds(struct runqueue *q, struct rq_task *t)
{
    return sched_task_is_queued(RQ_OF(q), TASK_OF(t));
}

void rq_env_apply(struct runqueue *q, struct rq_task *t, uint32_t requests)
{
    struct rq *rq = RQ_OF(q);

    if (requests & REQ_POLICY)
        sched_apply_policy(rq, TASK_OF(t));
    if (requests & REQ_AFFINITY)
        sched_apply_affinity(rq, TASK_OF(t));
}

void rq_env_applied(struct rq_task *t)
{
    put_task_struct(TASK_OF(t));
}

uint32_t rq_env_select(struct rq_task *t)
{
    return sched_select_cpu(TASK_OF(t), TASK_OF(t)->se.last_cpu);
}

/* Should t, just queued here, run instead of the running task? Then NEED_RESCHED. */
void sched_check_preempt(struct rq *rq, struct task_struct *t)
{
    struct task_struct *curr = rq->curr;

    if (curr == rq->idle) {
        rq_kick_self(&rq->q);
    } else if (task_is_urgent(t) || task_is_urgent(curr)) {
        if (t->prio < curr->prio || (t->prio == PRIO_DEADLINE && curr->prio == PRIO_DEADLINE && dl_earlier(t, curr)))
            rq_kick_self(&rq->q);
        else if (task_is_urgent(t))
            sched_urgent_waits(rq);
        else if (task_is_rt(curr) && !rt_may_run(rq))
            rq_kick_self(&rq->q); /* it went on because nothing fair waited */
    } else {
        if (fair_preempts(rq, t))
            rq_kick_self(&rq->q);
    }
}

/* Everything that is not a fair wakee for the empty next slot. */
static __noinline void enqueue_in_class(struct rq *rq, struct task_struct *t)
{
    if (unlikely(!task_is_fair(t))) {
        t->sched_class->enqueue_task(rq, t);
        sched_check_preempt(rq, t);
        return;
    }
    if (rq->sync_wake) {
        if (rq->next)
            fair_leave_slot(rq);
        rq->next = t;
        return;
    }
    fair_place(rq, t);
    fair_insert(rq, t);
    sched_check_preempt(rq, t);
    if (unlikely(sched_smp) && rq->curr != rq->idle)
        sched_publish_surplus(rq);
}

static __noinline void need_tick_and_enqueue(struct rq *rq, struct task_struct *t)
{
    sched_need_tick(rq);
    enqueue_in_class(rq, t);
}

/* t, which was not runnable, is this CPU's from here on and in its class. */
static __always_inline void activate_task(struct rq *rq, struct task_struct *t)
{
    if (unlikely((t->state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == TASK_UNINTERRUPTIBLE))
        rq->nr_uninterruptible--;
    t->state = TASK_RUNNING;
    if (++rq->q.nr_running > 1 && unlikely(!rq->ticking))
        need_tick_and_enqueue(rq, t);
    else if (rq->sync_wake && !rq->next && likely(task_is_fair(t)))
        rq->next = t;
    else
        enqueue_in_class(rq, t);
}

void rq_env_enqueue(struct runqueue *q, struct rq_task *rqt)
{
    activate_task(RQ_OF(q), TASK_OF(rqt));
}

void sched_need_tick(struct rq *rq)
{
    rq->ticking = true;
    rq->slow_tick = false;
    tick_start();
}

/* ---- wake-ups ---- */

/* The waker says that it is about to block. With other CPUs to run on, it is believed while it keeps its word: a writer that goes on
 * writing would else hold its reader up. */
static bool sync_wake_stays(struct rq *rq, struct task_struct *t)
{
    struct task_struct *waker = rq->curr;

    if (waker == rq->idle || in_interrupt())
        return false;
    waker->se.sync_at = rdtsc();
    return waker->se.sync_kept && rq->q.nr_running <= 1 && rq_task_may_run_on(&t->se.rq, rq->q.cpu);
}

/* The caller holds t WAKING, interrupts off. */
static __always_inline void place_woken(struct task_struct *t, u32 prev_cpu, bool sync)
{
    struct rq *rq = this_rq();
    u32 cpu = rq->q.cpu;

    t->se.last_wakeup = rdtsc();
    if (t->se.vlag < 0)
        fair_pay_by_sleep(&t->se);
    if (unlikely(sched_smp)) {
        if (!sync || !sync_wake_stays(rq, t))
            cpu = sched_select_cpu(t, prev_cpu);
        if (cpu != rq->q.cpu) {
            trace_wake(t, cpu);
            if (unlikely(sched_schedstats))
                sched_note_wakeup(rq, t, prev_cpu, cpu, sync);
            rq_post_wake(rq_env_of(cpu), &t->se.rq);
            return;
        }
    }
    trace_wake(t, cpu);
    if (unlikely(sched_schedstats))
        sched_note_wakeup(rq, t, prev_cpu, cpu, sync);
    rq->sync_wake = sync && task_is_fair(rq->curr);
    rq_arrive(&rq->q, &t->se.rq);
    rq->sync_wake = false;
}

static __always_inline bool try_to_wake_up(struct task_struct *t, unsigned classes, bool sync)
{
    unsigned long flags = local_irq_save();
    enum own_wake_result r;
    uint64_t w;

    r = own_wake(&t->se.rq.own, classes & 0xff, &w);
    if (r == OWN_WAKE_WON)
        place_woken(t, OWN_CPU(w), sync);
    local_irq_restore(flags);
    if (unlikely(need_resched()) && preempt_count() == 0)
        preempt_schedule();
    return r != OWN_WAKE_NOTHING;
}

bool wake_up_state(struct task_struct *t, unsigned classes)
{
    return try_to_wake_up(t, classes, false);
}

bool wake_up_state_sync(struct task_struct *t, unsigned classes)
{
    return try_to_wake_up(t, classes, true);
}

void wake_up_new_task(struct task_struct *t)
{
    unsigned long flags;
    u32 cpu;

    if (unlikely(sched_cpus_left))
        sched_widen_if_stranded(t);
    flags = local_irq_save();
    cpu = unlikely(sched_smp) ? sched_select_new(t) : smp_processor_id();
    t->se.last_wakeup = t->se.avg.last_update = rdtsc();
    trace_wake(t, cpu);
    if (cpu == smp_processor_id())
        rq_arrive(&this_rq()->q, &t->se.rq);
    else
        rq_post_wake(rq_env_of(cpu), &t->se.rq);
    local_irq_restore(flags);
    if (unlikely(need_resched()) && preempt_count() == 0)
        preempt_schedule();
}
