/* fairq_explore.c: the fair queue against a set of nodes whose order is their number. Everything but fair_node_is_queued is the owner's alone,
 * so its operations share a thread, and most of what is looked for here is sequential: long rows of changes, each compared with the set.
 * Beside them other CPUs ask whether a node is queued. */
#include "lockfree/explore.h"

#define CHECK EXPLORE_CHECK
#include "percpu/check_fairq.h"

#define NODES 36 /* more than fit in the arrays */
#define LATER 28 /* free in every initial state, as all behind it */
#define WATCHED 20 /* its neighbours in the arrays or in the tree come and go too */
#define CHANGES 48 /* in a long row */

struct model {
    uint64_t in; /* bit mask */
};

static struct fairq queue;
static struct fair_node node[NODES];
static uint32_t word; /* the owner's: 0 as long as WATCHED has not left */

static uint64_t bit(unsigned i)
{
    return 1ull << i;
}

/* Keys ascend across the wrap; some are equal in pairs. */
static uint64_t key_of(unsigned i)
{
    return (uint64_t)-100 + (i < 8 ? 10 * i : 10 * (i / 2 * 2));
}

/* Early and late deadlines in no order, never before the key. */
static uint64_t deadline_of(unsigned i)
{
    return key_of(i) + i * 29 % 97;
}

static void insert_node(unsigned i)
{
    node[i].key = key_of(i);
    node[i].deadline = deadline_of(i);
    fairq_insert(&queue, &node[i]);
}

static void remove_node(struct fair_node *n)
{
    if (fairq_is_sole(&queue, n))
        fairq_remove_sole(&queue, n);
    else
        fairq_remove(&queue, n);
}

static void make(void *model, unsigned inserted, unsigned removed)
{
    struct model *m = model;

    explore_name(&queue, sizeof(queue), 1, "queue");
    explore_name(node, sizeof(node[0]), NODES, "node");
    for (unsigned i = 0; i < NODES; i++) {
        node[i].slot = 1; /* garbage: init is what makes it free */
        fair_node_init(&node[i]);
    }
    for (unsigned i = 0; i < inserted; i++)
        insert_node((i * 11 + 3) % LATER);
    for (unsigned i = 0; i < removed; i++)
        remove_node(&node[(i * 11 + 3) % LATER]);
    for (unsigned i = removed; i < inserted; i++)
        m->in |= bit((i * 11 + 3) % LATER);
}

static void make_empty(void *model) { make(model, 0, 0); }
static void make_few(void *model) { make(model, 6, 0); }
static void make_full(void *model) { make(model, FAIRQ_FLAT, 0); }
static void make_tree(void *model) { make(model, LATER, FAIRQ_FLAT - 2); } /* two in the arrays, the rest beyond them */

/* The node among `in` with the earliest key, or deadline; NODES when there is none. */
static unsigned first_of(uint64_t in, uint64_t (*of)(unsigned))
{
    unsigned best = NODES;

    for (unsigned i = 0; i < NODES; i++)
        if (in & bit(i) && (best == NODES || fairq_key_before(of(i), of(best))))
            best = i;
    return best;
}

static uint64_t eligible(uint64_t in, uint64_t v)
{
    for (unsigned i = 0; i < NODES; i++)
        if (fairq_key_before(v, key_of(i)))
            in &= ~bit(i);
    return in;
}

static void compare(const struct fair_node *n, uint64_t in, uint64_t (*of)(unsigned))
{
    unsigned want = first_of(in, of);

    EXPLORE_CHECK(want == NODES ? !n : n && in & bit((unsigned)(n - node)) && of((unsigned)(n - node)) == of(want));
}

static void look(uint64_t in, unsigned at)
{
    const struct fair_node *late = fairq_late(&queue);
    uint64_t met = 0;

    check_fairq(&queue);
    for (const struct fair_node *n = fairq_next(&queue, NULL); n; n = fairq_next(&queue, n)) {
        EXPLORE_CHECK(in & ~met & bit((unsigned)(n - node)));
        met |= bit((unsigned)(n - node));
    }
    EXPLORE_CHECK(met == in && queue.total == (uint32_t)__builtin_popcountll(in));
    EXPLORE_CHECK(!late == !in && (!late || in & bit((unsigned)(late - node))));
    compare(fairq_min(&queue), in, key_of);
    compare(fairq_pick_eligible(&queue, key_of(at)), eligible(in, key_of(at)), deadline_of);
    compare(fairq_first_after(&queue, key_of(at)), in & ~eligible(in, key_of(at)), key_of);
}

static uint64_t queued_mask(void)
{
    uint64_t in = 0;

    for (unsigned i = 0; i < NODES; i++)
        in |= fair_node_is_queued(&node[i]) ? bit(i) : 0;
    return in;
}

static void toggle(unsigned i)
{
    if (fair_node_is_queued(&node[i]))
        remove_node(&node[i]);
    else
        insert_node(i);
}

#include "percpu/explore_fair_nodes.h"

/* The smallest goes, as when it is run. */
static uint64_t take(unsigned thread, unsigned serial)
{
    struct fair_node *n = fairq_min(&queue);

    (void)thread, (void)serial;
    if (n)
        remove_node(n);
    look(queued_mask(), 0);
    return n ? n->key : 0;
}

/* Of equal keys any may go: the set says which outcomes there are. */
static bool take_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;
    unsigned least = first_of(m->in, key_of), i = least + outcome;

    (void)thread, (void)serial;
    *result = 0;
    if (least == NODES)
        return outcome == 0;
    if (i >= NODES || !(m->in & bit(i)) || key_of(i) != key_of(least))
        return false;
    m->in &= ~bit(i);
    *result = key_of(i);
    return true;
}

/* In the order of their keys until nothing is left. */
static uint64_t drain(unsigned thread, unsigned serial)
{
    uint64_t in = queued_mask();
    struct fair_node *n;

    (void)thread, (void)serial;
    for (uint64_t left = in; (n = fairq_min(&queue)); left &= ~bit((unsigned)(n - node))) {
        look(left, NODES - 1);
        remove_node(n);
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
    {"empty", make_empty}, {"few", make_few}, {"full", make_full}, {"tree", make_tree}, {NULL, NULL}};

static const struct explore_op final = {"drain", drain, drain_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"tree", {"watched row watched", "ask ask ask", "ask ask"}},
    {NULL, {NULL}},
};

static const struct explore_structure structure = {
    .name = "fairq", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

static const struct explore_op hint_ops[] = {{"leave", leave, leave_spec, 1}, {"act", act, NULL, 0}, {NULL, NULL, NULL, 0}};
static const struct explore_initial hint_initials[] = {{"tree", make_tree}, {NULL, NULL}};
static const struct explore_structure hint = {.name = "fairq, hint", .ops = hint_ops, .initials = hint_initials, .final = &final};

const struct explore_structure *const explore_list[] = {&structure, &hint, NULL};
