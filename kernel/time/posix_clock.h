/* The POSIX clocks by number: reading, setting, and conversion of their times to CLOCK_MONOTONIC. */
#pragma once
#include "kernel/time/ktime.h"

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#define CLOCK_TAI 11

/* Nanoseconds of the clock in *ns. 0; -EINVAL: no such clock, or no such task for a CPU clock. */
int posix_clock_read(clockid_t clock, s64 *ns);

/*
 * The monotonic time at which a clock that runs with real time shows ns. 0; -EINVAL: no such clock;
 * -EOPNOTSUPP: nobody can wait for this one. (CPU clocks: -EOPNOTSUPP.)
 */
int posix_clock_to_monotonic(clockid_t clock, s64 ns, s64 *monotonic_ns);
