/* cpugroup_test.c: groups by node and cache; claims are exclusive, prefer the own node, then the nearest, and whole cores, keep to the
 * mask; surplus walks visit every marked CPU once. */
#include "lockfree/check.h"
#include "percpu/cpugroup.h"

#define CPUS 40

static struct cpu_groups g;
static uint32_t claimed[CPUS];
static uint64_t done;
static uint64_t all[1] = {(1ull << CPUS) - 1};

/* The order of distance from node 3 is 3 2 1 0, not that of the numbers. */
static uint8_t distance(uint32_t from, uint32_t to)
{
    return (uint8_t)(10 + 10 * (from ^ to));
}

static void build(void)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) /* 4 nodes, 2 caches each, CPUs interleaved over nodes */
        cpu_groups_add(&g, cpu, 3 - cpu % 4, cpu / 4 % 2 + (3 - cpu % 4) * 2);
    CHECK(g.groups == 8);
    for (uint32_t i = 1; i < g.groups; i++)
        CHECK(g.group[i - 1].node <= g.group[i].node);
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        CHECK(g.group[g.group_of[cpu]].cpu[g.bit_of[cpu]] == cpu);
        CHECK(g.group[g.group_of[cpu]].node == 3 - cpu % 4);
    }
    cpu_groups_order(&g, 4, distance);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(g.near[3][i] == 3 - i && g.near[0][i] == i);
        CHECK(g.first[i + 1] - g.first[i] == 2 && g.group[g.first[i]].node == i);
    }
}

/* Node 3 has CPUs 0, 4, 8 and so on, node 2 has 1, 5, ..., node 0 has 3, 7, ... */
static void nearest_node_first(void)
{
    uint32_t cursor = 0;

    for (uint32_t cpu = 1; cpu < 4; cpu++) {
        cpu_mark_idle(&g, cpu);
        cpu_mark_surplus(&g, cpu);
    }
    for (uint32_t cpu = 1; cpu < 4; cpu++) {
        CHECK(cpu_groups_claim_idle(&g, 0, all) == cpu);
        CHECK(cpu_groups_next_surplus(&g, 0, &cursor) == cpu);
        cpu_unmark_surplus(&g, cpu);
    }
    CHECK(cpu_groups_next_surplus(&g, 0, &cursor) == CPUGROUP_NONE);
}

/* CPUs 0 and 8 are threads of one core, 16 and 24 of another of the same cache, 4 and 12 of one of the same node. */
static void whole_cores_first(void)
{
    uint64_t but16[1] = {all[0] & ~(1ull << 16)};

    cpu_groups_join(&g, 0, 8);
    cpu_groups_join(&g, 16, 24);
    cpu_groups_join(&g, 4, 12);
    cpu_groups_join(&g, 1, 2); /* of different groups: without effect */
    CHECK(g.smt && g.core[0] == g.core[8] && g.core[0] == 3 && g.core[1] == 1);
    cpu_mark_idle(&g, 0);
    CHECK(!cpu_groups_any_core(&g, 32, all) && cpu_groups_claim_core(&g, 32, all, true) == CPUGROUP_NONE);
    CHECK(!cpu_core_is_marked_idle(&g, 0));
    cpu_mark_idle(&g, 16);
    cpu_mark_idle(&g, 24);
    CHECK(cpu_core_is_marked_idle(&g, 24) && cpu_groups_any_core(&g, 32, all));
    CHECK(cpu_groups_claim_core(&g, 4, all, false) == CPUGROUP_NONE); /* another group of the node */
    CHECK(cpu_groups_claim_idle(&g, 32, but16) == 24); /* not 0, the first that idles */
    CHECK(cpu_groups_claim_idle(&g, 32, but16) == 0 && cpu_groups_claim_idle(&g, 32, all) == 16);
    cpu_mark_idle(&g, 4);
    cpu_mark_idle(&g, 12);
    cpu_mark_idle(&g, 1);
    CHECK(cpu_groups_claim_core(&g, 0, all, false) == CPUGROUP_NONE && cpu_groups_claim_core(&g, 0, all, true) == 4);
    CHECK(cpu_groups_claim_core(&g, 0, all, true) == CPUGROUP_NONE); /* 12 is half a core, 1 is of another node */
    CHECK(cpu_claim_idle(&g, 12) && cpu_claim_idle(&g, 1));
}

static void placement(void)
{
    uint64_t only13[1] = {1ull << 13};
    uint32_t cursor = 0, seen = 0;

    CHECK(cpu_groups_claim_idle(&g, 0, all) == CPUGROUP_NONE && !cpu_groups_any_idle(&g, 0));
    cpu_mark_idle(&g, 13);
    cpu_mark_idle(&g, 4); /* node of CPU 0 */
    CHECK(cpu_groups_any_idle(&g, 0) && cpu_groups_any_idle_of(&g, only13));
    CHECK(cpu_groups_claim_idle(&g, 0, all) == 4 && !cpu_is_marked_idle(&g, 4));
    CHECK(cpu_groups_claim_idle(&g, 0, only13) == 13 && cpu_groups_claim_idle(&g, 0, only13) == CPUGROUP_NONE);
    CHECK(!cpu_groups_any_idle_of(&g, only13) && !cpu_groups_any_idle_of(&g, all));
    for (uint32_t cpu = 0; cpu < CPUS; cpu += 3)
        cpu_mark_surplus(&g, cpu);
    for (uint32_t cpu; (cpu = cpu_groups_next_surplus(&g, 5, &cursor)) != CPUGROUP_NONE; seen++) {
        CHECK(cpu % 3 == 0);
        cpu_unmark_surplus(&g, cpu);
    }
    CHECK(seen == (CPUS + 2) / 3);
    cursor = 0;
    CHECK(cpu_groups_next_surplus(&g, 5, &cursor) == CPUGROUP_NONE);
    cpu_mark_surplus(&g, 6); /* another node */
    cpu_mark_surplus(&g, 9); /* the node of CPU 5 */
    cursor = 0;
    CHECK(cpu_groups_next_surplus(&g, 5, &cursor) == 9 && cpu_groups_next_surplus(&g, 5, &cursor) == 6);
    CHECK(cpu_groups_next_surplus(&g, 5, &cursor) == CPUGROUP_NONE);
    cpu_unmark_surplus(&g, 6);
    cpu_unmark_surplus(&g, 9);
}

static void body(struct check_thread *t)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t cpu = cpu_groups_claim_idle(&g, (uint32_t)(check_random(&t->random) % CPUS), all);

        if (cpu == CPUGROUP_NONE)
            continue;
        CHECK(atomic_fetch_add_relaxed(&claimed[cpu], 1) == 0);
        t->done++;
        atomic_dec_relaxed(&claimed[cpu]);
        cpu_mark_idle(&g, cpu);
    }
}

/* Twelve CPUs idle, two of a group: no claim or mark is lost or given twice, so afterwards exactly these can be claimed. */
static void round_of_claims(void)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t before = done, found = 0;

    for (uint32_t cpu = 0; cpu < 6; cpu++) {
        cpu_mark_idle(&g, cpu);
        cpu_mark_idle(&g, cpu + 8);
    }
    done += check_run(4, bodies, 1);
    for (uint32_t cpu; (cpu = cpu_groups_claim_idle(&g, 0, all)) != CPUGROUP_NONE;)
        found |= 1ull << cpu;
    CHECK(done > before && found == 0x3f3f);
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    build();
    placement();
    nearest_node_first();
    whole_cores_first();
    check_repeat(round_of_claims);
    printf("cpugroup: ok, %llu claims\n", (unsigned long long)done);
    return 0;
}
