/* srcu_explore.c: a reader's section reads the published object's plain payload twice; an updater replaces the object, waits for a
 * period, its own or (polled) somebody else's, and overwrites the old one's payload. A period that is too short is a race on the
 * payload or a torn section; one that does not end is a wait without end. */
#include "lockfree/explore.h"
#include "lockfree/srcu.h"

#define SLOTS 2
#define OBJECTS 2

static struct srcu domain;
static struct srcu_slot slots[SLOTS];
static uint64_t payload[OBJECTS]; /* plain */
static uint32_t published;
static uint64_t cookie; /* the polling updater's, of the object !published */
static bool polling;

static void make(void *model, unsigned flips)
{
    (void)model;
    srcu_init(&domain, slots, SLOTS);
    domain.index += flips;
    payload[0] = payload[1] = 1;
    explore_name(&domain, sizeof(domain), 1, "domain");
    explore_name(slots, sizeof(slots[0]), SLOTS, "slot");
    explore_name(payload, sizeof(payload[0]), OBJECTS, "payload");
    explore_name(&published, sizeof(published), 1, "published");
}

static void make_first(void *model)
{
    make(model, 0);
}

static void make_flipped(void *model)
{
    make(model, 1);
}

/* Counts out on the other slot: a reader may migrate. */
static uint64_t section(unsigned thread, unsigned serial)
{
    unsigned index = srcu_lock(&domain, thread % SLOTS);
    uint32_t i = atomic_load_acquire(&published);
    uint64_t seen = payload[i];

    EXPLORE_CHECK(seen == payload[i] && seen);
    srcu_unlock(&domain, serial % SLOTS, index);
    return 0;
}

static uint32_t publish_other(unsigned serial)
{
    uint32_t old = atomic_load_relaxed(&published);

    payload[!old] = serial + 2;
    atomic_store_release(&published, !old);
    return old;
}

static uint64_t drive(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    srcu_start(&domain);
    while (!srcu_advance(&domain))
        cpu_relax();
    return 0;
}

static uint64_t replace(unsigned thread, unsigned serial)
{
    uint32_t old = publish_other(serial);

    drive(thread, serial);
    payload[old] = 0;
    return 0;
}

/* The other updater: takes a cookie, later looks whether somebody's periods were enough. */
static uint64_t retire(unsigned thread, unsigned serial)
{
    (void)thread;
    if (!polling) {
        publish_other(serial);
        cookie = srcu_snapshot(&domain);
        polling = true;
    }
    return 0;
}

static uint64_t reap(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (polling && srcu_poll(&domain, cookie)) {
        payload[!published] = 0;
        polling = false;
    }
    return 0;
}

/* A period of its own is always enough. */
static uint64_t synchronize(unsigned thread, unsigned serial)
{
    uint64_t mine = srcu_snapshot(&domain);

    EXPLORE_CHECK(!srcu_poll(&domain, mine));
    drive(thread, serial);
    EXPLORE_CHECK(srcu_poll(&domain, mine));
    return 0;
}

static const struct explore_op ops[] = {
    {"section", section, NULL, 0},
    {"replace", replace, NULL, 1},
    {"synchronize", synchronize, NULL, 1},
    {NULL, NULL, NULL, 0},
};

static const struct explore_op polled_ops[] = {
    {"section", section, NULL, 0}, {"drive", drive, NULL, 1}, {"retire", retire, NULL, 2}, {"reap", reap, NULL, 2},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {{"first", make_first}, {"flipped", make_flipped}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"first", {"section section section", "replace replace replace"}},
    {"first", {"section", "section section", "replace replace"}},
    {NULL, {NULL}},
};

static const struct explore_scenario polled_scenarios[] = {
    {"first", {"section section", "drive drive", "retire reap reap retire"}},
    {"flipped", {"section", "drive drive drive", "retire reap reap"}},
    {NULL, {NULL}},
};

static const struct explore_structure srcu_structure = {
    .name = "srcu", .ops = ops, .initials = initials, .scenarios = scenarios};

static const struct explore_structure polled_structure = {
    .name = "srcu_polled", .ops = polled_ops, .initials = initials, .scenarios = polled_scenarios};

const struct explore_structure *const explore_list[] = {&srcu_structure, &polled_structure, NULL};
