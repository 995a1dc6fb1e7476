/*
 * Interrupt vectors, device interrupts and the way to user mode. Handlers run in hard interrupt context,
 * interrupts off, PREEMPT_HARDIRQ counted.
 */
#pragma once
#include "kernel/lib/types.h"

#define VECTOR_IRQ_BASE 0x30        /* ISA interrupts 0..15, then other IOAPIC pins */
#define VECTOR_TIMER 0xec
#define VECTOR_RESCHEDULE 0xfd
#define VECTOR_CALL 0xfc
#define VECTOR_SPURIOUS 0xff
#define NR_IRQS 48

struct pt_regs;

/* ISA interrupt number. 0, -EBUSY, -EINVAL. The line goes to the boot CPU. */
int request_irq(unsigned irq, void (*handler)(void *arg), void *arg, const char *name);

/* For /proc/interrupts and /proc/stat: how often vector came on cpu; irq's name or NULL. */
u64 vector_count(unsigned vector, unsigned cpu);
const char *irq_name(unsigned irq);

void irq_init(void);                /* IOAPICs found and masked; after apic_init */
void do_irq(struct pt_regs *regs, unsigned long vector);
void nmi_stop_check(struct pt_regs *regs);
