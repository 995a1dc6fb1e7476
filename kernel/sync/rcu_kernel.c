/* rcu_kernel.c: RCU for the kernel: lockfree/rcu_core.h on the run queues' CPUs. Callbacks are queued with interrupts off and run by
 * the scheduler (core.c) and the idle loop; waiting sleeps. */
#include "kernel/arch/x86/smp.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/rq.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/mutex.h"

void rcu_env_kick(unsigned cpu)
{
    rq_kick(&cpu_rq(cpu)->q); /* schedule() is a quiet point, whatever it picks */
}

void rcu_env_free(void *object)
{
    kfree(object);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *))
{
    unsigned long flags = local_irq_save();
    struct rq *rq = this_rq();

    rcu_cpu_enqueue(&rq->rcu, head, func);
    if (!rq->ticking)
        sched_need_tick(rq);
    local_irq_restore(flags);
}

struct rcu_waiter {
    struct rcu_head head;
    struct completion done;
};

static void wake_waiter(struct rcu_head *head)
{
    complete(&container_of(head, struct rcu_waiter, head)->done);
}

static void wait_for_period(bool expedited)
{
    struct rcu_waiter w;
    unsigned long flags;

    if (!sched_smp)
        return; /* the caller may sleep, so no reader runs on the only CPU */
    init_completion(&w.done);
    flags = local_irq_save();
    rcu_cpu_enqueue(&this_rq()->rcu, &w.head, wake_waiter);
    rcu_cpu_advance(&this_rq()->rcu);
    if (expedited)
        rcu_force_quiet(true);
    if (!this_rq()->ticking)
        sched_need_tick(this_rq());
    local_irq_restore(flags);
    wait_for_completion(&w.done);
}

void synchronize_rcu(void)
{
    wait_for_period(false);
}

void synchronize_rcu_expedited(void)
{
    wait_for_period(true);
}

/* ---- rcu_barrier: one callback at the end of every CPU's queue ---- */

struct barrier {
    u32 left;
    struct completion done;
};

struct barrier_callback {
    struct rcu_head head;
    struct barrier *barrier;
};

static DEFINE_PER_CPU(struct barrier_callback, barrier_callbacks); /* NOIRQ; one rcu_barrier at a time */
static DEFINE_MUTEX(barrier_mutex);

static void barrier_reached(struct rcu_head *head)
{
    struct barrier *b = container_of(head, struct barrier_callback, head)->barrier;

    if (atomic_dec_and_test_full(&b->left))
        complete(&b->done);
}

static void barrier_enqueue(void *arg)
{
    struct barrier_callback *c = this_cpu_ptr(&barrier_callbacks);
    unsigned long flags = local_irq_save();

    c->barrier = arg;
    rcu_cpu_enqueue(&this_rq()->rcu, &c->head, barrier_reached);
    rcu_cpu_advance(&this_rq()->rcu);
    if (!this_rq()->ticking)
        sched_need_tick(this_rq());
    local_irq_restore(flags);
}

void rcu_barrier(void)
{
    struct barrier b = {.left = 1};

    mutex_lock(&barrier_mutex);
    init_completion(&b.done);
    for_each_online_cpu(cpu) {
        atomic_inc_relaxed(&b.left);
        smp_call_function_single(cpu, barrier_enqueue, &b, true);
    }
    if (!atomic_dec_and_test_full(&b.left))
        wait_for_completion(&b.done);
    mutex_unlock(&barrier_mutex);
}
