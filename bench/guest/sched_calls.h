/*
 * sched_calls.h: the scheduling calls that workloads make, raw (musl's wrappers return ENOSYS). Each fails the
 * workload instead of returning an error; a call that the kernel lacks is "unsupported".
 */
#pragma once
#include <stdbool.h>

#include "bench/guest/bench.h"

#define POLICY_OTHER    0
#define POLICY_FIFO     1
#define POLICY_DEADLINE 6

/* The caller from now on: SCHED_FIFO with a priority, or SCHED_OTHER with 0. */
void sched_become(struct bench *b, int policy, int priority);
/* The caller from now on: SCHED_DEADLINE; the deadline is the period's end. */
void sched_become_deadline(struct bench *b, uint64_t runtime_ns, uint64_t period_ns);
void sched_nice(struct bench *b, int nice);
/* Timers of the caller and of what it forks end when asked, not up to 50 us later. */
void sched_exact_timers(struct bench *b);
/* Sleeps until CLOCK_MONOTONIC reads at_ns. */
void sched_sleep_until(struct bench *b, uint64_t at_ns);

/* CPUs online, as 0 to n-1. */
int sched_cpus(void);
int sched_this_cpu(void);
/* Lets a process (0: the caller) run on one CPU, or with -1 on all. */
void sched_allow(struct bench *b, int pid, int cpu);
