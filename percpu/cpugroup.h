/* cpugroup.h: which CPUs are idle and which have surplus work, one cache line per last-level cache (or 64 CPUs of it).
 *
 *                 add, join, order  mark, unmark   claim_idle, _core  next_surplus, any_idle, _idle_of, any_core
 *   add, join     boot: alone, before anything else; order once, after them
 *   mark, unmark  -                 yes            yes                yes
 *   claim         -                 yes            yes                yes          each mark is claimed once
 *   find          -                 yes            yes                yes
 * The masks are hints with one guarantee. D1: publish surplus (RMW), then look for idle CPUs; become idle (RMW), then look for
 * surplus: one of the two sees the other. Progress: wait-free; find visits each group once, the own first, then those of its node, then
 * node by node, nearest first. Reuse: the groups stay for good. Source: the tree of idle masks of Linux's sched_domain and
 * nohz.idle_cpus_mask, cut to one line for each cache. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/bitmap.h"
#include "lockfree/env.h"

#define CPUGROUP_CPUS 64
#ifndef CPUGROUP_MAX_CPUS /* the explorer copies the whole at each step: a few */
#define CPUGROUP_MAX_CPUS 1024
#endif
#define CPUGROUP_MAX_NODES (CPUGROUP_MAX_CPUS < 64 ? CPUGROUP_MAX_CPUS : 64)
#define CPUGROUP_NONE UINT32_MAX

struct cpu_group {
    uint64_t idle;
    uint64_t surplus;
    uint32_t node;
    uint32_t llc;
    uint32_t cpus;
    uint16_t cpu[CPUGROUP_CPUS];
} LF_CACHELINE;

/* Set at boot, but for the masks in the groups. */
struct cpu_groups {
    uint32_t groups; /* sorted by node */
    uint32_t nodes;
    bool smt;        /* some core has several threads */
    struct cpu_group group[CPUGROUP_MAX_CPUS];
    uint16_t group_of[CPUGROUP_MAX_CPUS];
    uint8_t bit_of[CPUGROUP_MAX_CPUS];
    uint64_t core[CPUGROUP_MAX_CPUS];                      /* by CPU: the bits of its core's threads */
    uint16_t first[CPUGROUP_MAX_NODES + 1];                /* by node: its first group; the next one's ends it */
    uint8_t near[CPUGROUP_MAX_NODES][CPUGROUP_MAX_NODES];  /* by node: the nodes, nearest first, itself at the head */
};

/* CPU by CPU. */
void cpu_groups_add(struct cpu_groups *g, uint32_t cpu, uint32_t node, uint32_t llc);
/* Both were added and are threads of one core. Without effect if a large cache's CPUs were cut into groups between them. */
void cpu_groups_join(struct cpu_groups *g, uint32_t cpu, uint32_t other);
/* Nodes are numbered from 0 to nodes - 1; some may have no CPU. Those equally far from one come in the order of their numbers, from its own up. */
void cpu_groups_order(struct cpu_groups *g, uint32_t nodes, uint8_t (*distance)(uint32_t from, uint32_t to));

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

/* All threads of cpu's core are marked. */
static inline bool cpu_core_is_marked_idle(const struct cpu_groups *g, uint32_t cpu)
{
    return !(g->core[cpu] & ~atomic_load_relaxed(&g->group[g->group_of[cpu]].idle));
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

/* Claims an idle CPU that `allowed` has, nearest first; in each group one whose whole core idles before another. CPUGROUP_NONE: there is none. */
uint32_t cpu_groups_claim_idle(struct cpu_groups *g, uint32_t near, const uint64_t *allowed);
/* The same, only of cores all of whose threads idle, in near's group or, with `node`, in its node. */
uint32_t cpu_groups_claim_core(struct cpu_groups *g, uint32_t near, const uint64_t *allowed, bool node);
/* Would cpu_groups_claim_core find one in the node? */
bool cpu_groups_any_core(const struct cpu_groups *g, uint32_t near, const uint64_t *allowed);
/* The next CPU with surplus, nearest first. *cursor starts at 0. CPUGROUP_NONE at the end. */
uint32_t cpu_groups_next_surplus(struct cpu_groups *g, uint32_t near, uint32_t *cursor);
bool cpu_groups_any_idle(const struct cpu_groups *g, uint32_t near);
/* One that `allowed` has? */
bool cpu_groups_any_idle_of(const struct cpu_groups *g, const uint64_t *allowed);
