/*
 * Clocks and the timer hardware. time_init() on the boot CPU calibrates the TSC and the LAPIC timer and
 * reads the CMOS clock; time_init_cpu() starts each CPU's own timer.
 */
#pragma once
#include "kernel/time/ktime.h"

void time_init(void);
void time_init_cpu(void);

/* Next interrupt of this CPU at the monotonic time ns (S64_MAX: none). Interrupts off. */
void clockevent_program(s64 ns);
void timer_interrupt(bool user);    /* from do_irq: runs due hrtimers */

/* Busy wait, for hardware handshakes at boot. */
void udelay(u32 us);
