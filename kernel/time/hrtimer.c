/*
 * Per-CPU one-shot timers and the tick. Each CPU has a heap (timer_heap.h) under its own lock. Owns what the
 * timer hardware of the CPU is programmed for; the lock nests inside everything and is taken with interrupts
 * off.
 */
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/sched/sched.h"
#include "kernel/time/tick.h"
#include "kernel/time/timer_heap.h"
#include "kernel/time/timekeeping.h"

#define TIMERS_AT_ONCE 16               /* run by one interrupt */

struct timer_base {
    spinlock_t lock;
    struct timer_heap heap;         /* lock */
    struct hrtimer *running;        /* written under lock; its func runs now */
    s64 programmed_ns;              /* owner CPU, interrupts off: when the hardware fires */
    s64 tick_ns;                    /* owner CPU: next tick while tick_armed */
    bool tick_on;                   /* owner CPU: the scheduler wants ticks */
    bool tick_armed;                /* owner CPU: the hardware comes at tick_ns at the latest */
    bool user;                      /* owner CPU: the interrupt in progress came while a program ran */
} __cacheline_aligned;

static DEFINE_PER_CPU(struct timer_base, base, NOIRQ) = {.heap = TIMER_HEAP_INIT, .programmed_ns = S64_MAX};

/* Owner CPU, interrupts off. */
static void program(struct timer_base *b, s64 ns)
{
    b->programmed_ns = ns;
    clockevent_program(ns);
}

/* Without the lock: beside another CPU's cancelling the hardware may come for nothing once, but never too late (H4 of timer_heap.h). */
static void reprogram(struct timer_base *b)
{
    s64 next = timer_heap_first_ns(&b->heap);

    if (b->tick_armed && b->tick_ns < next)
        next = b->tick_ns;
    if (next != b->programmed_ns)
        program(b, next);
}

void hrtimer_init(struct hrtimer *t, void (*func)(struct hrtimer *))
{
    *t = (struct hrtimer){.func = func};
}

/* Locks the base that owns t, with interrupts off. It is another one when t's CPU left meanwhile. */
static struct timer_base *lock_base(struct hrtimer *t)
{
    for (;;) {
        u32 cpu = atomic_load_relaxed(&t->cpu);
        struct timer_base *b = per_cpu_ptr(&base, cpu);

        qlock_lock(&b->lock);
        if (likely(atomic_load_relaxed(&t->cpu) == cpu))
            return b;
        qlock_unlock(&b->lock);
    }
}

void hrtimer_start_range(struct hrtimer *t, s64 soft_ns, u64 slack_ns)
{
    s64 expires_ns = ktime_add_slack(soft_ns, slack_ns);
    unsigned long flags = local_irq_save();
    struct timer_base *b;

    if (atomic_load_relaxed(&t->link)) {
        b = lock_base(t);
        if (t->link)
            timer_heap_remove(&b->heap, t);
        qlock_unlock(&b->lock);
    }
    b = this_cpu_ptr(&base);
    qlock_lock(&b->lock);
    t->expires_ns = expires_ns;
    t->soft_ns = soft_ns;
    atomic_store_relaxed(&t->cpu, smp_processor_id());
    timer_heap_insert(&b->heap, t);
    if (expires_ns < b->programmed_ns)
        program(b, expires_ns);
    qlock_unlock(&b->lock);
    local_irq_restore(flags);
}

bool hrtimer_cancel(struct hrtimer *t)
{
    for (;;) {
        unsigned long flags = local_irq_save();
        struct timer_base *b = lock_base(t);
        bool pending = t->link != NULL;
        bool wait = b->running == t && b != this_cpu_ptr(&base);

        if (pending)
            timer_heap_remove(&b->heap, t);
        qlock_unlock(&b->lock);
        local_irq_restore(flags);
        if (!wait)
            return pending;
        cpu_relax();
    }
}

bool hrtimer_active(const struct hrtimer *t)
{
    return atomic_load_relaxed(&t->link) != NULL ||
           atomic_load_relaxed(&per_cpu(base, atomic_load_relaxed(&t->cpu)).running) == t;
}

/* The root while its earliest time has passed. One behind a root that is not due waits, at the longest until its own latest time. A crowd of
 * timers does not stand in the way of whom the first ones woke: the others have an interrupt of their own, at once if they are late. */
static void run_expired(struct timer_base *b, s64 now)
{
    qlock_lock(&b->lock);
    for (int n = 0; n < TIMERS_AT_ONCE && b->heap.root && b->heap.root->soft_ns <= now; n++) {
        struct hrtimer *t = b->heap.root;

        timer_heap_remove(&b->heap, t);
        atomic_store_relaxed(&b->running, t);
        qlock_unlock(&b->lock);
        t->func(t);
        qlock_lock(&b->lock);
        atomic_store_relaxed(&b->running, NULL);
    }
    qlock_unlock(&b->lock);
}

void timer_interrupt(bool user)
{
    struct timer_base *b = this_cpu_ptr(&base);
    s64 now = ktime_get_ns();

    b->user = user;
    b->programmed_ns = 0;           /* fired: nothing is programmed; starts inside need not program */
    if (timer_heap_first_soft_ns(&b->heap) <= now)
        run_expired(b, now);
    if (b->tick_armed && b->tick_ns <= now) {
        b->tick_armed = b->tick_on;
        b->tick_ns = now + TICK_NS;
        if (b->tick_on)
            scheduler_tick(user);
    }
    reprogram(b);
}

bool hrtimer_interrupted_user(void)
{
    return this_cpu_ptr(&base)->user;
}

static void arm_tick(struct timer_base *b, s64 ns)
{
    b->tick_on = true;
    b->tick_armed = true;
    b->tick_ns = ns;
    if (ns < b->programmed_ns)
        program(b, ns);
}

void tick_start(void)
{
    struct timer_base *b = this_cpu_ptr(&base);
    s64 ns = ktime_get_ns() + TICK_NS;

    b->tick_on = true;
    if (!b->tick_armed || b->tick_ns > ns)
        arm_tick(b, ns);
}

/* Hardware that is programmed for an earlier tick comes for nothing once. */
void tick_slow(void)
{
    arm_tick(this_cpu_ptr(&base), ktime_get_ns() + TICK_SLOW_NS);
}

/* The hardware stays programmed: it comes once more at most, and that is cheaper than touching it. */
void tick_stop(void)
{
    this_cpu_ptr(&base)->tick_on = false;
}

bool tick_running(void)
{
    return this_cpu_ptr(&base)->tick_on;
}

/* ---- a CPU leaves ---- */

static void reprogram_here(void *unused)
{
    reprogram(this_cpu_ptr(&base));
}

/* Two bases are locked nowhere else. */
void hrtimers_move_to(unsigned cpu)
{
    struct timer_base *from = this_cpu_ptr(&base), *to = per_cpu_ptr(&base, cpu);
    struct hrtimer *t;

    qlock_lock(&to->lock);
    qlock_lock(&from->lock);
    while ((t = from->heap.root)) {
        timer_heap_remove(&from->heap, t);
        atomic_store_relaxed(&t->cpu, cpu);
        timer_heap_insert(&to->heap, t);
    }
    qlock_unlock(&from->lock);
    qlock_unlock(&to->lock);
    from->tick_on = from->tick_armed = false;
    program(from, S64_MAX);
    smp_call_function_single(cpu, reprogram_here, NULL, false);
}
