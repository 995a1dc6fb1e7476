/* Clocks and per-CPU high-resolution timers. */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/lib/list.h"
#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_USEC 1000LL
#define NSEC_PER_MSEC 1000000LL
#define S64_MAX INT64_MAX
struct timespec { s64 tv_sec; s64 tv_nsec; };
struct timeval { s64 tv_sec; s64 tv_usec; };
struct itimerval { struct timeval it_interval, it_value; };
struct itimerspec { struct timespec it_interval, it_value; };
s64 ktime_get_ns(void);       /* CLOCK_MONOTONIC, any context, cheap */
s64 ktime_get_real_ns(void);  /* CLOCK_REALTIME */
s64 ktime_get_boot_ns(void);
void ktime_set_real_ns(s64 ns);
u64 tsc_khz(void);
const char *clocksource_name(void);
static inline bool timespec_valid(const struct timespec *t) { return t->tv_sec >= 0 && (u64)t->tv_nsec < NSEC_PER_SEC; }
static inline s64 timespec_to_ns(const struct timespec *t)
{
    return t->tv_sec >= S64_MAX / NSEC_PER_SEC ? S64_MAX : t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}
static inline struct timespec ns_to_timespec(s64 ns)
{
    struct timespec t = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
    return t;
}
static inline struct timeval ns_to_timeval(s64 ns)
{
    struct timeval t = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / 1000 };
    return t;
}

/* more is not negative. An end that no s64 holds is the end of time. */
static inline s64 ktime_add(s64 ns, s64 more)
{
    s64 sum;

    return __builtin_add_overflow(ns, more, &sum) ? S64_MAX : sum;
}
/* What was due at ns and comes every `period` from then on: when it comes first after `after`; *missed: how often it came beyond ns by then. */
static inline s64 ktime_forward(s64 ns, s64 period, s64 after, s64 *missed)
{
    s64 late = after > ns ? after - ns : 0;

    *missed = late / period;
    return ktime_add(ns + *missed * period, period);
}

/* A one-shot timer on the CPU that started it. func runs in hard interrupt context, interrupts off; it may start the timer
 * again. hrtimer_cancel waits (with PAUSE) for a running func on another CPU; true if it was pending.
 * A timer with slack has a range: func never runs before soft_ns, and the hardware comes for it at expires_ns. When the hardware
 * comes for another one in between, it may run then: wake-ups are saved, an early run is not promised (timer_heap.h). */
struct hrtimer {
    struct hrtimer *child, *sibling, **link; /* pairing heap; link is whoever points here, NULL: not queued */
    s64 expires_ns;                          /* the latest time: orders the heap */
    s64 soft_ns;                             /* the earliest */
    void (*func)(struct hrtimer *);
    u32 cpu;                                 /* whose heap; valid while queued or running */
};
void hrtimer_init(struct hrtimer *t, void (*func)(struct hrtimer *));
void hrtimer_start_range(struct hrtimer *t, s64 soft_ns, u64 slack_ns); /* monotonic; restarts if pending (caller serialises) */
static inline void hrtimer_start(struct hrtimer *t, s64 expires_ns)
{
    hrtimer_start_range(t, expires_ns, 0);
}
/* Ends at the end of time at the latest: such a timer never comes by itself. */
static inline s64 ktime_add_slack(s64 ns, u64 slack_ns)
{
    return slack_ns > (u64)S64_MAX - (u64)ns ? S64_MAX : (s64)((u64)ns + slack_ns);
}
bool hrtimer_cancel(struct hrtimer *t);
bool hrtimer_active(const struct hrtimer *t);
/* In a timer's func: a program was interrupted, not the kernel. */
bool hrtimer_interrupted_user(void);
