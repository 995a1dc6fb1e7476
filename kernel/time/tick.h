/*
 * The scheduling tick of each CPU: a pinned timer every TICK_NS while it is started. A CPU that is idle
 * stops it; one that runs its only task slows it down to TICK_SLOW_NS, for the samples that split user from
 * system time. All: interrupts off, this CPU only. Each tick calls scheduler_tick(user), which chooses again.
 */
#pragma once
#include "kernel/lib/types.h"

#define TICK_NS 4000000L            /* 250 Hz, as Debian's Linux */

#define TICK_SLOW 25
#define TICK_SLOW_NS (TICK_SLOW * TICK_NS)

void tick_start(void);              /* the next tick in TICK_NS at the latest */
void tick_slow(void);               /* the next tick in TICK_SLOW_NS, and not before */
void tick_stop(void);
bool tick_running(void);
/* This CPU leaves, interrupts off: its timers are that CPU's from now on, and its hardware is silent. */
void hrtimers_move_to(unsigned cpu);
