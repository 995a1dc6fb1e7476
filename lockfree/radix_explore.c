/* radix_explore.c: the tree against two keys in different leaves. All insert, remove and look up at once; what insert publishes is read
 * as plain memory by whoever finds it. Walks read a thousand slots, which is more than can be explored: radix_test.c. */
#include "lockfree/explore.h"
#include "lockfree/radix.h"

#define NEAR 1u
#define FAR (RADIX_FANOUT + 1u) /* in another leaf of the same parent */

struct model {
    uint8_t at[2]; /* number of the object + 1; 0: none */
};

static struct radix_tree tree;
static uint64_t objects[EXPLORE_OPS + 1]; /* plain: number + 1 */

static void *node_alloc(size_t size)
{
    return explore_alloc(size);
}

static void node_free(void *p)
{
    explore_free(p);
}

static void make_empty(void *model)
{
    (void)model;
    tree = (struct radix_tree)RADIX_INIT(node_alloc, node_free);
    explore_name(&tree, sizeof(tree), 1, "tree");
    explore_name(objects, sizeof(objects[0]), EXPLORE_OPS + 1, "object");
}

static void make_one(void *model)
{
    struct model *m = model;

    make_empty(model);
    objects[EXPLORE_OPS] = EXPLORE_OPS + 1;
    EXPLORE_CHECK(!radix_insert(&tree, NEAR, &objects[EXPLORE_OPS]));
    m->at[0] = EXPLORE_OPS + 1;
}

static uint64_t number_of(const uint64_t *object)
{
    return object ? *object : 0;
}

static uint64_t insert(uint32_t key, unsigned serial)
{
    objects[serial] = serial + 1;
    return radix_insert(&tree, key, &objects[serial]) == 0;
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

/* The operations on one key. */
#define OPERATIONS(name, key, slot)                                                                                      \
    static uint64_t insert_##name(unsigned t, unsigned s) { (void)t; return insert(key, s); }                            \
    static uint64_t remove_##name(unsigned t, unsigned s) { (void)t, (void)s; return number_of(radix_remove(&tree, key)); } \
    static uint64_t lookup_##name(unsigned t, unsigned s) { (void)t, (void)s; return number_of(radix_lookup(&tree, key)); } \
    static bool insert_##name##_spec(void *m, unsigned t, unsigned s, unsigned o, uint64_t *r)                           \
    {                                                                                                                    \
        (void)t;                                                                                                         \
        return insert_spec(m, slot, s, o, r);                                                                            \
    }                                                                                                                    \
    static bool remove_##name##_spec(void *m, unsigned t, unsigned s, unsigned o, uint64_t *r)                           \
    {                                                                                                                    \
        (void)t, (void)s;                                                                                                \
        return remove_spec(m, slot, o, r);                                                                               \
    }                                                                                                                    \
    static bool lookup_##name##_spec(void *m, unsigned t, unsigned s, unsigned o, uint64_t *r)                           \
    {                                                                                                                    \
        (void)t, (void)s;                                                                                                \
        return lookup_spec(m, slot, o, r);                                                                               \
    }
OPERATIONS(near, NEAR, 0)
OPERATIONS(far, FAR, 1)

static const struct explore_op ops[] = {
    {"insert_near", insert_near, insert_near_spec, 0}, {"remove_near", remove_near, remove_near_spec, 0},
    {"lookup_near", lookup_near, lookup_near_spec, 0}, {"insert_far", insert_far, insert_far_spec, 0},
    {"remove_far", remove_far, remove_far_spec, 0},    {"lookup_far", lookup_far, lookup_far_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {{"empty", make_empty}, {"one", make_one}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"one", {"remove_near insert_near remove_near insert_near", "insert_near lookup_near remove_near lookup_near"}},
    {"one", {"insert_far remove_near", "insert_far lookup_near"}},
    {NULL, {NULL}},
};

static const struct explore_structure radix_structure = {
    .name = "radix", .ops = ops, .initials = initials, .scenarios = scenarios};

const struct explore_structure *const explore_list[] = {&radix_structure, NULL};
