/* deque_explore.c: the deque against a plain row of element numbers. The owner pushes and pops, anybody else steals. Two slots, so that
 * full and wrapping are always near; the indices start before their wrap-around. */
#include "lockfree/deque.h"
#include "lockfree/explore.h"

#define SLOTS 2
#define ITEMS (EXPLORE_OPS + SLOTS)
#define OWNER 1 /* role */

struct model {
    uint8_t n;
    uint8_t item[SLOTS]; /* the oldest first */
};

static struct deque deque;
static void *slots[SLOTS];
static uint64_t items[ITEMS]; /* plain: what a push publishes */

static void make(void *model, unsigned before, unsigned n)
{
    struct model *m = model;

    explore_name(&deque, sizeof(deque), 1, "deque");
    explore_name(slots, sizeof(slots[0]), SLOTS, "slot");
    explore_name(items, sizeof(items[0]), ITEMS, "item");
    deque_init(&deque, slots, SLOTS);
    deque.top = deque.bottom = deque.top_seen = (uint64_t)-(int64_t)before;
    for (unsigned i = 0; i < n; i++) {
        items[EXPLORE_OPS + i] = EXPLORE_OPS + i + 1;
        EXPLORE_CHECK(deque_push_owner(&deque, &items[EXPLORE_OPS + i]));
        m->item[m->n++] = (uint8_t)(EXPLORE_OPS + i);
    }
}

static void make_empty(void *model)
{
    make(model, 4, 0);
}

static void make_one(void *model)
{
    make(model, 4, 1);
}

static void make_full(void *model)
{
    make(model, 4, SLOTS);
}

static void make_wrap(void *model)
{
    make(model, 1, 1);
}

static uint64_t number(void *object)
{
    uint64_t *item = object;

    if (!item)
        return 0;
    EXPLORE_CHECK(*item == (uint64_t)(item - items) + 1);
    *item = 0;
    return (uint64_t)(item - items) + 1;
}

static uint64_t push(unsigned thread, unsigned serial)
{
    (void)thread;
    items[serial] = serial + 1;
    return deque_push_owner(&deque, &items[serial]);
}

static bool push_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    *result = m->n < SLOTS;
    if (*result)
        m->item[m->n++] = (uint8_t)serial;
    return outcome == 0;
}

static uint64_t pop(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return number(deque_pop_owner(&deque));
}

static bool pop_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = m->n ? m->item[m->n - 1] + 1u : 0;
    if (m->n)
        m->item[--m->n] = 0;
    return outcome == 0;
}

static uint64_t steal(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return number(deque_steal(&deque));
}

static bool steal_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = m->n ? m->item[0] + 1u : 0;
    if (m->n) {
        m->item[0] = m->item[1];
        m->item[--m->n] = 0;
    }
    return outcome == 0;
}

/* The owner is told at least what is there. */
static uint64_t count(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return deque_count(&deque);
}

static bool count_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    const struct model *m = model;

    (void)thread, (void)serial;
    *result = m->n + outcome;
    return *result <= SLOTS;
}

/* Anybody else: any answer. */
static uint64_t hint(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    EXPLORE_CHECK(deque_count(&deque) < 1u << 31);
    return 0;
}

static uint64_t drain(unsigned thread, unsigned serial)
{
    uint64_t all = 0, one;

    while ((one = pop(thread, serial)))
        all = all * 32 + one;
    return all;
}

static bool drain_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    uint64_t all = 0, one;

    while (pop_spec(model, thread, serial, 0, &one), one)
        all = all * 32 + one;
    *result = all;
    return outcome == 0;
}

static const struct explore_op ops[] = {
    {"push", push, push_spec, OWNER},
    {"pop", pop, pop_spec, OWNER},
    {"count", count, count_spec, OWNER},
    {"steal", steal, steal_spec, 0},
    {"hint", hint, NULL, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"full", make_full}, {"wrap", make_wrap}, {NULL, NULL}};

static const struct explore_op final = {"drain", drain, drain_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"empty", {"push push pop push pop pop", "steal steal steal steal steal steal"}},
    {"full", {"pop push pop push pop push", "steal steal steal steal steal steal"}},
    {"wrap", {"push pop push pop", "steal steal steal steal", "steal steal steal steal"}},
    {"full", {"pop push pop pop", "steal steal steal steal", "steal steal steal steal"}},
    {"one", {"pop push pop", "steal steal steal", "steal steal steal", "steal steal steal"}},
    {NULL, {NULL}},
};

static const struct explore_structure deque_structure = {
    .name = "deque", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&deque_structure, NULL};
