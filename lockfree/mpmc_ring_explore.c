/* mpmc_ring_explore.c: the ring against a plain queue of element numbers. Two cells. One that stands still between its CAS and its store
 * makes others fail (mpmc_ring.h, Progress): beside others a push may say full and a pop may say empty at any time, and then has changed
 * nothing; alone, at the end, they must not. */
#include "lockfree/explore.h"
#include "lockfree/mpmc_ring.h"

#define CELLS 2
#define ITEMS (EXPLORE_OPS + CELLS)

struct model {
    uint8_t n;
    uint8_t item[CELLS]; /* the oldest first */
};

static struct mpmc_ring ring;
static struct mpmc_cell cells[CELLS];
static uint64_t items[ITEMS]; /* plain: what a push publishes */

static void make(void *model, unsigned n)
{
    struct model *m = model;

    explore_name(&ring, sizeof(ring), 1, "ring");
    explore_name(cells, sizeof(cells[0]), CELLS, "cell");
    explore_name(items, sizeof(items[0]), ITEMS, "item");
    mpmc_ring_init(&ring, cells, CELLS);
    for (unsigned i = 0; i < CELLS; i++)
        EXPLORE_CHECK(cells[(ring.tail + i) & (CELLS - 1)].turn == ring.tail + i);
    for (unsigned i = 0; i < n; i++) {
        items[EXPLORE_OPS + i] = EXPLORE_OPS + i + 1;
        EXPLORE_CHECK(mpmc_ring_push_mpmc(&ring, &items[EXPLORE_OPS + i]));
        m->item[m->n++] = (uint8_t)(EXPLORE_OPS + i);
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
    make(model, CELLS);
}

/* The next push and the one after it lie on both sides of the wrap of the positions. */
static void make_wrap(void *model)
{
    make(model, 0);
    ring.tail = ring.head = UINT64_MAX;
    for (unsigned i = 0; i < CELLS; i++)
        cells[(ring.tail + i) & ring.mask].turn = ring.tail + i;
}

static uint64_t push(unsigned thread, unsigned serial)
{
    (void)thread;
    items[serial] = serial + 1;
    return mpmc_ring_push_mpmc(&ring, &items[serial]);
}

static bool push_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    *result = outcome == 0 && m->n < CELLS;
    if (*result)
        m->item[m->n++] = (uint8_t)serial;
    return outcome < 2;
}

static uint64_t pop(unsigned thread, unsigned serial)
{
    uint64_t *item = mpmc_ring_pop_mpmc(&ring);

    (void)thread, (void)serial;
    if (!item)
        return 0;
    EXPLORE_CHECK(*item == (uint64_t)(item - items) + 1);
    *item = 0;
    return (uint64_t)(item - items) + 1;
}

static bool pop_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = outcome == 0 && m->n ? m->item[0] + 1u : 0;
    if (*result) {
        m->item[0] = m->item[1];
        m->item[--m->n] = 0;
    }
    return outcome < 2;
}

static uint64_t ask(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return mpmc_ring_is_empty(&ring);
}

/* Any answer, at any time. */
static bool ask_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)model, (void)thread, (void)serial;
    *result = outcome;
    return outcome < 2;
}

/* Everything that is left, then as much as there is room for. */
static uint64_t drain(unsigned thread, unsigned serial)
{
    uint64_t all = 0, one;

    EXPLORE_CHECK(mpmc_ring_is_empty(&ring) == (ring.head == ring.tail));
    while ((one = pop(thread, serial)))
        all = all * 32 + one;
    for (unsigned i = 0; i < CELLS; i++)
        EXPLORE_CHECK(mpmc_ring_push_mpmc(&ring, &items[i]));
    EXPLORE_CHECK(!mpmc_ring_push_mpmc(&ring, &items[0]));
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
    {"push", push, push_spec, 0},
    {"pop", pop, pop_spec, 0},
    {"ask", ask, ask_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"full", make_full}, {"wrap", make_wrap}, {NULL, NULL}};

static const struct explore_op final = {"drain", drain, drain_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"empty", {"push push pop push pop pop", "pop push pop push push pop"}},
    {"wrap", {"push push push push push push", "pop pop pop pop pop pop"}},
    {"one", {"push pop push pop", "pop push pop push", "pop pop push push"}},
    {"full", {"pop push pop push", "pop push pop push", "push pop push pop"}},
    {"one", {"push pop push", "pop push pop", "push push push", "pop pop pop"}},
    {NULL, {NULL}},
};

static const struct explore_structure ring_structure = {
    .name = "mpmc_ring", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&ring_structure, NULL};
