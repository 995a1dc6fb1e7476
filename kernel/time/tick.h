/*
 * The scheduling tick of each CPU: a pinned timer every TICK_NS while it is started. A CPU that is idle or
 * runs its only task stops it. tick_start/tick_stop: interrupts off, this CPU only, cheap when nothing
 * changes. Each tick calls scheduler_tick(user).
 */
#pragma once
#include "kernel/lib/types.h"

#define TICK_NS 4000000L            /* 250 Hz, as Debian's Linux */

void tick_start(void);
void tick_stop(void);
bool tick_running(void);
