/*
 * Dispatch of interrupt vectors, the IOAPICs and the table of device handlers. The 8259s are masked for
 * ever. All device lines go to the boot CPU.
 */
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/ptregs.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/arch/x86/smp_call.h"
#include "kernel/debug/printk.h"
#include "kernel/dev/acpi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/spinlock.h"
#include "kernel/sched/irq_enter.h"
#include "kernel/time/timekeeping.h"
#include "kernel/trace/trace.h"

#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECTION 0x10
#define REDIRECT_MASKED 0x10000
#define REDIRECT_LEVEL 0x8000
#define REDIRECT_LOW 0x2000

struct irq_action {
    void (*handler)(void *arg);
    void *arg;
    const char *name;
};

static struct irq_action actions[NR_IRQS];     /* written under irq_lock before the line is unmasked */
static DEFINE_SPINLOCK(irq_lock);
static volatile u32 *ioapic[ACPI_MAX_IOAPICS];
static DEFINE_PER_CPU(u64, counts[256], NOIRQ);       /* remote readers see a value of a moment ago */

void sched_irq_enter(void);                     /* kernel/sched: an interrupted idle CPU is active again */

static u32 ioapic_read(u32 n, u32 reg)
{
    ioapic[n][0] = reg;
    return ioapic[n][4];
}

static void ioapic_write(u32 n, u32 reg, u32 v)
{
    ioapic[n][0] = reg;
    ioapic[n][4] = v;
}

static u32 ioapic_pins(u32 n)
{
    return (ioapic_read(n, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

static void route(u32 gsi, u32 vector, u32 flags)
{
    for (u32 n = 0; n < acpi.ioapic_count; n++) {
        u32 pin = gsi - acpi.ioapics[n].gsi_base;

        if (gsi < acpi.ioapics[n].gsi_base || pin >= ioapic_pins(n))
            continue;
        ioapic_write(n, IOAPIC_REDIRECTION + 2 * pin + 1, cpu_apic_id[0] << 24);
        ioapic_write(n, IOAPIC_REDIRECTION + 2 * pin, vector | flags);
        return;
    }
}

void irq_init(void)
{
    for (u32 n = 0; n < acpi.ioapic_count; n++) {
        ioapic[n] = ioremap_early(acpi.ioapics[n].address, PAGE_SIZE);
        for (u32 pin = 0; pin < ioapic_pins(n); pin++)
            ioapic_write(n, IOAPIC_REDIRECTION + 2 * pin, REDIRECT_MASKED);
    }
}

int request_irq(unsigned irq, void (*handler)(void *arg), void *arg, const char *name)
{
    u32 flags = 0;
    unsigned long saved;

    if (irq >= 16)
        return -EINVAL;
    spin_lock_irqsave(&irq_lock, saved);
    if (actions[irq].handler) {
        spin_unlock_irqrestore(&irq_lock, saved);
        return -EBUSY;
    }
    actions[irq] = (struct irq_action){.handler = handler, .arg = arg, .name = name};
    if ((acpi.isa_flags[irq] & 3) == 3)
        flags |= REDIRECT_LOW;
    if ((acpi.isa_flags[irq] >> 2 & 3) == 3)
        flags |= REDIRECT_LEVEL;
    route(acpi.isa_gsi[irq], VECTOR_IRQ_BASE + irq, flags);
    spin_unlock_irqrestore(&irq_lock, saved);
    return 0;
}

u64 vector_count(unsigned vector, unsigned cpu)
{
    return (*per_cpu_ptr(&counts, cpu))[vector];
}

const char *irq_name(unsigned irq)
{
    return irq < NR_IRQS ? actions[irq].name : NULL;
}

static void device_irq(unsigned irq)
{
    if (irq < NR_IRQS && actions[irq].handler)
        actions[irq].handler(actions[irq].arg);
}

void do_irq(struct pt_regs *regs, unsigned long vector)
{
    preempt_note_irq();
    this_cpu_add(preempt_count_, PREEMPT_HARDIRQ);
    trace_irq(vector, true);
    sched_irq_enter();
    (*this_cpu_ptr(&counts))[vector]++;
    if (vector != VECTOR_SPURIOUS)
        apic_eoi();
    if (vector == VECTOR_TIMER)
        timer_interrupt(user_mode(regs));
    else if (vector == VECTOR_CALL)
        smp_call_interrupt();
    else if (vector != VECTOR_RESCHEDULE && vector != VECTOR_SPURIOUS)
        device_irq(vector - VECTOR_IRQ_BASE);
    trace_irq(vector, false);
    this_cpu_sub(preempt_count_, PREEMPT_HARDIRQ);
    preempt_note_irq_end((const void *)do_irq);
}
