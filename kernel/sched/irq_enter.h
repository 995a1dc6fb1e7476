/* irq_enter.h: what an interrupt owes the scheduler before its handler: a CPU that was idle is active for RCU again. It goes back to
 * idle in the idle loop, not at the end of the interrupt. */
#pragma once
#include "kernel/lib/types.h"

void sched_irq_enter(void); /* interrupts off, PREEMPT_HARDIRQ counted */
