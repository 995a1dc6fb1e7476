/* stopper.h: what is to be done on a CPU while nothing else runs there. */
#pragma once
#include "kernel/lib/types.h"

/* Runs fn(arg) on cpu, interrupts off, on a stack of its own: whoever ran there has been switched away and is queued. fn must not sleep. Waits for
 * its end; may sleep; cpu_hotplug_mutex held. 0; -ENXIO: the CPU has left, or leaves just now, and fn was not called; -ENOMEM: there was no memory
 * for the CPU's thread at the boot. */
int stop_one_cpu(unsigned cpu, void (*fn)(void *), void *arg);
bool stop_is_there(unsigned cpu); /* false: -ENOMEM */
/* Lets the stopper of a CPU that has left stand aside, and back when it has come. cpu_hotplug_mutex held. */
void stop_park(unsigned cpu);
void stop_unpark(unsigned cpu);
