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

/* Every CPU's part has been used. */
static void make_used(void *model)
{
    make(model, HELD - 4);
    percpu_ref_spread(&ref);
    for (unsigned i = 0; i < EXPLORE_THREADS; i++)
        percpu_ref_get(&ref, &parts[i]);
    ((struct model *)model)->references = HELD;
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

static bool share(void)
{
    if (!percpu_ref_is_spread(&ref))
        return false;
    percpu_ref_share_begin(&ref);
    grace_period();
    percpu_ref_share_end(&ref, part_of, EXPLORE_THREADS);
    return true;
}

static uint64_t count(unsigned thread, unsigned serial)
{
    uint64_t exact;

    (void)thread, (void)serial;
    share();
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

static const struct explore_op ops[] = {
    {"get", get, get_spec, 0},
    {"put", put, put_spec, 0},
    {"count", count, count_spec, SWITCHER},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"shared", make_shared}, {"spread", make_spread}, {"uneven", make_uneven}, {"used", make_used}, {NULL, NULL}};

static const struct explore_op final = {"count", count, count_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"spread", {"count count count", "get put get put put get"}},
    {"uneven", {"count count", "put put get get", "put get put get"}},
    {NULL, {NULL}},
};

static const struct explore_structure switching = {
    .name = "percpu_ref", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};
/* What the references are for: an object that is gone with the last of them. Each operation owns one and drops it; the payload is plain,
 * so an access that is not ordered before the end is a race. */
static uint64_t payload;
static bool ended;

static void make_owned(void *model)
{
    make(model, explore_total());
    explore_name(&payload, sizeof(payload), 1, "payload");
    payload = 1;
}

static void make_owned_spread(void *model)
{
    make_owned(model);
    percpu_ref_spread(&ref);
}

static void end(void)
{
    EXPLORE_CHECK(payload == 1);
    payload = 0;
    ended = true;
}

static bool dropped(unsigned thread)
{
    bool last;

    enter(thread);
    EXPLORE_CHECK(payload == 1); /* nothing but the put orders it before an end */
    last = percpu_ref_put(&ref, &parts[thread]);
    leave(thread);
    return last;
}

/* A put may say that it was the last: then the object ends. */
static uint64_t drop(unsigned thread, unsigned serial)
{
    (void)serial;
    if (dropped(thread))
        end();
    return 0;
}

static uint64_t get_drop(unsigned thread, unsigned serial)
{
    get(thread, serial);
    drop(thread, serial);
    return drop(thread, serial);
}

static uint64_t drop_turn(unsigned thread, unsigned serial)
{
    drop(thread, serial);
    if (!share())
        percpu_ref_spread(&ref);
    return 0;
}

/* Once, and not before all are gone. */
static uint64_t gone(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    share();
    EXPLORE_CHECK(percpu_ref_count(&ref) == 0);
    if (!ended)
        end();
    return 0;
}

/* Or the switcher reads the count, and nobody looks at what put says. */
static uint64_t leave_it(unsigned thread, unsigned serial)
{
    (void)serial;
    (void)dropped(thread);
    return 0;
}

static uint64_t leave_look(unsigned thread, unsigned serial)
{
    leave_it(thread, serial);
    share();
    if (percpu_ref_count(&ref) == 0)
        end();
    return 0;
}

static const struct explore_op last_ops[] = {
    {"drop", drop, NULL, 0}, {"get_drop", get_drop, NULL, 2}, {"drop_turn", drop_turn, NULL, SWITCHER}, {NULL, NULL, NULL, 0}};
static const struct explore_op read_ops[] = {
    {"leave", leave_it, NULL, 0}, {"leave_look", leave_look, NULL, SWITCHER}, {NULL, NULL, NULL, 0}};
static const struct explore_initial owned[] = {
    {"shared", make_owned}, {"spread", make_owned_spread}, {NULL, NULL}};
static const struct explore_op last_final = {"gone", gone, NULL, 0};
static const struct explore_structure last = {
    .name = "percpu_ref_last", .ops = last_ops, .initials = owned, .final = &last_final};
static const struct explore_structure counted = {
    .name = "percpu_ref_read", .ops = read_ops, .initials = owned, .final = &last_final};

const struct explore_structure *const explore_list[] = {&switching, &last, &counted, NULL};
