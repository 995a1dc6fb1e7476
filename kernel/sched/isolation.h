/* isolation.h: which CPUs the scheduler uses by itself. isolcpus= takes CPUs out: a task runs there only when its mask leaves nothing else or
 * it was put there, and is not moved away either. nohz_full= CPUs do not tick while one task runs. Both sets are fixed at boot. */
#pragma once
#include "kernel/arch/x86/smp.h"

extern unsigned long cpu_isolated_mask[MAX_CPUS / 64];
extern unsigned long cpu_nohz_full_mask[MAX_CPUS / 64];
extern unsigned long sched_balance_mask[MAX_CPUS / 64]; /* atomic bits: takes tasks and is not isolated */

static inline bool cpu_is_isolated(unsigned cpu) { return cpu_isolated_mask[cpu / 64] >> (cpu % 64) & 1; }
static inline bool cpu_is_nohz_full(unsigned cpu) { return cpu_nohz_full_mask[cpu / 64] >> (cpu % 64) & 1; }
static inline bool cpu_balances(unsigned cpu) { return sched_balance_mask[cpu / 64] >> (cpu % 64) & 1; }
#define for_each_balancing_cpu(cpu)                                                                \
    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)                                                \
        if (cpu_balances(cpu))

/* At least 1. */
static inline unsigned num_balancing_cpus(void)
{
    unsigned n = 0;

    for (unsigned w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++)
        n += (unsigned)__builtin_popcountl(sched_balance_mask[w]);
    return n ? n : 1;
}

/* A deadline task is admitted for all CPUs that are not isolated: its mask must name them. */
static inline bool mask_covers_balancing(const unsigned long *mask)
{
    for (unsigned w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++)
        if (sched_balance_mask[w] & ~mask[w])
            return false;
    return true;
}

struct task_struct;
void isolation_init(struct task_struct *first); /* boot CPU; `first` and its children get the CPUs that are not isolated */
/* cpu takes tasks from now on, or nobody chooses it any more. */
void sched_cpu_joins(unsigned cpu);
void sched_cpu_parts(unsigned cpu);
