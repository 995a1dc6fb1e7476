/* POSIX timers and interval timers (kernel/signal/posix_timer.c, itimer.c). */
#pragma once
#include "kernel/signal/signal.h"
/* Under siglock: a timer's signal was taken; fills si_overrun and starts the next period. */
void posix_timer_taken(void *timer, siginfo_t *info);
/* Last thread of a process: nobody refers to them any more. */
void exit_posix_timers(struct signal_struct *sig);
