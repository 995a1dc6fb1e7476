/* cpugroup_test.c: groups by node and cache; claims are exclusive, prefer the own node, keep to the mask; surplus walks visit
 * every marked CPU once. */
#include "lockfree/check.h"
#include "percpu/cpugroup.h"

#define CPUS 40

static struct cpu_groups g;
static uint32_t claimed[CPUS];
static uint64_t done;
static uint64_t all[1] = {(1ull << CPUS) - 1};

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
}

static void placement(void)
{
    uint64_t only13[1] = {1ull << 13};
    uint32_t cursor = 0, seen = 0;

    CHECK(cpu_groups_claim_idle(&g, 0, all) == CPUGROUP_NONE && !cpu_groups_any_idle(&g, 0));
    cpu_mark_idle(&g, 13);
    cpu_mark_idle(&g, 4); /* node of CPU 0 */
    CHECK(cpu_groups_any_idle(&g, 0));
    CHECK(cpu_groups_claim_idle(&g, 0, all) == 4 && !cpu_is_marked_idle(&g, 4));
    CHECK(cpu_groups_claim_idle(&g, 0, only13) == 13 && cpu_groups_claim_idle(&g, 0, only13) == CPUGROUP_NONE);
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
    check_repeat(round_of_claims);
    printf("cpugroup: ok, %llu claims\n", (unsigned long long)done);
    return 0;
}
