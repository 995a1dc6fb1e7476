/* shelf_explore.c: the shelf against a row of slots. The owner puts; everybody takes. */
#include "lockfree/explore.h"
#include "lockfree/shelf.h"

#define ITEMS (EXPLORE_OPS + SHELF_SLOTS)

struct model {
    uint8_t slot[SHELF_SLOTS]; /* 1 + number of the item */
};

static struct shelf shelf;
static uint64_t items[ITEMS]; /* plain: what put publishes */

static void make(struct model *m, unsigned n)
{
    explore_name(shelf.slot, sizeof(shelf.slot[0]), SHELF_SLOTS, "slot");
    explore_name(items, sizeof(items[0]), ITEMS, "item");
    for (unsigned i = 0; i < n; i++) {
        items[EXPLORE_OPS + i] = EXPLORE_OPS + i + 1;
        shelf_put_owner(&shelf, &items[EXPLORE_OPS + i]);
        m->slot[i] = (uint8_t)(EXPLORE_OPS + i + 1);
    }
}

static void make_empty(void *model)
{
    make(model, 0);
}

static void make_one(void *model)
{
    make(model, 1);
}

static void make_full(void *model)
{
    make(model, SHELF_SLOTS);
}

static uint64_t put(unsigned thread, unsigned serial)
{
    (void)thread;
    items[serial] = serial + 1;
    return (uint64_t)shelf_put_owner(&shelf, &items[serial]);
}

/* Into any slot that is empty; refused only when all are full: nobody else fills them, so all were full when it looked at the first. */
static bool put_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    for (unsigned i = 0; i < SHELF_SLOTS; i++) {
        if (m->slot[i] || outcome--)
            continue;
        m->slot[i] = (uint8_t)(serial + 1);
        *result = i;
        return true;
    }
    *result = (uint64_t)-1;
    return outcome == 0 && m->slot[0] && m->slot[1] && m->slot[2] && m->slot[3];
}

static uint64_t number_of(uint64_t *item)
{
    uint64_t n;

    if (!item)
        return 0;
    n = *item;
    EXPLORE_CHECK(n == (uint64_t)(item - items) + 1);
    *item = 0;
    return n;
}

static uint64_t take(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return number_of(shelf_take(&shelf));
}

/* Any item that is there, or none: items may move behind the taker's back. That nothing is overlooked at rest, drain checks. */
static bool take_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = 0;
    if (outcome < SHELF_SLOTS) { /* an empty slot: none */
        *result = m->slot[outcome];
        m->slot[outcome] = 0;
    }
    return outcome <= SHELF_SLOTS;
}

static uint64_t take_first(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return number_of(shelf_take_slot(&shelf, 0));
}

static bool take_first_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = m->slot[0];
    m->slot[0] = 0;
    return outcome == 0;
}

static uint64_t is_empty(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return shelf_is_empty(&shelf);
}

/* No snapshot: "empty" may be said although there was something in one slot or another all the time; "not empty" was true. */
static bool is_empty_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = outcome == 0;
    return outcome == 0 || (outcome == 1 && (m->slot[0] || m->slot[1] || m->slot[2] || m->slot[3]));
}

/* Everything that is left, in the order of the slots; and then nothing. */
static uint64_t drain(unsigned thread, unsigned serial)
{
    uint64_t all = 0, n;

    while ((n = take(thread, serial))) {
        EXPLORE_CHECK(n <= ITEMS);
        all = all * 32 + n;
    }
    EXPLORE_CHECK(shelf_is_empty(&shelf));
    return all;
}

static bool drain_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = 0;
    for (int i = 0; i < SHELF_SLOTS; i++)
        if (m->slot[i])
            *result = *result * 32 + m->slot[i];
    return outcome == 0;
}

_Static_assert(SHELF_SLOTS == 4, "the specifications name the slots");

static const struct explore_op ops[] = {
    {"put", put, put_spec, 1},
    {"take", take, take_spec, 0},
    {"take_first", take_first, take_first_spec, 0},
    {"is_empty", is_empty, is_empty_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_op last = {"drain", drain, drain_spec, 0};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"full", make_full}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"empty", {"put put put put put put", "take take take take take take"}},
    {"full", {"put take put take put put", "take take_first take take_first take is_empty"}},
    {"empty", {"put put put put", "take take take take", "take take take take"}},
    {"one", {"put put put", "take take take", "take take take", "take take take_first"}},
    {NULL, {NULL}},
};

static const struct explore_structure structure = {
    .name = "shelf", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &last};

const struct explore_structure *const explore_list[] = {&structure, NULL};
