/* hotplug.c: CPUs leave and come back. The task that writes the sysfs file commands, the CPU itself does what only an owner may do.
 *
 *   stage        who sets it    what holds from then on
 *   CPU_RUNS     the CPU        its own threads are unparked from here on, and parked before CPU_STOPS (H5)
 *   CPU_EVICTS   command        no idle mark, no surplus; nobody chooses it (cpu_active_mask was cleared before)
 *   CPU_QUITS    command        a grace period has passed: no task is on its way here. The CPU sends away what it has, whenever told
 *   CPU_LEFT     the CPU, idle  no task, no timer, no address space; CPU 0 answers for it (rq_owners); it still serves calls and forwards mail
 *   CPU_STOPS    command        a grace period has passed: nobody calls it, nobody is on his way to its inbox
 *   CPU_HALTED   the CPU        out of RCU's masks, interrupts off, HLT. Its callbacks are CPU 0's or the commander's
 *   CPU_STARTS   command        an NMI ends the HLT
 *   CPU_ARRIVED  the CPU        takes calls; CPU 0 still answers for it until it is told, between two of its drains, that it need not
 *
 * A task that sleeps keeps the word it has: requests for it go to CPU 0, a waker places it anew (percpu/runqueue.h Q6). Checked by
 * tests/models/offline.pml. A task whose mask has only CPUs that left gets all CPUs: sched_widen_if_stranded(). */
#include "kernel/sched/hotplug.h"
#include "kernel/arch/x86/smp_call.h"
#include "kernel/arch/x86/tlb.h"
#include "kernel/lib/errno.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/kthread.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/stopper.h"
#include "kernel/signal/signal.h"
#include "kernel/task/pid.h"
#include "kernel/time/tick.h"

#define ADOPTER 0u
#define POLL_NS (500 * NSEC_PER_USEC)

enum cpu_stage { CPU_RUNS, CPU_EVICTS, CPU_QUITS, CPU_LEFT, CPU_STOPS, CPU_HALTED, CPU_STARTS, CPU_ARRIVED };

DEFINE_MUTEX(cpu_hotplug_mutex);
bool sched_cpus_left;

/* ---- the CPU that leaves: interrupts off ---- */

static void set_stage(struct rq *rq, enum cpu_stage stage)
{
    atomic_store_release(&rq->hotplug, (u32)stage);
}

static void evict(struct rq *rq, struct task_struct *t)
{
    rq_send(&rq->q, &t->se.rq, sched_select_cpu(t, rq->q.cpu));
}

static void evict_shelf(struct rq *rq)
{
    for (int i = 0; i < SHELF_SLOTS; i++) {
        struct rq_task *t = rq->q.shadow[i].task ? rq_unshelve(&rq->q, i) : NULL;

        if (t) {
            rq->q.nr_running--;
            evict(rq, TASK_OF(t));
        }
    }
    rq->q.nr_running -= rq_reap_shelf(&rq->q); /* thieves have the others */
}

static struct task_struct *any_queued(struct rq *rq)
{
    if (rq->next)
        return rq->next;
    if (rq->nr_fair)
        return FAIR_TASK(calendar_min(&rq->calendar, &rq->q.fair));
    if (rq->rt.nr)
        return rt_first(rq);
    return rq->dl.nr ? dl_first(rq) : dl_any_throttled(rq);
}

/* The stopper, which runs beside nobody: all others wait here, and go. */
static void evict_all(void *unused)
{
    struct rq *rq = this_rq();
    struct task_struct *t;

    evict_shelf(rq);
    while ((t = any_queued(rq))) {
        sched_dequeue_queued(rq, t);
        evict(rq, t);
    }
    rq_kick_self(&rq->q); /* mail that came meanwhile */
}

static void begin_leaving(void *unused)
{
    struct rq *rq = this_rq();

    rq->balanced = false;
    cpu_unmark_idle(&sched_groups, rq->q.cpu);
    cpu_unmark_surplus(&sched_groups, rq->q.cpu);
    set_stage(rq, CPU_EVICTS);
}

static void may_quit(void *unused)
{
    set_stage(this_rq(), CPU_QUITS);
}

static void may_stop(void *unused)
{
    set_stage(this_rq(), CPU_STOPS);
}

static bool has_nothing(struct rq *rq)
{
    return !rq->q.nr_running && !rq->q.nr_shelved && !any_queued(rq) && !need_resched() && !rq_has_mail(&rq->q);
}

static void leave(struct rq *rq)
{
    u32 cpu = rq->q.cpu;

    rq->ticking = rq->slow_tick = false;
    (void)hrtimer_cancel(&rq->dl.timer);
    (void)hrtimer_cancel(&rq->turn);
    (void)hrtimer_cancel(&rq->extension);
    hrtimers_move_to(ADOPTER);
    leave_borrowed_mm();
    shrink_local_magazines(); /* gives pages back to what the next line empties */
    drain_local_pages();
    (void)atomic_fetch_and_full(&cpu_online_mask[cpu / 64], ~BIT(cpu % 64));
    (void)atomic_xchg_full(&rq_owners[cpu], cpu_rq(ADOPTER));
    set_stage(rq, CPU_LEFT);
}

/* Calls come as interrupts; mail goes on unopened. */
static void serve_until_stopped(struct rq *rq)
{
    while (atomic_load_acquire(&rq->hotplug) == CPU_LEFT) {
        (void)atomic_fetch_and_full(&rq->q.kick, ~RQ_NEED_RESCHED); /* Q1 */
        rq_forward(&rq->q, &cpu_rq(ADOPTER)->q);
        if (need_resched() || rq_has_mail(&rq->q))
            continue;
        rcu_cpu_idle_enter(&rq->rcu);
        __asm__ volatile("sti; hlt; cli" ::: "memory");
        rcu_cpu_idle_leave(&rq->rcu);
    }
}

static void stand_still(struct rq *rq)
{
    u64 now;

    smp_call_interrupt();
    rq_forward(&rq->q, &cpu_rq(ADOPTER)->q);
    rq->ticking = rq->slow_tick = false;
    hrtimers_move_to(ADOPTER); /* an interrupt may have started one, or the tick */
    rcu_cpu_offline(&rq->rcu);
    now = rdtsc();
    sched_update_curr(rq, rq->idle, now); /* what it waited for the two periods was idle, not busy */
    WRITE_ONCE(rq->halted, now);
    set_stage(rq, CPU_HALTED);
    smp_halt_until(&rq->hotplug, CPU_STARTS);
}

static void arrive(struct rq *rq)
{
    u32 cpu = rq->q.cpu;
    u64 now = rdtsc();

    rcu_cpu_online(&rq->rcu, cpu);
    rq->started += now - rq->halted;
    rq->idle->se.exec_start = now;
    WRITE_ONCE(rq->halted, 0);
    atomic_store_relaxed(&rq->q.kick, 0);
    (void)atomic_fetch_or_full(&cpu_online_mask[cpu / 64], BIT(cpu % 64));
    flush_tlb_all_local(); /* nobody told it of changes; who makes one after this sees it on line, and tells it */
    set_stage(rq, CPU_ARRIVED);
}

void sched_hotplug_idle(struct rq *rq)
{
    if (rq->hotplug != CPU_QUITS || !has_nothing(rq))
        return;
    preempt_disable(); /* an interrupt must not take the mail */
    leave(rq);
    serve_until_stopped(rq);
    stand_still(rq);
    arrive(rq);
    preempt_enable_no_resched();
}

/* ---- who commands: any CPU, may sleep ---- */

static void nap(void)
{
    set_current_state(TASK_UNINTERRUPTIBLE);
    (void)schedule_hrtimeout(ktime_get_ns() + POLL_NS);
}

static void await_stage(unsigned cpu, enum cpu_stage stage)
{
    while (atomic_load_acquire(&cpu_rq(cpu)->hotplug) != (u32)stage)
        nap();
}

static bool is_stranded(const struct task_struct *t)
{
    return !(t->flags & PF_NO_SETAFFINITY) && bitmap_find_and(t->se.rq.allowed, (u64 *)cpu_active_mask, nr_cpu_ids, 0) >= nr_cpu_ids;
}

/* sched_setaffinity(2) of Linux: a task whose last CPU goes may run anywhere. The mask and what set_cpus_allowed_ptr() compares it with
 * change under attr_lock, so either that call sees that the CPU left, or this one sees the mask. */
void sched_widen_if_stranded(struct task_struct *t)
{
    if (!is_stranded(t))
        return;
    spin_lock(&t->se.attr_lock);
    if (is_stranded(t)) {
        for (u32 w = 0; w < MAX_CPUS / 64; w++)
            atomic_store_relaxed(&t->se.cpus_mask[w], ~0ul);
        WRITE_ONCE(t->se.nr_cpus_allowed, nr_cpu_ids);
    }
    spin_unlock(&t->se.attr_lock);
}

/* Whoever is in no list yet looks himself: wake_up_new_task(), after he is in one. */
static void widen_all_stranded(void)
{
    struct task_struct *leader, *t;
    pid_t nr = 1;

    for (; (leader = next_process(&nr)); nr++) {
        rcu_read_lock();
        for_each_thread(leader, t)
            sched_widen_if_stranded(t);
        rcu_read_unlock();
        put_task_struct(leader);
    }
}

static void adopt_callbacks(struct rq *dead)
{
    unsigned long flags = local_irq_save();

    rcu_cpu_adopt(&this_rq()->rcu, &dead->rcu);
    sched_need_tick(this_rq());
    local_irq_restore(flags);
}

/* Its CPU has sent it away if it was at work; CPU 0 takes it in, as all that has no other place, and there it parks. Not before the CPU has
 * left: somebody urgent might keep it from running there. */
static void park_threads(struct rq *rq)
{
    if (rq->rcu_thread)
        (void)kthread_park(rq->rcu_thread);
    stop_park(rq->q.cpu);
}

static void unpark_threads(struct rq *rq)
{
    if (rq->rcu_thread)
        kthread_unpark(rq->rcu_thread);
    stop_unpark(rq->q.cpu);
}

static int take_down(unsigned cpu)
{
    struct rq *rq = cpu_rq(cpu);
    int err = dl_cpu_leaves(cpu);

    if (err)
        return err;
    WRITE_ONCE(sched_cpus_left, true);
    smp_call_function_single(cpu, begin_leaving, NULL, true);
    synchronize_rcu_expedited(); /* whoever chose it has pushed */
    widen_all_stranded();
    smp_call_function_single(cpu, may_quit, NULL, true);
    while (atomic_load_acquire(&rq->hotplug) != CPU_LEFT) {
        (void)stop_one_cpu(cpu, evict_all, NULL); /* again and again: one that sleeps may be woken here meanwhile */
        nap();
    }
    park_threads(rq);
    synchronize_rcu_expedited();
    smp_call_function_single(cpu, may_stop, NULL, true);
    await_stage(cpu, CPU_HALTED);
    adopt_callbacks(rq);
    return 0;
}

/* On the adopter, as an interrupt: it is not within a drain, in which it may hold a task of that CPU. */
static void give_map_back(void *cpu)
{
    u32 c = (u32)(unsigned long)cpu;

    (void)atomic_xchg_full(&rq_owners[c], cpu_rq(c));
}

static void join(void *unused)
{
    struct rq *rq = this_rq();

    rq->balanced = !cpu_is_isolated(rq->q.cpu);
    set_stage(rq, CPU_RUNS);
}

static void bring_up(unsigned cpu)
{
    set_stage(cpu_rq(cpu), CPU_STARTS);
    while (atomic_load_acquire(&cpu_rq(cpu)->hotplug) != CPU_ARRIVED) {
        smp_resume(cpu);
        nap();
    }
    smp_call_function_single(ADOPTER, give_map_back, (void *)(unsigned long)cpu, true);
    smp_call_function_single(cpu, join, NULL, true);
    sched_cpu_joins(cpu);
    unpark_threads(cpu_rq(cpu));
}

int cpu_down(unsigned cpu)
{
    int err = 0;

    if (cpu == ADOPTER)
        return -EINVAL;
    mutex_lock(&cpu_hotplug_mutex);
    if (cpu_online(cpu))
        err = stop_is_there(cpu) ? take_down(cpu) : -ENOMEM;
    mutex_unlock(&cpu_hotplug_mutex);
    return err;
}

int cpu_up(unsigned cpu)
{
    mutex_lock(&cpu_hotplug_mutex);
    if (!cpu_online(cpu))
        bring_up(cpu);
    mutex_unlock(&cpu_hotplug_mutex);
    return 0;
}
