/* rcu_kernel.c: RCU for the kernel: lockfree/rcu_core.h on the run queues' CPUs. Callbacks are queued with interrupts off and run by
 * the scheduler (core.c), the idle loop and a thread a CPU (rcu_thread.c); waiting sleeps. */
#include "kernel/arch/x86/smp.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/hotplug.h"
#include "kernel/sched/rq.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/mutex.h"
#include "kernel/time/ktime.h"

#define EXPEDITED_SPINS 200
#define EXPEDITED_NAP_NS (20 * NSEC_PER_USEC)

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

/* Queues a callback that is to move on at once: its period is asked for now. */
static void enqueue_hurried(struct rcu_head *head, void (*func)(struct rcu_head *))
{
    unsigned long flags = local_irq_save();

    rcu_cpu_enqueue(&this_rq()->rcu, head, func);
    rcu_cpu_advance(&this_rq()->rcu);
    if (!this_rq()->ticking)
        sched_need_tick(this_rq());
    local_irq_restore(flags);
}

void synchronize_rcu(void)
{
    struct rcu_waiter w;

    if (!sched_smp)
        return; /* the caller may sleep, so no reader runs on the only CPU */
    init_completion(&w.done);
    enqueue_hurried(&w.head, wake_waiter);
    wait_for_completion(&w.done);
}

/* ---- expedited: the waiter drives the periods itself and needs no callback ---- */

/* The waiter is in no read section: its own CPU reports. Idle CPUs are sampled, the others interrupted. */
static void hurry_period(void)
{
    unsigned long flags = local_irq_save();

    rcu_cpu_quiet(&this_rq()->rcu);
    rcu_force_quiet(true);
    local_irq_restore(flags);
}

void synchronize_rcu_expedited(void)
{
    unsigned long flags;
    u64 cookie;

    if (!sched_smp)
        return;
    flags = local_irq_save(); /* who starts a period is not preempted while he does: all others wait for him */
    cookie = rcu_snapshot();
    rcu_request(cookie);
    local_irq_restore(flags);
    while (!rcu_poll(cookie)) {
        hurry_period();
        for (int i = 0; i < EXPEDITED_SPINS && !rcu_poll(cookie); i++)
            cpu_relax(); /* an interrupt takes microseconds to be answered */
        if (!rcu_poll(cookie)) {
            set_current_state(TASK_UNINTERRUPTIBLE);
            schedule_hrtimeout(ktime_get_ns() + EXPEDITED_NAP_NS);
            set_current_state(TASK_RUNNING);
        }
    }
}

/* ---- polled: a CPU that asked for a period keeps a callback in its queue until that is over, so that somebody drives it ---- */

struct poll_driver {
    struct rcu_head head;
    u64 cookie; /* the newest asked for on this CPU */
    u32 queued;
};
static DEFINE_PER_CPU(struct poll_driver, poll_drivers, NOIRQ);

/* On another CPU than d's when that one left and came back: `queued` is given back before the cookie is read once more, partner:
 * start_poll_synchronize_rcu. */
static void drive_poll(struct rcu_head *head)
{
    struct poll_driver *d = container_of(head, struct poll_driver, head);
    unsigned long flags = local_irq_save();
    bool more = !rcu_poll(atomic_load_relaxed(&d->cookie));

    if (!more) {
        (void)atomic_xchg_full(&d->queued, 0);
        more = !rcu_poll(atomic_load_relaxed(&d->cookie)) && !atomic_xchg_full(&d->queued, 1);
    }
    if (more)
        rcu_cpu_enqueue(&this_rq()->rcu, head, drive_poll);
    local_irq_restore(flags);
}

u64 get_state_synchronize_rcu(void)
{
    return rcu_snapshot();
}

u64 start_poll_synchronize_rcu(void)
{
    unsigned long flags = local_irq_save();
    struct poll_driver *d = this_cpu_ptr(&poll_drivers);
    u64 cookie = rcu_snapshot();

    atomic_store_relaxed(&d->cookie, cookie);
    rcu_request(cookie);
    if (!atomic_xchg_full(&d->queued, 1)) { /* the cookie before it, partner: drive_poll */
        enqueue_hurried(&d->head, drive_poll);
    }
    local_irq_restore(flags);
    return cookie;
}

bool poll_state_synchronize_rcu(u64 cookie)
{
    return rcu_poll(cookie);
}

void cond_synchronize_rcu(u64 cookie)
{
    if (!rcu_poll(cookie))
        synchronize_rcu();
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

/* One rcu_barrier at a time, and no CPU leaves meanwhile: cpu_hotplug_mutex. */
static DEFINE_PER_CPU(struct barrier_callback, barrier_callbacks, NOIRQ);

static void barrier_reached(struct rcu_head *head)
{
    struct barrier *b = container_of(head, struct barrier_callback, head)->barrier;

    if (atomic_dec_and_test_full(&b->left))
        complete(&b->done);
}

static void barrier_enqueue(void *arg)
{
    struct barrier_callback *c = this_cpu_ptr(&barrier_callbacks);

    c->barrier = arg;
    enqueue_hurried(&c->head, barrier_reached);
}

void rcu_barrier(void)
{
    struct barrier b = {.left = 1};

    mutex_lock(&cpu_hotplug_mutex);
    init_completion(&b.done);
    for_each_online_cpu(cpu) {
        atomic_inc_relaxed(&b.left);
        smp_call_function_single(cpu, barrier_enqueue, &b, true);
    }
    if (!atomic_dec_and_test_full(&b.left))
        wait_for_completion(&b.done);
    mutex_unlock(&cpu_hotplug_mutex);
}
