/* cpugroup.c: building the groups and the nearest-first walks. */
#include "percpu/cpugroup.h"

/* Groups are kept sorted by node; CPUs come in any order. */
static uint32_t group_find_or_make(struct cpu_groups *g, uint32_t node, uint32_t llc)
{
    uint32_t at;

    for (uint32_t i = 0; i < g->groups; i++)
        if (g->group[i].node == node && g->group[i].llc == llc && g->group[i].cpus < CPUGROUP_CPUS)
            return i;
    LF_ASSERT(g->groups < CPUGROUP_MAX_CPUS, g);
    for (at = g->groups++; at > 0 && g->group[at - 1].node > node; at--) {
        g->group[at] = g->group[at - 1];
        for (uint32_t i = 0; i < g->group[at].cpus; i++)
            g->group_of[g->group[at].cpu[i]] = (uint16_t)at;
    }
    g->group[at] = (struct cpu_group){.node = node, .llc = llc};
    return at;
}

void cpu_groups_add(struct cpu_groups *g, uint32_t cpu, uint32_t node, uint32_t llc)
{
    uint32_t at = group_find_or_make(g, node, llc);
    struct cpu_group *group = &g->group[at];

    g->group_of[cpu] = (uint16_t)at;
    g->bit_of[cpu] = (uint8_t)group->cpus;
    group->cpu[group->cpus++] = (uint16_t)cpu;
}

/* The i-th group seen from `home`: home, then the others of its node, then the rest; `groups` calls visit each once. */
static struct cpu_group *group_at(struct cpu_groups *g, uint32_t home, uint32_t i)
{
    return &g->group[(home + i) % g->groups];
}

static uint32_t claim_in(struct cpu_groups *g, struct cpu_group *group, const uint64_t *allowed)
{
    for (uint64_t idle = atomic_load_relaxed(&group->idle); idle; idle &= idle - 1) {
        uint32_t cpu = group->cpu[__builtin_ctzll(idle)];

        if (bitmap_test(allowed, cpu) && cpu_claim_idle(g, cpu))
            return cpu;
    }
    return CPUGROUP_NONE;
}

/* Two passes: the own node first. */
uint32_t cpu_groups_claim_idle(struct cpu_groups *g, uint32_t near, const uint64_t *allowed)
{
    uint32_t home = g->group_of[near], node = g->group[home].node;

    for (int far = 0; far < 2; far++) {
        for (uint32_t i = 0; i < g->groups; i++) {
            struct cpu_group *group = group_at(g, home, i);
            uint32_t cpu;

            if ((group->node != node) != far)
                continue;
            cpu = claim_in(g, group, allowed);
            if (cpu != CPUGROUP_NONE)
                return cpu;
        }
    }
    return CPUGROUP_NONE;
}

/* The cursor counts bits of groups, the whole machine twice: first the groups of the own node, then the others. */
uint32_t cpu_groups_next_surplus(struct cpu_groups *g, uint32_t near, uint32_t *cursor)
{
    uint32_t home = g->group_of[near], node = g->group[home].node;

    for (uint32_t i = *cursor / CPUGROUP_CPUS; i < 2 * g->groups; i++) {
        struct cpu_group *group = group_at(g, home, i);
        uint32_t bit = i == *cursor / CPUGROUP_CPUS ? *cursor % CPUGROUP_CPUS : 0;
        uint64_t surplus = atomic_load_relaxed(&group->surplus) & (~0ull << bit);

        if ((group->node == node) != (i < g->groups) || !surplus)
            continue;
        bit = (uint32_t)__builtin_ctzll(surplus);
        *cursor = i * CPUGROUP_CPUS + bit + 1;
        return group->cpu[bit];
    }
    *cursor = 2 * g->groups * CPUGROUP_CPUS;
    return CPUGROUP_NONE;
}

bool cpu_groups_any_idle(const struct cpu_groups *g, uint32_t near)
{
    for (uint32_t i = 0; i < g->groups; i++)
        if (atomic_load_relaxed(&g->group[(g->group_of[near] + i) % g->groups].idle))
            return true;
    return false;
}
