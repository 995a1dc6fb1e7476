/*
 * Descriptor tables: each CPU's GDT, TSS and IST stacks, and the one IDT. Also what the entry code keeps
 * per CPU. desc_init_cpu() runs on the CPU itself, after its GS base is set.
 */
#pragma once
#include "kernel/arch/x86/asm_offsets.h"
#include "kernel/lib/types.h"
#include "percpu/percpu.h"

struct tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3, iomap_base;
} __packed;

DECLARE_PER_CPU(struct tss, cpu_tss);             /* NOPREEMPT */
DECLARE_PER_CPU(unsigned long, kstack_top);       /* ANYWHERE: top of current's kernel stack */
DECLARE_PER_CPU(void *, ist_stacks);               /* ANYWHERE: set once */
DECLARE_PER_CPU(unsigned long, user_rsp);         /* NOIRQ: entry_syscall's scratch */

void idt_init(void);                              /* boot CPU: fills the shared IDT */
void desc_init_cpu(unsigned cpu, void *ist_stacks); /* 4 * IST_STACK_BYTES, aligned to IST_STACK_BYTES */
