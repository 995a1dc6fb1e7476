/* cpugroup_fuzz.c: groups built from any numbering of nodes and caches, cores and distances; claims and walks against plain sets of CPUs. */
#include <string.h>
#include "lockfree/fuzz.h"
#include "percpu/cpugroup.h"

#define MAX_CPUS 200u
#define NODES 5u

struct reference {
    struct cpu_groups g;
    unsigned cpus;
    uint8_t node[MAX_CPUS], llc[MAX_CPUS];
    bool idle[MAX_CPUS], surplus[MAX_CPUS];
};
static struct reference r;
static uint8_t far[NODES][NODES];

static uint8_t distance(uint32_t from, uint32_t to)
{
    return from == to ? 0 : far[from][to];
}

/* Threads of a core: of one group. */
static void join(struct fuzz_input *in)
{
    for (unsigned n = fuzz_u8(in) % 16; n--;) {
        unsigned a = fuzz_u8(in) % r.cpus, b = fuzz_u8(in) % r.cpus;

        cpu_groups_join(&r.g, a, b);
        FUZZ_CHECK(r.g.group_of[a] != r.g.group_of[b] || r.g.core[a] == r.g.core[b]);
    }
}

static void build(struct fuzz_input *in)
{
    unsigned total = 0;

    memset(&r, 0, sizeof(r));
    r.cpus = 1 + fuzz_u8(in) % MAX_CPUS;
    for (unsigned cpu = 0; cpu < r.cpus; cpu++) {
        uint8_t where = fuzz_u8(in);

        r.node[cpu] = where % NODES;
        r.llc[cpu] = where / NODES % 4;
        cpu_groups_add(&r.g, cpu, r.node[cpu], r.llc[cpu]);
    }
    for (unsigned i = 0; i < r.g.groups; i++) {
        FUZZ_CHECK(!i || r.g.group[i - 1].node <= r.g.group[i].node);
        total += r.g.group[i].cpus;
    }
    FUZZ_CHECK(total == r.cpus);
    for (unsigned cpu = 0; cpu < r.cpus; cpu++) {
        const struct cpu_group *g = &r.g.group[r.g.group_of[cpu]];

        FUZZ_CHECK(g->cpu[r.g.bit_of[cpu]] == cpu && g->node == r.node[cpu] && g->llc == r.llc[cpu]);
    }
    for (unsigned i = 0; i < NODES * NODES; i++)
        far[i / NODES][i % NODES] = fuzz_u8(in) % 4;
    join(in);
    cpu_groups_order(&r.g, NODES, distance);
}

static bool any(const bool *set, const uint64_t *allowed, int node)
{
    for (unsigned cpu = 0; cpu < r.cpus; cpu++)
        if (set[cpu] && bitmap_test(allowed, cpu) && (node < 0 || r.node[cpu] == node))
            return true;
    return false;
}

/* A core whose threads all idle, with one that may be used, in the group of `cpu`. */
static bool whole_core_in_group_of(unsigned cpu, const uint64_t *allowed)
{
    const struct cpu_group *g = &r.g.group[r.g.group_of[cpu]];

    for (unsigned i = 0; i < g->cpus; i++) {
        bool whole = bitmap_test(allowed, g->cpu[i]);

        for (unsigned k = 0; k < g->cpus; k++)
            whole &= r.idle[g->cpu[k]] || !(r.g.core[g->cpu[i]] >> k & 1);
        if (whole)
            return true;
    }
    return false;
}

/* What was claimed stood in the nearest node that has any, and has a whole core if its group had one. */
static void check_choice(unsigned near, unsigned cpu, const uint64_t *allowed)
{
    for (unsigned node = 0; node < NODES; node++)
        FUZZ_CHECK(!any(r.idle, allowed, (int)node) || distance(r.node[near], r.node[cpu]) <= distance(r.node[near], node));
    cpu_mark_idle(&r.g, cpu); /* as it was */
    FUZZ_CHECK(cpu_core_is_marked_idle(&r.g, cpu) || !whole_core_in_group_of(cpu, allowed));
    FUZZ_CHECK(cpu_claim_idle(&r.g, cpu));
}

static void claim_core(unsigned near, const uint64_t *allowed, bool node)
{
    bool some = false;
    uint32_t cpu;

    for (unsigned other = 0; other < r.cpus; other++)
        some |= r.node[other] == r.node[near] && (node || r.g.group_of[other] == r.g.group_of[near]) && whole_core_in_group_of(other, allowed);
    FUZZ_CHECK(!node || cpu_groups_any_core(&r.g, near, allowed) == some);
    cpu = cpu_groups_claim_core(&r.g, near, allowed, node);
    FUZZ_CHECK((cpu != CPUGROUP_NONE) == some);
    if (cpu == CPUGROUP_NONE)
        return;
    FUZZ_CHECK(r.node[cpu] == r.node[near] && r.idle[cpu] && bitmap_test(allowed, cpu));
    r.idle[cpu] = false;
}

static void claim(unsigned near, struct fuzz_input *in)
{
    uint64_t allowed[BITMAP_WORDS(MAX_CPUS)];
    uint32_t cpu;

    for (unsigned i = 0; i < BITMAP_WORDS(MAX_CPUS); i++)
        allowed[i] = fuzz_u32(in) * 0x9e3779b97f4a7c15ull;
    FUZZ_CHECK(cpu_groups_any_idle(&r.g, near) == any(r.idle, (uint64_t[BITMAP_WORDS(MAX_CPUS)]){~0ull, ~0ull, ~0ull, ~0ull}, -1));
    FUZZ_CHECK(cpu_groups_any_idle_of(&r.g, allowed) == any(r.idle, allowed, -1));
    cpu = cpu_groups_claim_idle(&r.g, near, allowed);
    FUZZ_CHECK((cpu == CPUGROUP_NONE) == !any(r.idle, allowed, -1));
    if (cpu == CPUGROUP_NONE)
        return;
    FUZZ_CHECK(cpu < r.cpus && r.idle[cpu] && bitmap_test(allowed, cpu));
    check_choice(near, cpu, allowed);
    r.idle[cpu] = false;
    claim_core(near, allowed, fuzz_u8(in) & 1);
}

/* Every marked CPU once, those of the own node first. */
static void walk(unsigned near)
{
    bool met[MAX_CPUS] = {false}, far = false;
    uint32_t cursor = 0, cpu;

    while ((cpu = cpu_groups_next_surplus(&r.g, near, &cursor)) != CPUGROUP_NONE) {
        FUZZ_CHECK(cpu < r.cpus && r.surplus[cpu] && !met[cpu]);
        FUZZ_CHECK(!far || r.node[cpu] != r.node[near]);
        far = r.node[cpu] != r.node[near];
        met[cpu] = true;
    }
    FUZZ_CHECK(!memcmp(met, r.surplus, r.cpus * sizeof(*met)));
    FUZZ_CHECK(cpu_groups_next_surplus(&r.g, near, &cursor) == CPUGROUP_NONE);
}

static void mark(unsigned cpu, unsigned op)
{
    if (op == 0)
        cpu_mark_idle(&r.g, cpu);
    else if (op == 1)
        cpu_unmark_idle(&r.g, cpu);
    else
        (op == 2 ? cpu_mark_surplus : cpu_unmark_surplus)(&r.g, cpu);
    if (op < 2)
        r.idle[cpu] = op == 0;
    else
        r.surplus[cpu] = op == 2;
    FUZZ_CHECK(cpu_is_marked_idle(&r.g, cpu) == r.idle[cpu]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fuzz_input in = {p, n};

    build(&in);
    while (in.n) {
        uint8_t op = fuzz_u8(&in);
        unsigned cpu = fuzz_u8(&in) % r.cpus;

        if (op >= 240) {
            walk(cpu);
        } else if (op >= 200) {
            claim(cpu, &in);
        } else if (op >= 180) {
            FUZZ_CHECK(cpu_claim_idle(&r.g, cpu) == r.idle[cpu]);
            r.idle[cpu] = false;
        } else {
            mark(cpu, op % 4);
        }
    }
    walk(0);
    return 0;
}
