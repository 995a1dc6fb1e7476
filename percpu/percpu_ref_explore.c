/* percpu_ref_explore.c: a reference count that is spread and shared while threads take and drop references. Each thread is a CPU with a
 * part; a read section is a flag that the switcher waits for, which is all that the count asks of a grace period. The switcher compares
 * the exact count with the number of references at one moment of its turn. */
#include "lockfree/explore.h"
#include "percpu/percpu_ref.h"

#define HELD 8 /* at the start, so that no scenario drops more than there are */
#define SWITCHER 1

struct model {
    uint64_t references;
};

static struct percpu_ref ref;
static int64_t parts[EXPLORE_THREADS];
static uint32_t inside[EXPLORE_THREADS];

static int64_t *part_of(uint32_t part, uint32_t cpu)
{
    (void)part;
    return &parts[cpu];
}

static void make(void *model, uint64_t references)
{
    ((struct model *)model)->references = references;
    explore_name(&ref, sizeof(ref), 1, "ref");
    explore_name(parts, sizeof(parts[0]), EXPLORE_THREADS, "part");
    explore_name(inside, sizeof(inside[0]), EXPLORE_THREADS, "inside");
    percpu_ref_init(&ref, 0, references);
}

static void make_shared(void *model)
{
    make(model, HELD);
}

static void make_spread(void *model)
{
    make(model, HELD);
    percpu_ref_spread(&ref);
}

/* Taken on one CPU, to be dropped on others: the parts are no counts by themselves. */
static void make_uneven(void *model)
{
    make(model, HELD - 2);
    percpu_ref_spread(&ref);
    percpu_ref_get(&ref, &parts[3]);
    percpu_ref_get(&ref, &parts[3]);
    ((struct model *)model)->references = HELD;
}

static void make_three(void *model)
{
    make(model, 3);
}

static void enter(unsigned thread)
{
    (void)atomic_xchg_full(&inside[thread], 1); /* before the mode is read: pairs with grace_period */
}

static void leave(unsigned thread)
{
    atomic_store_release(&inside[thread], 0);
}

static void grace_period(void)
{
    atomic_fence_full(); /* the mode is published, then the sections are looked for */
    for (unsigned i = 0; i < EXPLORE_THREADS; i++)
        while (atomic_load_acquire(&inside[i]))
            cpu_relax();
}

static uint64_t get(unsigned thread, unsigned serial)
{
    (void)serial;
    enter(thread);
    percpu_ref_get(&ref, &parts[thread]);
    leave(thread);
    return 0;
}

static bool get_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    ((struct model *)model)->references++;
    *result = 0;
    return outcome == 0;
}

static uint64_t put(unsigned thread, unsigned serial)
{
    bool last;

    (void)serial;
    enter(thread);
    last = percpu_ref_put(&ref, &parts[thread]);
    leave(thread);
    return last;
}

static bool put_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    *result = --((struct model *)model)->references == 0;
    return outcome == 0;
}

static uint64_t count(unsigned thread, unsigned serial)
{
    uint64_t exact;

    (void)thread, (void)serial;
    if (percpu_ref_is_spread(&ref)) {
        percpu_ref_share_begin(&ref);
        grace_period();
        percpu_ref_share_end(&ref, part_of, EXPLORE_THREADS);
    }
    exact = percpu_ref_count(&ref);
    percpu_ref_spread(&ref);
    return exact;
}

static bool count_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    *result = ((struct model *)model)->references;
    return outcome == 0;
}

/* Shared only: the last put says so, once. */
static const struct explore_op puts[] = {{"put", put, put_spec, 0}, {NULL, NULL, NULL, 0}};
static const struct explore_initial three[] = {{"three", make_three}, {NULL, NULL}};

static const struct explore_op ops[] = {
    {"get", get, get_spec, 0},
    {"put", put, put_spec, 0},
    {"count", count, count_spec, SWITCHER},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"shared", make_shared}, {"spread", make_spread}, {"uneven", make_uneven}, {NULL, NULL}};

static const struct explore_op final = {"count", count, count_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"spread", {"count count count", "get put get put put get"}},
    {"uneven", {"count count", "put put get get", "put get put get"}},
    {NULL, {NULL}},
};

static const struct explore_structure switching = {
    .name = "percpu_ref", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};
static const struct explore_structure last = {.name = "percpu_ref_last", .ops = puts, .initials = three};

const struct explore_structure *const explore_list[] = {&switching, &last, NULL};
