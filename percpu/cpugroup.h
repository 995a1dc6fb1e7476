/* cpugroup.h: which CPUs are idle and which have surplus work, one cache line per last-level cache (or 64 CPUs of it).
 *
 *                 add       mark, unmark   claim_idle   next_surplus, any_idle
 *   add           boot: alone, before anything else
 *   mark, unmark  -         yes            yes          yes
 *   claim_idle    -         yes            yes          yes           each mark is claimed once
 *   find          -         yes            yes          yes
 * The masks are hints with one guarantee. D1: publish surplus (RMW), then look for idle CPUs; become idle (RMW), then look for
 * surplus: one of the two sees the other. Progress: wait-free; find is bounded by the
 * number of groups it is told to visit. Reuse: the groups stay for good. Source: the tree of idle masks of Linux's sched_domain and
 * nohz.idle_cpus_mask, cut to one line for each cache. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/bitmap.h"
#include "lockfree/env.h"

#define CPUGROUP_CPUS 64
#ifndef CPUGROUP_MAX_CPUS /* the explorer copies the whole at each step: a few */
#define CPUGROUP_MAX_CPUS 1024
#endif
#define CPUGROUP_NONE UINT32_MAX

struct cpu_group {
    uint64_t idle;
    uint64_t surplus;
    uint32_t node;
    uint32_t llc;
    uint32_t cpus;
    uint16_t cpu[CPUGROUP_CPUS];
} LF_CACHELINE;

struct cpu_groups {
    uint32_t groups; /* sorted by node */
    struct cpu_group group[CPUGROUP_MAX_CPUS];
    uint16_t group_of[CPUGROUP_MAX_CPUS];
    uint8_t bit_of[CPUGROUP_MAX_CPUS];
};

/* At boot, CPU by CPU. */
void cpu_groups_add(struct cpu_groups *g, uint32_t cpu, uint32_t node, uint32_t llc);

static inline void cpu_mark_idle(struct cpu_groups *g, uint32_t cpu)
{
    (void)atomic_fetch_or_full(&g->group[g->group_of[cpu]].idle, 1ull << g->bit_of[cpu]); /* D1 */
}

static inline void cpu_unmark_idle(struct cpu_groups *g, uint32_t cpu)
{
    uint64_t *idle = &g->group[g->group_of[cpu]].idle;

    if (atomic_load_relaxed(idle) >> g->bit_of[cpu] & 1)
        (void)atomic_fetch_and_full(idle, ~(1ull << g->bit_of[cpu]));
}

static inline bool cpu_is_marked_idle(const struct cpu_groups *g, uint32_t cpu)
{
    return atomic_load_relaxed(&g->group[g->group_of[cpu]].idle) >> g->bit_of[cpu] & 1;
}

/* True for the one claimer: it will send work there, so others look elsewhere. */
static inline bool cpu_claim_idle(struct cpu_groups *g, uint32_t cpu)
{
    uint64_t bit = 1ull << g->bit_of[cpu];

    return cpu_is_marked_idle(g, cpu) && (atomic_fetch_and_full(&g->group[g->group_of[cpu]].idle, ~bit) & bit);
}

static inline void cpu_mark_surplus(struct cpu_groups *g, uint32_t cpu)
{
    uint64_t bit = 1ull << g->bit_of[cpu];

    if (!(atomic_load_relaxed(&g->group[g->group_of[cpu]].surplus) & bit))
        (void)atomic_fetch_or_full(&g->group[g->group_of[cpu]].surplus, bit);
}

static inline void cpu_unmark_surplus(struct cpu_groups *g, uint32_t cpu)
{
    uint64_t bit = 1ull << g->bit_of[cpu];

    if (atomic_load_relaxed(&g->group[g->group_of[cpu]].surplus) & bit)
        (void)atomic_fetch_and_full(&g->group[g->group_of[cpu]].surplus, ~bit);
}

/* Claims an idle CPU that `allowed` has: near's group, its node, then the rest. CPUGROUP_NONE if there is none. */
uint32_t cpu_groups_claim_idle(struct cpu_groups *g, uint32_t near, const uint64_t *allowed);
/* The next CPU with surplus, nearest first. *cursor starts at 0. CPUGROUP_NONE at the end. */
uint32_t cpu_groups_next_surplus(struct cpu_groups *g, uint32_t near, uint32_t *cursor);
bool cpu_groups_any_idle(const struct cpu_groups *g, uint32_t near);
