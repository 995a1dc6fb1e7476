/* inbox_explore.c: the inbox and the walk of a detached list against a plain stack of element numbers. */
#include "lockfree/explore.h"
#include "lockfree/inbox.h"

#define NODES (EXPLORE_OPS + 4)

struct item {
    struct inbox_node node;
    uint64_t payload; /* plain: what a push publishes */
};

struct model {
    uint8_t n;
    uint8_t item[NODES]; /* newest last */
};

static struct inbox inbox;
static struct item items[NODES];

static void push_item(unsigned i)
{
    items[i].payload = i + 1;
    inbox_node_init(&items[i].node);
    inbox_push_mpsc(&inbox, &items[i].node);
}

static void make(void *model, unsigned n)
{
    struct model *m = model;

    explore_name(&inbox, sizeof(inbox), 1, "inbox");
    explore_name(items, sizeof(items[0]), NODES, "item");
    for (unsigned i = 0; i < n; i++) {
        push_item(EXPLORE_OPS + i);
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

static void make_three(void *model)
{
    make(model, 3);
}

static uint64_t push(unsigned thread, unsigned serial)
{
    (void)thread;
    items[serial].payload = serial + 1;
    inbox_node_init(&items[serial].node);
    return inbox_push_mpsc(&inbox, &items[serial].node);
}

static bool push_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    *result = m->n == 0;
    m->item[m->n++] = (uint8_t)serial;
    return outcome == 0;
}

/* The elements as digits, in the order of the walk; reads each payload and checks it. */
static uint64_t digits(struct inbox_node *n)
{
    uint64_t all = 0;

    while (n) {
        struct item *i = lf_container_of(n, struct item, node);

        EXPLORE_CHECK(i->payload == (uint64_t)(i - items) + 1);
        i->payload = 0;
        all = all * 32 + (uint64_t)(i - items) + 1;
        n = inbox_take_next(n);
    }
    return all;
}

static uint64_t detach(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return digits(inbox_detach_all(&inbox));
}

static bool detach_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = 0;
    for (; m->n; m->item[m->n] = 0)
        *result = *result * 32 + m->item[--m->n] + 1;
    return outcome == 0;
}

static uint64_t detach_reversed(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return digits(inbox_reverse(inbox_detach_all(&inbox)));
}

static bool detach_reversed_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;
    unsigned n = m->n;

    (void)thread;
    (void)serial;
    *result = 0;
    for (unsigned i = 0; i < n; m->item[i++] = 0)
        *result = *result * 32 + m->item[i] + 1;
    m->n = 0;
    return outcome == 0;
}

static uint64_t is_empty(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return inbox_is_empty(&inbox);
}

static bool is_empty_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = m->n == 0;
    return outcome == 0;
}

static const struct explore_op ops[] = {
    {"push", push, push_spec, 0},
    {"detach", detach, detach_spec, 0},
    {"detach_reversed", detach_reversed, detach_reversed_spec, 0},
    {"is_empty", is_empty, is_empty_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"three", make_three}, {NULL, NULL}};

static const struct explore_op drain = {"drain", detach, detach_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"empty", {"push push push detach push push", "push detach push push detach push"}},
    {"one", {"push push push push push push", "detach detach detach detach_reversed is_empty detach"}},
    {"empty", {"push push push push", "push push push push", "detach detach detach detach_reversed"}},
    {"one", {"push detach push detach", "push detach push detach", "push push detach is_empty"}},
    {"empty", {"push push push", "push push push", "push push push", "detach detach detach"}},
    {"one", {"push detach push", "push detach push", "push detach"}},
    {NULL, {NULL}},
};

static const struct explore_structure inbox_structure = {
    .name = "inbox", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &drain};

const struct explore_structure *const explore_list[] = {&inbox_structure, NULL};
