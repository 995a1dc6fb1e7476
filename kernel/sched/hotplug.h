/* hotplug.h: CPUs leave and come back while tasks run. May sleep; one at a time. The boot CPU never leaves. */
#pragma once
#include "kernel/sync/mutex.h"

extern struct mutex cpu_hotplug_mutex; /* while it is held no CPU leaves or comes */

/* 0 also when it is so already. -EBUSY: the deadline tasks need the CPU; -EINVAL: the boot CPU; -ENOMEM: it has no stopper (stopper.c). */
int cpu_down(unsigned cpu);
int cpu_up(unsigned cpu);
