/* fair_calendar_explore.c: the calendar and the fair queue beside it against a set of nodes. As in fairq_explore.c everything but
 * fair_node_is_queued is the owner's alone: long rows of changes, each compared with a plain search, beside CPUs that ask whether a
 * node is queued. */
#include "lockfree/explore.h"

#define CHECK EXPLORE_CHECK
#include "percpu/check_fair_calendar.h"

#define NODES 28
#define LATER 22   /* free in every initial state, as all behind it */
#define WATCHED 12 /* its neighbours in its day come and go too */
#define CHANGES 48 /* in a long row */
#define SHIFT 5
#define WHOLE 700

struct model {
    uint64_t in; /* bit mask */
};

static struct fair_calendar calendar;
static struct fairq rest;
static struct fair_node node[NODES];
static uint32_t word; /* the owner's: 0 as long as WATCHED has not left */

static uint64_t bit(unsigned i)
{
    return 1ull << i;
}

/* Three to a day, across the wrap; the last is beyond the calendar's days. */
static uint64_t key_of(unsigned i)
{
    return (uint64_t)-128 + (i == NODES - 1 ? CALENDAR_DAYS << SHIFT : i * 11);
}

/* Some ask for other than a whole request. */
static uint64_t deadline_of(unsigned i)
{
    return key_of(i) + (i % 7 == 5 ? 40 * i : WHOLE);
}

static void toggle(unsigned i)
{
    if (fair_node_is_queued(&node[i])) {
        calendar_remove(&calendar, &rest, &node[i]);
        return;
    }
    node[i].key = key_of(i);
    node[i].deadline = deadline_of(i);
    calendar_insert(&calendar, &rest, &node[i], WHOLE);
}

/* `inserted` nodes, without the first `removed` of them. */
static void make(void *model, unsigned inserted, unsigned removed)
{
    struct model *m = model;

    explore_name(&calendar, sizeof(calendar), 1, "calendar");
    explore_name(&rest, sizeof(rest), 1, "rest");
    explore_name(node, sizeof(node[0]), NODES, "node");
    calendar.shift = SHIFT;
    for (unsigned i = 0; i < NODES; i++) {
        node[i].slot = 1; /* garbage: init is what makes it free */
        fair_node_init(&node[i]);
    }
    for (unsigned i = 0; i < inserted; i++)
        toggle((i * 5 + 1) % LATER);
    for (unsigned i = 0; i < removed; i++)
        toggle((i * 5 + 1) % LATER);
    for (unsigned i = removed; i < inserted; i++)
        m->in |= bit((i * 5 + 1) % LATER);
}

static void make_empty(void *model) { make(model, 0, 0); }
static void make_few(void *model) { make(model, CALENDAR_FROM - 1, 0); }
static void make_both(void *model) { make(model, LATER, 0); }
static void make_calendar(void *model) { make(model, LATER, CALENDAR_FROM); } /* nearly all are in it */

static uint64_t queued_mask(void)
{
    uint64_t in = 0;

    for (unsigned i = 0; i < NODES; i++)
        in |= fair_node_is_queued(&node[i]) ? bit(i) : 0;
    return in;
}

static void look(uint64_t in, unsigned at)
{
    EXPLORE_CHECK(queued_mask() == in);
    check_calendar(&calendar, &rest, node, NODES);
    check_calendar_found(&calendar, &rest, node, NODES, key_of(at));
}

#include "percpu/explore_fair_nodes.h"

/* Who is due goes, as when it is run. */
static uint64_t take(unsigned thread, unsigned serial)
{
    struct fair_node *n = calendar_due(&calendar, &rest);

    (void)thread, (void)serial;
    if (!n)
        return NODES;
    calendar_remove(&calendar, &rest, n);
    look(queued_mask(), 0);
    return (uint64_t)(n - node);
}

static bool is_due(uint64_t in, unsigned i)
{
    if (i >= NODES || !(in & bit(i)))
        return false;
    for (unsigned j = 0; j < NODES; j++)
        if (in & bit(j) && !fairq_key_before(deadline_of(i), deadline_of(j) + (1u << SHIFT)))
            return false;
    return true;
}

/* Any of those within a day of the earliest: the outcome is its number among them. */
static bool take_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    for (unsigned i = 0; i < NODES; i++) {
        if (!is_due(m->in, i) || outcome--)
            continue;
        m->in &= ~bit(i);
        *result = i;
        return true;
    }
    *result = NODES;
    return !m->in && outcome == 0;
}

/* In the order of their keys, but for a day, until nothing is left. */
static uint64_t drain(unsigned thread, unsigned serial)
{
    uint64_t in = queued_mask();
    struct fair_node *n;

    (void)thread, (void)serial;
    for (uint64_t left = in; (n = calendar_min(&calendar, &rest)); left &= ~bit((unsigned)(n - node))) {
        look(left, NODES - 1);
        calendar_remove(&calendar, &rest, n);
    }
    EXPLORE_CHECK(!queued_mask());
    return in;
}

static bool drain_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    *result = ((struct model *)model)->in;
    return outcome == 0;
}

static const struct explore_op ops[] = {
    {"row", row, row_spec, 1},   {"next", next, next_spec, 1}, {"watched", watched, watched_spec, 1},
    {"take", take, take_spec, 1}, {"ask", ask, ask_spec, 0},    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"few", make_few}, {"both", make_both}, {"calendar", make_calendar}, {NULL, NULL}};

static const struct explore_op final = {"drain", drain, drain_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"calendar", {"watched row watched", "ask ask ask", "ask ask"}},
    {NULL, {NULL}},
};

static const struct explore_structure structure = {
    .name = "fair_calendar", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

static const struct explore_op hint_ops[] = {{"leave", leave, leave_spec, 1}, {"act", act, NULL, 0}, {NULL, NULL, NULL, 0}};
static const struct explore_initial hint_initials[] = {{"calendar", make_calendar}, {NULL, NULL}};
static const struct explore_structure hint = {
    .name = "fair_calendar, hint", .ops = hint_ops, .initials = hint_initials, .final = &final};

const struct explore_structure *const explore_list[] = {&structure, &hint, NULL};
