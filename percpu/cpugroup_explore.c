/* cpugroup_explore.c: idle and surplus masks. Each thread is a CPU. Checked: who publishes surplus and who becomes idle cannot both
 * miss the other (D1); an idle mark is claimed by one; a claim respects the mask of allowed CPUs. Built with room for a few CPUs. */
#include "lockfree/explore.h"
#include "percpu/cpugroup.h"

static struct cpu_groups groups;
static uint64_t allowed = 0xf;
/* Each written by the CPU itself: what its last look found. */
static struct {
    uint32_t marks;                         /* idle marks it made */
    uint32_t claims[EXPLORE_THREADS];       /* whose idle marks it took */
    uint32_t looted;                        /* bits of the CPUs where it found surplus */
    bool published, idled, found, fetched; /* looked for an idle CPU and found one; looked for surplus and found some */
    bool ever;                             /* it had surplus once */
} seen[EXPLORE_THREADS];

static uint8_t distance(uint32_t from, uint32_t to)
{
    return from == to ? 10 : 20;
}

static void make(unsigned llcs)
{
    explore_name(&groups, sizeof(groups), 1, "groups");
    for (uint32_t cpu = 0; cpu < EXPLORE_THREADS; cpu++)
        cpu_groups_add(&groups, cpu, llcs > 2 ? cpu / 2 : 0, llcs > 1 ? cpu / 2 : 0);
    if (llcs == 2)
        cpu_groups_join(&groups, 0, 1);
    cpu_groups_order(&groups, llcs > 2 ? 2 : 1, distance);
}

static void make_one_group(void *model)
{
    (void)model;
    make(1);
}

static void make_two_nodes(void *model)
{
    (void)model;
    make(3);
}

/* CPUs 0 and 1, threads of one core, are idle already, CPU 3 has surplus. */
static void make_marked(void *model)
{
    (void)model;
    make(2);
    cpu_mark_idle(&groups, 0);
    cpu_mark_idle(&groups, 1);
    seen[0].marks = seen[1].marks = 1;
    cpu_mark_surplus(&groups, 3);
    seen[3].ever = true;
}

static void claimed(unsigned cpu, uint32_t idle)
{
    EXPLORE_CHECK(idle == CPUGROUP_NONE || idle < EXPLORE_THREADS);
    if (idle != CPUGROUP_NONE)
        seen[cpu].claims[idle]++;
}

static uint64_t publish(unsigned cpu, unsigned serial)
{
    uint32_t idle;

    (void)serial;
    cpu_mark_surplus(&groups, cpu);
    seen[cpu].ever = true;
    idle = cpu_groups_claim_idle(&groups, cpu, &allowed);
    seen[cpu].published = true;
    seen[cpu].found = idle != CPUGROUP_NONE;
    claimed(cpu, idle);
    return 0;
}

static uint64_t become_idle(unsigned cpu, unsigned serial)
{
    uint32_t cursor = 0, from;

    (void)serial;
    seen[cpu].marks++;
    cpu_mark_idle(&groups, cpu);
    seen[cpu].idled = true;
    from = cpu_groups_next_surplus(&groups, cpu, &cursor);
    seen[cpu].fetched = from != CPUGROUP_NONE;
    seen[cpu].looted |= from != CPUGROUP_NONE ? 1u << from : 0;
    return 0;
}

static uint64_t become_busy(unsigned cpu, unsigned serial)
{
    (void)serial;
    seen[cpu].idled = false;
    cpu_unmark_idle(&groups, cpu);
    return 0;
}

static uint64_t no_surplus(unsigned cpu, unsigned serial)
{
    (void)serial;
    seen[cpu].published = false;
    cpu_unmark_surplus(&groups, cpu);
    return 0;
}

/* A waker that places a task which may run on CPU 1 only. */
static uint64_t claim_one(unsigned cpu, unsigned serial)
{
    static const uint64_t only = 1u << 1;
    bool some = cpu_groups_any_idle(&groups, cpu) && cpu_groups_any_idle_of(&groups, &only);
    uint32_t got = some ? cpu_groups_claim_idle(&groups, cpu, &only) : CPUGROUP_NONE;

    (void)serial;
    EXPLORE_CHECK(got == CPUGROUP_NONE || got == 1);
    claimed(cpu, got);
    return 0;
}

/* A waker that wants a whole core: a thread whose neighbour has work is none. */
static uint64_t claim_core(unsigned cpu, unsigned serial)
{
    uint32_t got = cpu_groups_any_core(&groups, cpu, &allowed) ? cpu_groups_claim_core(&groups, cpu, &allowed, true) : CPUGROUP_NONE;

    (void)serial;
    claimed(cpu, got);
    return 0;
}

/* Both marks stand, both CPUs looked after they had published, and both saw nothing: D1. */
static bool missed(uint32_t idle, uint32_t busy)
{
    return seen[idle].idled && !seen[idle].fetched && cpu_is_marked_idle(&groups, idle) && seen[busy].published &&
           !seen[busy].found && idle != busy;
}

static uint64_t check_all(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    for (uint32_t cpu = 0; cpu < EXPLORE_THREADS; cpu++) {
        uint32_t gone = cpu_is_marked_idle(&groups, cpu);

        for (uint32_t other = 0; other < EXPLORE_THREADS; other++) {
            EXPLORE_CHECK(!missed(cpu, other));
            gone += seen[other].claims[cpu];
        }
        EXPLORE_CHECK(gone <= seen[cpu].marks); /* each mark has one claimer at most */
        EXPLORE_CHECK(gone || !seen[cpu].idled); /* and does not vanish without one */
        EXPLORE_CHECK(groups.core[cpu] >> groups.bit_of[cpu] & 1);
        for (uint32_t thief = 0; thief < EXPLORE_THREADS; thief++)
            EXPLORE_CHECK(seen[cpu].ever || !(seen[thief].looted >> cpu & 1)); /* surplus is found where some was */
    }
    return 0;
}

static const struct explore_op ops[] = {
    {"publish", publish, NULL, 0},       {"become_idle", become_idle, NULL, 0}, {"become_busy", become_busy, NULL, 0},
    {"no_surplus", no_surplus, NULL, 0}, {"claim_one", claim_one, NULL, 0},     {"claim_core", claim_core, NULL, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"one_group", make_one_group}, {"two_nodes", make_two_nodes}, {"marked", make_marked}, {NULL, NULL}};

static const struct explore_op final = {"check", check_all, NULL, 0};

static const struct explore_scenario scenarios[] = {
    {"one_group", {"publish no_surplus publish publish no_surplus publish", "become_idle become_busy become_idle become_idle claim_one become_idle"}},
    {"two_nodes", {"publish claim_one no_surplus publish", "become_idle become_busy become_idle publish", "claim_one become_idle claim_one become_idle"}},
    {"marked", {"publish claim_one publish", "become_idle become_busy become_idle", "claim_one publish no_surplus", "become_idle publish claim_one"}},
    {NULL, {NULL}},
};

static const struct explore_structure cpugroup_structure = {
    .name = "cpugroup", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&cpugroup_structure, NULL};
