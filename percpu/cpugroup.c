/* cpugroup.c: building the groups and the nearest-first walks. */
#include "percpu/cpugroup.h"

/* ---- boot ---- */

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
    g->core[cpu] = 1ull << group->cpus;
    group->cpu[group->cpus++] = (uint16_t)cpu;
}

void cpu_groups_join(struct cpu_groups *g, uint32_t cpu, uint32_t other)
{
    const struct cpu_group *group = &g->group[g->group_of[cpu]];
    uint64_t core = g->core[cpu] | g->core[other];

    if (g->group_of[cpu] != g->group_of[other])
        return;
    for (uint64_t bits = core; bits; bits &= bits - 1)
        g->core[group->cpu[__builtin_ctzll(bits)]] = core;
    g->smt = true;
}

/* Sorts by insertion; the node itself is nearest whatever the machine says. */
static void order_from(struct cpu_groups *g, uint32_t from, uint8_t (*distance)(uint32_t, uint32_t))
{
    uint8_t *near = g->near[from];
    uint32_t at;

    near[0] = (uint8_t)from;
    for (uint32_t i = 1; i < g->nodes; i++) {
        uint8_t node = (uint8_t)((from + i) % g->nodes);

        for (at = i; at > 1 && distance(from, near[at - 1]) > distance(from, node); at--)
            near[at] = near[at - 1];
        near[at] = node;
    }
}

void cpu_groups_order(struct cpu_groups *g, uint32_t nodes, uint8_t (*distance)(uint32_t from, uint32_t to))
{
    uint32_t at = 0;

    LF_ASSERT(nodes <= CPUGROUP_MAX_NODES, g);
    g->nodes = nodes;
    for (uint32_t node = 0; node < nodes; node++) {
        g->first[node] = (uint16_t)at;
        while (at < g->groups && g->group[at].node == node)
            at++;
        order_from(g, node, distance);
    }
    g->first[nodes] = (uint16_t)at;
    LF_ASSERT(at == g->groups, g);
}

/* ---- walks ---- */

struct walk {
    uint32_t rank; /* 0: the own node, 1: the nearest other one */
    uint32_t i;    /* groups of it that were visited */
};

/* The next group seen from `home`, NULL at the end. Different homes of a node begin at different groups of it, and of the others. */
static const struct cpu_group *walk_next(const struct cpu_groups *g, uint32_t home, struct walk *w)
{
    const uint8_t *near = g->near[g->group[home].node];

    for (; w->rank < g->nodes; w->rank++, w->i = 0) {
        uint32_t first = g->first[near[w->rank]], groups = g->first[near[w->rank] + 1] - first;

        if (w->i < groups)
            return &g->group[first + (home - g->first[near[0]] + w->i++) % groups];
    }
    return NULL;
}

/* All threads of cpu's core are in `idle`, bits of its group. */
static inline bool core_is_in(const struct cpu_groups *g, uint32_t cpu, uint64_t idle)
{
    return !(g->core[cpu] & ~idle);
}

/* whole: only a CPU whose whole core idles. */
static uint32_t claim_of(struct cpu_groups *g, const struct cpu_group *group, const uint64_t *allowed, bool whole)
{
    uint64_t idle = atomic_load_relaxed(&group->idle);

    for (uint64_t bits = idle; bits; bits &= bits - 1) {
        uint32_t cpu = group->cpu[__builtin_ctzll(bits)];

        if ((!whole || core_is_in(g, cpu, idle)) && bitmap_test(allowed, cpu) && cpu_claim_idle(g, cpu))
            return cpu;
    }
    return CPUGROUP_NONE;
}

static uint32_t claim_in(struct cpu_groups *g, const struct cpu_group *group, const uint64_t *allowed)
{
    uint32_t cpu = g->smt ? claim_of(g, group, allowed, true) : CPUGROUP_NONE;

    return cpu != CPUGROUP_NONE ? cpu : claim_of(g, group, allowed, false);
}

uint32_t cpu_groups_claim_idle(struct cpu_groups *g, uint32_t near, const uint64_t *allowed)
{
    uint32_t home = g->group_of[near], cpu = claim_in(g, &g->group[home], allowed);
    const struct cpu_group *group;
    struct walk w = {0, 1};

    if (g->groups == 1)
        return cpu;
    while (cpu == CPUGROUP_NONE && (group = walk_next(g, home, &w)))
        cpu = claim_in(g, group, allowed);
    return cpu;
}

uint32_t cpu_groups_claim_core(struct cpu_groups *g, uint32_t near, const uint64_t *allowed, bool node)
{
    uint32_t home = g->group_of[near], cpu = CPUGROUP_NONE;
    const struct cpu_group *group;
    struct walk w = {0, 0};

    while (cpu == CPUGROUP_NONE && (group = walk_next(g, home, &w)) && (node ? !w.rank : group == &g->group[home]))
        cpu = claim_of(g, group, allowed, true);
    return cpu;
}

bool cpu_groups_any_core(const struct cpu_groups *g, uint32_t near, const uint64_t *allowed)
{
    uint32_t node = g->group[g->group_of[near]].node;

    for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++) {
        const struct cpu_group *group = &g->group[i];
        uint64_t idle = atomic_load_relaxed(&group->idle);

        for (uint64_t bits = idle; bits; bits &= bits - 1) {
            uint32_t cpu = group->cpu[__builtin_ctzll(bits)];

            if (core_is_in(g, cpu, idle) && bitmap_test(allowed, cpu))
                return true;
        }
    }
    return false;
}

/* The first bit of the group's surplus from `bit` on; CPUGROUP_CPUS: none. */
static inline uint32_t surplus_from(const struct cpu_group *group, uint32_t bit)
{
    uint64_t surplus = atomic_load_relaxed(&group->surplus) & ~0ull << bit;

    return surplus ? (uint32_t)__builtin_ctzll(surplus) : CPUGROUP_CPUS;
}

static uint32_t next_surplus_far(struct cpu_groups *g, uint32_t home, uint32_t *cursor) __attribute__((noinline));

/* From the home's second group on. */
static uint32_t next_surplus_far(struct cpu_groups *g, uint32_t home, uint32_t *cursor)
{
    struct walk w = {*cursor / CPUGROUP_CPUS / CPUGROUP_MAX_CPUS, *cursor / CPUGROUP_CPUS % CPUGROUP_MAX_CPUS};
    uint32_t bit = *cursor % CPUGROUP_CPUS;
    const struct cpu_group *group;

    while ((group = walk_next(g, home, &w))) {
        bit = surplus_from(group, bit);
        if (bit < CPUGROUP_CPUS) {
            *cursor = (w.rank * CPUGROUP_MAX_CPUS + w.i - 1) * CPUGROUP_CPUS + bit + 1;
            return group->cpu[bit];
        }
        bit = 0;
    }
    *cursor = g->nodes * CPUGROUP_MAX_CPUS * CPUGROUP_CPUS;
    return CPUGROUP_NONE;
}

/* The cursor counts bits of groups, CPUGROUP_MAX_CPUS groups a node; the home is the first. */
uint32_t cpu_groups_next_surplus(struct cpu_groups *g, uint32_t near, uint32_t *cursor)
{
    uint32_t home = g->group_of[near];

    if (*cursor < CPUGROUP_CPUS) {
        uint32_t bit = surplus_from(&g->group[home], *cursor);

        *cursor = bit < CPUGROUP_CPUS ? bit + 1 : CPUGROUP_CPUS;
        if (bit < CPUGROUP_CPUS)
            return g->group[home].cpu[bit];
    }
    return g->groups == 1 ? CPUGROUP_NONE : next_surplus_far(g, home, cursor);
}

bool cpu_groups_any_idle_of(const struct cpu_groups *g, const uint64_t *allowed)
{
    for (uint32_t i = 0; i < g->groups; i++)
        for (uint64_t bits = atomic_load_relaxed(&g->group[i].idle); bits; bits &= bits - 1)
            if (bitmap_test(allowed, g->group[i].cpu[__builtin_ctzll(bits)]))
                return true;
    return false;
}

bool cpu_groups_any_idle(const struct cpu_groups *g, uint32_t near)
{
    for (uint32_t i = 0; i < g->groups; i++)
        if (atomic_load_relaxed(&g->group[(g->group_of[near] + i) % g->groups].idle))
            return true;
    return false;
}
