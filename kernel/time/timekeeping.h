/*
 * Clocks and the timer hardware. time_init() on the boot CPU calibrates the TSC and the LAPIC timer and
 * reads the CMOS clock; time_init_cpu() starts each CPU's own timer.
 */
#pragma once
#include "kernel/time/ktime.h"

void time_init(void);
void time_init_cpu(void);

/* While APs start: the boot CPU publishes its TSC again and again, each AP checks that its own is not
 * behind; when all are up the boot CPU chooses the clock for good. */
void time_publish_tsc(void);
void time_check_tsc(void);
void time_choose_clock(void);

/* Next interrupt of this CPU at the monotonic time ns (S64_MAX: none). Interrupts off. */
void clockevent_program(s64 ns);
void timer_interrupt(bool user);    /* from do_irq: runs due hrtimers */

/* Busy wait, for hardware handshakes at boot. */
void udelay(u32 us);
