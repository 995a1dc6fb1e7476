/*
 * Function calls on other CPUs. Each CPU owns one request for each target; it is queued on the
 * target's list by CAS, and the target detaches the whole list by xchg. A sender reuses the request only
 * after the target has read it (busy is 0).
 *
 * Waiting senders run what others queued for them (smp_call_interrupt by poll), so CPUs with interrupts
 * off that call each other do not wait for ever.
 */
#include "kernel/arch/x86/smp_call.h"
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/preempt.h"
#include "lockfree/atomic.h"

struct call {
    struct call *next;
    void (*fn)(void *);
    void *arg;
    u32 *left;                  /* the sender's count of targets that have not finished; NULL: no wait */
    u32 busy;                   /* 1 from the claim until the target has read the call */
};

/* Head of what others queued for this CPU. Pushed by anyone (release), detached by the owner (acquire). */
static DEFINE_PER_CPU(struct call *, call_list, NOIRQ) __aligned(64);
/* NOPREEMPT, and interrupts off while queueing: this CPU's requests, one for each target. */
static DEFINE_PER_CPU(struct call *, call_slots, NOPREEMPT);

void smp_call_init_cpu(unsigned cpu, void *slots)
{
    per_cpu(call_slots, cpu) = slots;
}

size_t smp_call_slot_bytes(void)
{
    return nr_cpu_ids * sizeof(struct call);
}

void smp_send_reschedule(unsigned cpu)
{
    apic_send(cpu_apic_id[cpu], VECTOR_RESCHEDULE);
}

static void run_list(struct call *c)
{
    struct call *ordered = NULL;

    while (c) {                                 /* oldest first */
        struct call *next = c->next;

        c->next = ordered;
        ordered = c;
        c = next;
    }
    for (c = ordered; c;) {
        struct call *next = c->next;
        void (*fn)(void *) = c->fn;
        void *arg = c->arg;
        u32 *left = c->left;

        atomic_store_release(&c->busy, 0);      /* pairs with the claim in queue_call */
        fn(arg);
        if (left)
            (void)atomic_fetch_sub_release(left, 1);
        c = next;
    }
}

void smp_call_interrupt(void)
{
    struct call **head = this_cpu_ptr(&call_list);

    if (atomic_load_relaxed(head))
        run_list(atomic_xchg_acquire(head, NULL));
}

static void poll_calls(void)
{
    unsigned long flags = local_irq_save();

    smp_call_interrupt();
    local_irq_restore(flags);
    cpu_relax();
}

/* Interrupts off. True if the target's list was empty: it needs an IPI. */
static bool queue_call(unsigned cpu, void (*fn)(void *), void *arg, u32 *left)
{
    struct call *c = &this_cpu_read(call_slots)[cpu];
    struct call **head = per_cpu_ptr(&call_list, cpu);

    while (atomic_load_acquire(&c->busy))       /* an earlier call without wait */
        poll_calls();
    c->busy = 1;
    c->fn = fn;
    c->arg = arg;
    c->left = left;
    c->next = atomic_load_relaxed(head);
    while (!atomic_cas_release(head, &c->next, c))
        ;
    return c->next == NULL;
}

void smp_call_function_single(unsigned cpu, void (*fn)(void *), void *arg, bool wait)
{
    unsigned long flags = local_irq_save();
    u32 left = 1;

    if (cpu == smp_processor_id()) {
        fn(arg);
        local_irq_restore(flags);
        return;
    }
    if (queue_call(cpu, fn, arg, wait ? &left : NULL))
        apic_send(cpu_apic_id[cpu], VECTOR_CALL);
    local_irq_restore(flags);
    while (wait && atomic_load_acquire(&left))
        poll_calls();
}

void smp_call_function_many(const unsigned long *mask, void (*fn)(void *), void *arg, bool wait)
{
    unsigned long flags = local_irq_save();
    unsigned self = smp_processor_id();
    u32 left = 0;

    for (unsigned w = 0; w * 64 < nr_cpu_ids; w++) {
        unsigned long bits = atomic_load_relaxed(&mask[w]) & atomic_load_relaxed(&cpu_online_mask[w]);

        for (; bits; bits &= bits - 1) {
            unsigned cpu = w * 64 + __builtin_ctzl(bits);

            if (cpu == self)
                continue;
            atomic_inc_relaxed(&left);
            if (queue_call(cpu, fn, arg, wait ? &left : NULL))
                apic_send(cpu_apic_id[cpu], VECTOR_CALL);
        }
    }
    local_irq_restore(flags);
    while (wait && atomic_load_acquire(&left))
        poll_calls();
}
