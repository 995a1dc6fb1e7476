/* core.c: schedule() and the switch. Owns the moment in which a CPU changes its task.
 *
 * The order in one switch, all with interrupts off:
 *   mail (if kicked) -> quiet point for RCU -> account prev -> pick next -> address space -> registers and stack
 *   -> on next's stack: finish_task_switch() parks, queues or buries prev, whose context is now complete (T2).
 * preempt_count is zero at every switch, so it is not part of a task's context. Must never be called with a spin lock held. */
#include "kernel/sched/fair_time.h"
#include "kernel/arch/x86/switch.h"
#include "kernel/mm/mm.h"

DEFINE_PER_CPU(struct rq, runqueues, NOIRQ);
/* The kick word that entry.S and need_resched() read is the first word of the run queue: one line for a message and its kick. */
__asm__(".globl cpu_kick\n.set cpu_kick, runqueues");
_Static_assert(offsetof(struct rq, q) == 0 && offsetof(struct runqueue, kick) == 0, "cpu_kick");
DEFINE_PER_CPU(u32, preempt_count_, ANYWHERE);
#ifdef CLOUDOS_DEBUG
DEFINE_PER_CPU(const void *, preempt_opened, ANYWHERE);
DEFINE_PER_CPU(const void *, preempt_closed, ANYWHERE);
DEFINE_PER_CPU(struct preempt_section, preempt_longest, ANYWHERE);
#endif

/* Clears NEED_RESCHED, then takes the mail: Q1. And POLLING: an interrupt that ended an MWAIT switches away from the idle task before that has
 * cleared it, and who kicks a polling CPU sends no IPI. */
__noinline void sched_take_mail(struct rq *rq)
{
    (void)atomic_fetch_and_full(&rq->q.kick, ~(RQ_NEED_RESCHED | RQ_POLLING));
    rq_drain(&rq->q);
}

/* ---- picking ---- */

void sched_charge_urgent(struct rq *rq, struct task_struct *t)
{
    u64 delta = t->se.sum_exec_runtime - t->se.charged_runtime;

    t->se.charged_runtime = t->se.sum_exec_runtime;
    rq->urgent_time += delta;
    if (task_is_deadline(t))
        dl_account(rq, t, delta);
    else if (task_is_rt(t))
        rt_account(rq, delta, t->se.exec_start);
}

/* The deadline task that is due, NULL: none. */
static struct task_struct *pick_deadline(struct rq *rq, struct task_struct *prev, enum prev_fate fate)
{
    struct task_struct *t = dl_first(rq);

    if (task_is_deadline(prev) && fate == PREV_RUNS && !dl_exhausted(prev) && (!t || !dl_earlier(t, prev)))
        t = prev;
    if (t)
        dl_runs(rq, t);
    return t;
}

/* The fair task to run unless the running one goes on. Two words decide the common cases: nobody waits, or one. */
static __always_inline struct task_struct *fair_candidate(struct rq *rq, struct task_struct *prev, enum prev_fate fate)
{
    if (likely(!rq->nr_fair))
        return rq->next;
    if (rq->nr_fair == 1 && rq->q.fair.flat && !rq->next)
        return FAIR_TASK(rq->q.fair.node[0]);
    return fair_pick(rq, fate == PREV_RUNS || fate == PREV_YIELDS);
}

/* Everything that is not one fair task among fair tasks: stoppers, deadlines, rt queues, shelved surplus. */
static struct task_struct *pick_by_class(struct rq *rq, struct task_struct *prev, struct task_struct *best, enum prev_fate fate)
{
    bool prev_stays = fate == PREV_RUNS || fate == PREV_YIELDS;
    struct task_struct *rt = rq->rt.nr ? rt_first(rq) : NULL, *above;

    if (task_is_urgent(prev))
        sched_charge_urgent(rq, prev);
    if (task_is_deadline(prev) && (fate == PREV_BLOCKS || fate == PREV_DIES))
        dl_blocks(rq, prev, fate == PREV_DIES);
    above = stop_pick(rq, prev, prev_stays);
    if (!above)
        above = pick_deadline(rq, prev, fate);
    if (above)
        return above;
    if (rq->q.nr_shelved) {
        fair_take_back(rq, fate == PREV_RUNS && (task_is_fair(prev) || (task_is_rt(prev) && rt_may_run(rq)))); /* who is throttled does not stay */
        best = fair_candidate(rq, prev, fate);
    }
    if (rt_may_run(rq) || !(best || (prev_stays && task_is_fair(prev)))) { /* throttled, rt tasks only give way to fair ones */
        if (prev_stays && task_is_rt(prev) &&
            (!rt || prev->prio < rt->prio || (prev->prio == rt->prio && fate == PREV_RUNS && !rt_slice_ended(prev))))
            return prev;
        if (rt)
            return rt;
    }
    if (prev_stays && task_is_fair(prev)) {
        if (!best || (fate == PREV_RUNS && fair_keeps_cpu(rq, prev, best)))
            return prev;
    }
    return best;
}

static __noinline struct task_struct *pick_slow(struct rq *rq, struct task_struct *prev, struct task_struct *best, enum prev_fate fate)
{
    bool urgent = task_is_urgent(prev);
    int prio;

    DEBUG_ASSERT((rq->nr_urgent == rq->rt.nr + rq->dl.nr) == list_empty(&rq->stops));

    if (unlikely(atomic_load_relaxed(&rq->asked)))
        sched_urgent_answer(rq);
    best = pick_by_class(rq, prev, best, fate);
    prio = best ? best->prio : PRIO_IDLE;
    if (urgent && best != prev && (prio > rq->curr_prio || prio == PRIO_DEADLINE))
        sched_urgent_gone(rq, prio);
    return best;
}

/* The best task to run (guide). NULL: nothing but idle. The result may still be queued. */
static __always_inline struct task_struct *pick_next_task(struct rq *rq, struct task_struct *prev, enum prev_fate fate)
{
    struct task_struct *best;

    if (fate <= PREV_YIELDS && rq->next)
        fair_leave_slot(rq); /* compared with prev, it needs its place */
    best = fair_candidate(rq, prev, fate);
    if (unlikely(rq->nr_urgent | rq->q.nr_shelved) || unlikely(task_is_urgent(prev)))
        return pick_slow(rq, prev, best, fate);
    if (likely(fate > PREV_YIELDS))
        return best;
    if (fate == PREV_RUNS && (!best || fair_keeps_cpu(rq, prev, best)))
        return prev;
    if (fate == PREV_YIELDS) {
        if (!best)
            return prev;
        fair_yield(prev);
    }
    return best;
}

static __noinline void take_urgent(struct rq *rq, struct task_struct *t)
{
    if (task_is_rt(t))
        rt_dequeue(rq, t);
    else if (task_is_deadline(t))
        dl_take(rq, t);
    else
        stop_dequeue(rq, t);
    if (!rq->nr_urgent)
        return;
    WRITE_ONCE(rq->curr_prio, t->prio); /* those that it passed wait behind it */
    sched_urgent_waits(rq);
}

/* Takes a picked task out of wherever it is queued. */
static __always_inline void take_picked(struct rq *rq, struct task_struct *t)
{
    if (rq->next == t) {
        rq->next = NULL;
        fair_place_charged(rq, t);
    } else if (likely(task_is_fair(t))) {
        fair_remove(rq, t);
    } else {
        take_urgent(rq, t);
    }
}

/* ---- the switch ---- */

static __always_inline void switch_address_space(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
    if (likely(next->mm)) {
        if (next->mm != prev->active_mm)
            switch_mm(prev->active_mm, next->mm);
        if (unlikely(!prev->mm)) { /* prev gives its borrowed space back */
            rq->drop_mm = prev->active_mm;
            prev->active_mm = NULL;
        }
        return;
    }
    next->active_mm = prev->active_mm;
    enter_lazy_tlb(next->active_mm);
    if (prev->mm)
        atomic_inc_relaxed(&next->active_mm->count);
    else
        prev->active_mm = NULL; /* the reference moves on */
}

void sched_note_switches(struct task_struct *t, bool on)
{
    local_irq_disable(); /* its owner may be about to set the other bit */
    t->se.rq.moving = (t->se.rq.moving & RQ_TASK_MOVING) | (on ? RQ_TASK_NOTED : 0);
    local_irq_enable();
}

/* prev, still this CPU's, is switched away. True: and off a CPU that its mask forbids. */
static __noinline bool tell_left(struct task_struct *prev)
{
    if (prev->se.rq.moving & RQ_TASK_NOTED)
        set_tsk_work(prev, TIF_RSEQ);
    if (!(prev->se.rq.moving & RQ_TASK_MOVING))
        return false;
    sched_affinity_left(prev);
    return true;
}

/* prev must not stay: it asked to go (send_to), its mask forbids this CPU, the CPU leaves, or a whole core idles while prev shares one. */
static __noinline void send_prev_away(struct rq *rq, struct task_struct *prev)
{
    u32 cpu = rq->send_to;

    rq->send_to = CPUGROUP_NONE;
    rq->q.nr_running--;
    if (task_is_fair(prev))
        fair_note_lag(rq, prev);
    else if (task_is_deadline(prev))
        dl_uncount(rq, prev);
    if (cpu == CPUGROUP_NONE)
        cpu = cpu_active(rq->q.cpu) ? sched_claim_idle_core(prev, rq->q.cpu) : sched_select_cpu(prev, rq->q.cpu);
    if (cpu != CPUGROUP_NONE)
        rq_send(&rq->q, &prev->se.rq, cpu);
    else
        rq_place(&rq->q, &prev->se.rq);
}

static __always_inline void watch_turn(struct rq *rq, struct task_struct *next)
{
    if (unlikely(rq->nr_fair | rq->q.nr_shelved) && !fair_is_watched(rq, next))
        fair_watch_turn(rq, next);
}

static __noinline void requeue_urgent(struct rq *rq, struct task_struct *prev)
{
    if (task_is_deadline(prev) && dl_requeue(rq, prev, rq->fate == PREV_YIELDS)) {
        sched_check_preempt(rq, prev); /* one with a lent deadline yields and is due again */
        return;
    }
    if (task_is_rt(prev))
        rt_requeue(rq, prev, rq->fate == PREV_RUNS && !rt_slice_ended(prev));
    else if (task_is_stopper(prev))
        stop_requeue(rq, prev);
    sched_urgent_waits(rq);
}

/* prev stays runnable: back into its class, or away. */
static __always_inline void requeue_prev(struct rq *rq, struct task_struct *prev)
{
    own_requeue(&prev->se.rq.own);
    prev->state = TASK_RUNNING;
    if (unlikely(prev->se.rq.moving) && tell_left(prev)) {
        send_prev_away(rq, prev);
    } else if (likely(task_is_fair(prev))) {
        fair_insert(rq, prev);
        watch_turn(rq, rq->curr); /* with prev in the queue */
        if (unlikely(sched_smp))
            sched_publish_surplus(rq);
    } else {
        requeue_urgent(rq, prev);
    }
}

/* prev blocked: it leaves its CPU, once its context is saved, unless it was woken meanwhile. */
static __always_inline void deactivate_task(struct rq *rq, struct task_struct *prev)
{
    if (likely(task_is_fair(prev)))
        fair_note_sleep(rq, prev);
    if (unlikely(prev->se.rq.moving))
        (void)tell_left(prev);
    if (unlikely(prev->state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)))
        rq->nr_uninterruptible += (prev->state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == TASK_UNINTERRUPTIBLE;
    if (likely(own_park(&prev->se.rq.own)))
        return;
    own_requeue(&prev->se.rq.own);
    rq_place(&rq->q, &prev->se.rq);
}

/* What is left over waits for the next switch, or for the CPU's thread (rcu_thread.c). Too many, and whoever runs here pays for them before
 * he goes on: a piece a call of schedule(), which somebody urgent ends. */
void sched_run_callbacks(struct rq *rq)
{
    struct rcu_head *list = rcu_cpu_take_done(&rq->rcu, RCU_PIECE);
    unsigned n;

    rq->rcu.running = true;
    preempt_disable();
    local_irq_enable();
    n = rcu_invoke(list);
    local_irq_disable();
    preempt_enable_no_resched();
    rq->rcu.running = false;
    rq->rcu.queued -= n;
    if (unlikely(need_resched()))
        smp_send_reschedule(rq->q.cpu); /* whoever was woken meanwhile: nobody looks once more before schedule() returns */
    if (unlikely(rq->rcu.queued > RCU_FLOOD) && rcu_cpu_has_done(&rq->rcu))
        rq_kick_self(&rq->q);
}

static __always_inline void run_done_callbacks(struct rq *rq)
{
    if (unlikely(rcu_cpu_has_done(&rq->rcu)) && !rq->rcu.running)
        sched_run_callbacks(rq);
}

/* The switch tail: runs on the next task's stack, interrupts off. */
static __always_inline void finish_task_switch(struct task_struct *prev)
{
    struct rq *rq = this_rq();
    struct mm_struct *mm = rq->drop_mm;

    if (rq->fate == PREV_BLOCKS)
        deactivate_task(rq, prev);
    else if (likely(rq->fate <= PREV_YIELDS))
        requeue_prev(rq, prev);
    else if (rq->fate == PREV_DIES) {
        if (prev->se.rq.moving)
            (void)tell_left(prev);
        own_die(&prev->se.rq.own);
        put_task_struct(prev);
    }
    if (unlikely(mm)) {
        rq->drop_mm = NULL;
        mmdrop(mm);
    }
    run_done_callbacks(rq);
}

void schedule_tail(struct task_struct *prev)
{
    finish_task_switch(prev);
    local_irq_enable();
}

static __always_inline void context_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next, u64 now)
{
    u64 delay = now - max(next->se.exec_start, next->se.last_wakeup);

    next->se.run_delay += delay;
    if (unlikely(sched_schedstats))
        sched_note_switch(rq, prev, next, delay);
    next->se.exec_start = now;
    next->se.prev_sum_exec_runtime = next->se.sum_exec_runtime;
    atomic_store_release(&rq->curr, next); /* exec_start before: run_ticks() */
    rq->curr_prio = next->prio;
    rq->nr_switches++;
    trace_switch(prev, next, rq->fate);
    switch_address_space(rq, prev, next);
    prev = switch_to(prev, next);
    finish_task_switch(prev);
}

/* Nothing to run: try to take work from another CPU, else idle. */
static __noinline struct task_struct *pick_nothing(struct rq *rq, struct task_struct *prev)
{
    if (sched_smp && rq->balanced && sched_steal(rq)) {
        struct task_struct *best = pick_slow(rq, rq->idle, fair_candidate(rq, rq->idle, PREV_IDLE), PREV_IDLE);

        if (best)
            return best;
    }
    if (unlikely(task_is_urgent(prev)) && rq->curr_prio != PRIO_IDLE)
        sched_urgent_gone(rq, PRIO_IDLE); /* it was picked, and must leave */
    return rq->idle;
}

static __noinline void leave_idle(struct rq *rq, struct task_struct *next)
{
    rq->idle_marked = false;
    cpu_unmark_idle(&sched_groups, rq->q.cpu);
    if (rq->ticking || next == rq->idle)
        return;
    if (sched_wants_tick(next))
        sched_need_tick(rq);
    else if (!rq->slow_tick)
        sched_sample_slowly(rq);
}

/* Debug builds: no switch in atomic context. */
static __always_inline void schedule_debug(const struct task_struct *prev)
{
    DEBUG_ASSERT(irqs_disabled());
    LF_MISUSE_IF(preempt_count() != 0, "preemption: switched away in a section", prev, this_cpu_read(preempt_opened));
    (void)prev;
}

/* Interrupts off, preempt_count 0. */
static __always_inline void schedule_irqoff(enum prev_fate fate)
{
    struct rq *rq = this_rq();
    struct task_struct *prev = rq->curr, *next;
    u64 now;

    schedule_debug(prev);
    if (unlikely(need_resched()))
        sched_take_mail(rq);
    rcu_cpu_quiet(&rq->rcu);
    now = rdtsc();
    sched_update_curr(rq, prev, now);
    if (unlikely(prev == rq->idle))
        fate = PREV_IDLE;
    if (unlikely(prev->se.rq.moving & RQ_TASK_MOVING) && fate <= PREV_YIELDS)
        fate = PREV_YIELDS; /* it must leave: prefer anything else, idle included */
    next = pick_next_task(rq, prev, fate);
    if (unlikely(!next) || unlikely(next == prev && (prev->se.rq.moving & RQ_TASK_MOVING)))
        next = pick_nothing(rq, prev);
    if (next == prev) {
        if (next != rq->idle)
            watch_turn(rq, next);
        run_done_callbacks(rq); /* a task that runs alone still lets its CPU's callbacks run */
        return;
    }
    if (likely(next != rq->idle)) {
        take_picked(rq, next);
        if (fate > PREV_YIELDS)
            watch_turn(rq, next);
        own_run(&next->se.rq.own);
    }
    rq->fate = fate;
    if (fate == PREV_BLOCKS || fate == PREV_DIES) {
        rq->q.nr_running--;
        prev->stats.nvcsw++;
        sched_avg_follow(prev, now);
        if (unlikely(sched_smp))
            prev->se.sync_kept = now - prev->se.sync_at < sched_tunables.sync_window;
    } else {
        prev->stats.nivcsw++;
    }
    if (unlikely(rq->idle_marked))
        leave_idle(rq, next);
    context_switch(rq, prev, next, now);
}

void schedule(void)
{
    enum prev_fate fate = PREV_BLOCKS;
    enum own_state s;

    local_irq_disable();
    s = OWN_STATE(own_read(&current->se.rq.own));
    if (unlikely(s != OWN_BLOCKING)) {
        fate = PREV_RUNS;
        if (s == OWN_WOKEN) {
            own_cancel_wait(&current->se.rq.own);
            current->state = TASK_RUNNING;
        }
    }
    schedule_irqoff(fate);
    local_irq_enable();
}

void sched_yield_current(void)
{
    local_irq_disable();
    schedule_irqoff(PREV_YIELDS);
    local_irq_enable();
}

bool cond_resched(void)
{
    if (likely(!need_resched()) || preempt_count() || irqs_disabled())
        return false;
    preempt_now();
    return true;
}

enum preempt_model sched_preempt_model = PREEMPT_FULL;

/* A reschedule is due: does the task that runs in the kernel go on for now? Interrupts off. */
static __noinline bool kernel_goes_on(struct rq *rq)
{
    if (rq->curr == rq->idle)
        return false;
    if (sched_preempt_model == PREEMPT_VOLUNTARY)
        return true;
    if (rq_has_mail(&rq->q)) { /* there may be somebody urgent in it */
        sched_take_mail(rq);
        rq_kick_self(&rq->q);
    }
    return !rq->nr_urgent && !rq->preempt_due;
}

static bool model_forbids(void)
{
    bool goes_on;

    local_irq_disable();
    goes_on = kernel_goes_on(this_rq());
    local_irq_enable();
    return goes_on;
}

void preempt_schedule(void)
{
    if (irqs_disabled() || (unlikely(sched_preempt_model != PREEMPT_FULL) && model_forbids()))
        return;
    preempt_now();
}

/* Involuntary: a BLOCKING task that has not read its condition yet stays runnable (a spurious wake-up). */
void preempt_now(void)
{
    do {
        local_irq_disable();
        schedule_irqoff(PREEMPT_ACTIVE);
        local_irq_enable();
    } while (unlikely(need_resched()));
}

void preempt_schedule_irq(void)
{
    if (unlikely(sched_preempt_model != PREEMPT_FULL) && kernel_goes_on(this_rq()))
        return;
    do {
        schedule_irqoff(PREEMPT_ACTIVE);
    } while (unlikely(need_resched()));
}

void sched_exit_current(void)
{
    spin_lock(&current->se.attr_lock); /* whoever gets it later sees PF_EXITING and reserves nothing more */
    if (unlikely(current->dl.bw))
        (void)dl_admit_locked(current, 0);
    spin_unlock(&current->se.attr_lock);
    local_irq_disable();
    schedule_irqoff(PREV_DIES);
    panic("a dead task ran: pid %d", current->pid);
}

void set_current_state(unsigned task_state)
{
    struct task_struct *t = current;

    t->state = task_state;
    if (task_state == TASK_RUNNING)
        own_cancel_wait(&t->se.rq.own);
    else
        own_begin_wait(&t->se.rq.own, task_state & 0xff);
}

unsigned task_cpu(const struct task_struct *t)
{
    return OWN_CPU(own_read(&t->se.rq.own));
}

bool task_is_running(const struct task_struct *t)
{
    enum own_state s = OWN_STATE(own_read(&t->se.rq.own));

    return s == OWN_RUNNING || s == OWN_BLOCKING || s == OWN_WOKEN;
}

bool sched_has_other_cpus(void)
{
    return sched_smp;
}
