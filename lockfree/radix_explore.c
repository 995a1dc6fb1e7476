/* radix_explore.c: the tree, two children a node, against three keys: two that all insert, remove and look up at once, one behind them
 * that stays. What insert publishes is read as plain memory by whoever finds it. A walk over keys that change is no snapshot: it only has
 * to find what stays and nothing that was never there. */
#include "lockfree/explore.h"
#include "lockfree/radix.h"

#define NEAR 1u
#define FAR (RADIX_FANOUT + 1u) /* in another leaf of the same parent */
#define LAST (RADIX_MAX - 1)    /* in another half of the tree */
#define LONELY (RADIX_MAX - 3)  /* in a leaf that nobody makes */
#define NOBODY 0xff

struct model {
    uint8_t at[2];  /* number of the object + 1; 0: none */
    uint8_t stays;
};

/* Plain: what the inserter wrote. */
struct object {
    uint32_t number, key;
};

static struct radix_tree tree;
static struct object objects[EXPLORE_OPS + 2];
static struct object *const near_first = &objects[EXPLORE_OPS], *const stays = &objects[EXPLORE_OPS + 1];
static bool no_memory;
static int nodes[EXPLORE_THREADS]; /* made and not given back, by thread */
/* X2: announced before a lookup, looked at after a remove; then by serial what each found and what each removed unannounced. */
static uint32_t announced;
static uint8_t used[EXPLORE_OPS], retired[EXPLORE_OPS];

/* Zeroed by plain stores, as memory from anywhere is. */
static void *node_alloc(size_t size)
{
    struct radix_node *n;

    if (no_memory)
        return NULL;
    nodes[explore_cpu()]++;
    n = explore_alloc(size);
    explore_name(n, size, 1, "node");
    for (unsigned i = 0; i < RADIX_FANOUT; i++)
        n->slot[i] = NULL;
    return n;
}

static void node_free(void *p)
{
    nodes[explore_cpu()]--;
    explore_free(p);
}

static int insert_object(struct object *o, uint32_t key)
{
    o->number = (uint32_t)(o - objects) + 1;
    o->key = key;
    return radix_insert(&tree, key, o);
}

static void make_empty(void *model)
{
    (void)model;
    tree = (struct radix_tree)RADIX_INIT(node_alloc, node_free);
    explore_name(&tree, sizeof(tree), 1, "tree");
    explore_name(objects, sizeof(objects[0]), EXPLORE_OPS + 2, "object");
}

static void make_one(void *model)
{
    struct model *m = model;

    make_empty(model);
    EXPLORE_CHECK(!insert_object(near_first, NEAR));
    m->at[0] = (uint8_t)near_first->number;
}

static void make_last(void *model)
{
    struct model *m = model;

    make_empty(model);
    EXPLORE_CHECK(!insert_object(stays, LAST));
    m->stays = (uint8_t)stays->number;
}

static uint64_t number_of(const struct object *o)
{
    return o ? o->number : 0;
}

static uint64_t insert(uint32_t key, unsigned serial)
{
    return insert_object(&objects[serial], key) == 0;
}

static bool insert_spec(void *model, unsigned slot, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    *result = !m->at[slot];
    if (*result)
        m->at[slot] = (uint8_t)(serial + 1);
    return outcome == 0;
}

static bool remove_spec(void *model, unsigned slot, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    *result = m->at[slot];
    m->at[slot] = 0;
    return outcome == 0;
}

static bool lookup_spec(void *model, unsigned slot, unsigned outcome, uint64_t *result)
{
    *result = ((struct model *)model)->at[slot];
    return outcome == 0;
}

#define SPEC(name, ...)                                                                                                  \
    static bool name##_spec(void *m, unsigned t, unsigned s, unsigned o, uint64_t *r)                                    \
    {                                                                                                                    \
        (void)t, (void)s;                                                                                                \
        return __VA_ARGS__;                                                                                              \
    }

/* The operations on one key. */
#define OPERATIONS(name, key, slot)                                                                                      \
    static uint64_t insert_##name(unsigned t, unsigned s) { (void)t; return insert(key, s); }                            \
    static uint64_t remove_##name(unsigned t, unsigned s) { (void)t, (void)s; return number_of(radix_remove(&tree, key)); } \
    static uint64_t lookup_##name(unsigned t, unsigned s) { (void)t, (void)s; return number_of(radix_lookup(&tree, key)); } \
    SPEC(insert_##name, insert_spec(m, slot, s, o, r))                                                                   \
    SPEC(remove_##name, remove_spec(m, slot, o, r))                                                                      \
    SPEC(lookup_##name, lookup_spec(m, slot, o, r))
OPERATIONS(near, NEAR, 0)
OPERATIONS(far, FAR, 1)

/* Behind FAR only what stays can follow, so this search is exact. */
static uint64_t next_far(unsigned thread, unsigned serial)
{
    uint32_t key = FAR;
    struct object *o = radix_find_next(&tree, &key, RADIX_MAX);

    (void)thread, (void)serial;
    EXPLORE_CHECK(!o || o->key == key);
    return number_of(o);
}

static bool next_far_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = m->at[1] ? m->at[1] : m->stays;
    return outcome == 0;
}

/* From the start to the end, a leaf at a time: ascends, meets what stays, and never looks into a leaf behind the end. */
static uint64_t walk(unsigned thread, unsigned serial)
{
    uint32_t key = 0, before = 0;
    bool met = false;

    (void)thread, (void)serial;
    while (key < RADIX_MAX) {
        uint32_t end = (key | (RADIX_FANOUT - 1)) + 1;
        struct object *o = radix_find_next(&tree, &key, end);

        if (!o) {
            EXPLORE_CHECK(key >= end && key % RADIX_FANOUT == 0);
            continue;
        }
        EXPLORE_CHECK(o->key == key && key < end && key >= before && o->number == (uint32_t)(o - objects) + 1);
        met |= o == stays;
        before = key++;
    }
    EXPLORE_CHECK(met == (stays->number != 0));
    return 0;
}

/* X2. Who announces before it looks is seen by whoever then removes what it found. */
static uint64_t use(unsigned thread, unsigned serial)
{
    struct object *o;

    (void)thread;
    atomic_store_relaxed(&announced, 1);
    atomic_fence_full();
    o = radix_lookup(&tree, NEAR);
    used[serial] = (uint8_t)number_of(o);
    return used[serial];
}
SPEC(use, lookup_spec(m, 0, o, r))

static uint64_t retire(unsigned thread, unsigned serial)
{
    struct object *o = radix_remove(&tree, NEAR);

    (void)thread;
    retired[serial] = atomic_load_relaxed(&announced) ? NOBODY : (uint8_t)number_of(o);
    return number_of(o);
}
SPEC(retire, remove_spec(m, 0, o, r))

/* All that is left, X2, and an insert without memory, which changes nothing. Then every node goes back. */
static uint64_t rest(unsigned thread, unsigned serial)
{
    uint64_t all = radix_lookup(&tree, LAST) == (stays->number ? stays : NULL);
    int left = 0;

    (void)thread, (void)serial;
    for (unsigned i = 0; i < EXPLORE_OPS; i++)
        for (unsigned k = 0; used[i] && k < EXPLORE_OPS; k++)
            EXPLORE_CHECK(used[i] != retired[k]);
    all = all << 8 | number_of(radix_remove(&tree, NEAR));
    all = all << 8 | number_of(radix_remove(&tree, FAR));
    EXPLORE_CHECK(!radix_lookup(&tree, RADIX_MAX) && !radix_remove(&tree, RADIX_MAX) && !radix_remove(&tree, NEAR));
    no_memory = true;
    EXPLORE_CHECK(insert_object(&objects[0], LONELY) == -12 && !radix_lookup(&tree, LONELY));
    radix_destroy(&tree);
    for (unsigned i = 0; i < EXPLORE_THREADS; i++)
        left += nodes[i];
    EXPLORE_CHECK(!tree.root && left == 0);
    return all;
}

static bool rest_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = 1u << 16 | m->at[0] << 8 | m->at[1];
    return outcome == 0;
}

#define OP(name) {#name, name, name##_spec, 0}

static const struct explore_op ops[] = {
    OP(insert_near), OP(remove_near), OP(lookup_near), OP(insert_far), OP(remove_far), OP(lookup_far), OP(next_far),
    {"walk", walk, NULL, 0}, OP(use), OP(retire), {NULL, NULL, NULL, 0}};

static const struct explore_initial initials[] = {{"empty", make_empty}, {"one", make_one}, {"last", make_last}, {NULL, NULL}};

static const struct explore_op final = {"rest", rest, rest_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"one", {"remove_near insert_near remove_near insert_near", "insert_near lookup_near remove_near lookup_near"}},
    {"one", {"insert_far remove_near", "insert_far lookup_near"}},
    {"last", {"insert_near remove_near insert_far", "walk next_far walk"}},
    {NULL, {NULL}},
};

static const struct explore_structure radix_structure = {
    .name = "radix", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&radix_structure, NULL};
