/*
 * The local APIC of the running CPU, x2APIC when CPUID has it and xAPIC otherwise. apic_init() maps it on
 * the boot CPU; apic_init_cpu() enables it on each. Sending is safe in any context.
 */
#pragma once
#include "kernel/lib/types.h"

#define APIC_ICR_NMI 0x400
#define APIC_ICR_INIT 0x4500            /* assert */
#define APIC_ICR_STARTUP 0x4600

void apic_init(void);
void apic_init_cpu(void);
u32 apic_read_boot_id(void);            /* from CPUID, before apic_init() */
u32 apic_id(void);
void apic_eoi(void);
void apic_send(u32 target_apic_id, u32 icr);    /* icr: vector and delivery mode */

/* The timer: one shot, counting from 2^32-1 down or the TSC deadline. */
#define APIC_TIMER_DEADLINE 0x40000
void apic_timer_mode(u32 mode, bool masked);
void apic_timer_start(u32 count);
u32 apic_timer_left(void);
