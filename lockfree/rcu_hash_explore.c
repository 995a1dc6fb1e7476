/* rcu_hash_explore.c: the hash table against a set of keys, while it stands still, grows and shrinks. Arrays are not given back here:
 * when they may be is RCU's business (rcu_hash_test.c). */
#include "lockfree/explore.h"
#include "lockfree/rcu_hash.h"

#define KEYS 8
#define FRESH 4 /* the key that operations insert; 0 and 1 are there from the beginning, by choice */

struct item {
    struct rcu_hash_node node;
    uint64_t key; /* plain: what insert publishes */
};

struct model {
    uint8_t keys; /* bit mask */
};

static struct rcu_hash hash;
static struct rcu_hash_stripe stripe;
static struct item first[2], fresh[EXPLORE_OPS];
static struct qlock_nodes queue[EXPLORE_THREADS];

struct qlock_nodes *qlock_env_nodes(uint32_t cpu) { return &queue[cpu]; }
void rcu_read_lock(void) {}
void rcu_read_unlock(void) {}

static struct rcu_hash_table *array_alloc(size_t bytes)
{
    struct rcu_hash_table *t = explore_alloc(bytes);

    explore_name(t, bytes, 1, "array");
    return t;
}

static void array_keep(struct rcu_hash_table *t)
{
    (void)t;
}

static bool same_key(const struct rcu_hash_node *n, const void *key)
{
    return lf_container_of(n, struct item, node)->key == *(const uint64_t *)key;
}

/* `future`: buckets of the array that a resize has begun to fill, or 0. */
static void make(void *model, uint32_t buckets, uint32_t n, uint32_t future)
{
    struct model *m = model;

    explore_name(&hash, sizeof(hash), 1, "hash");
    explore_name(&stripe, sizeof(stripe), 1, "stripe");
    explore_name(first, sizeof(first[0]), 2, "first");
    explore_name(fresh, sizeof(fresh[0]), EXPLORE_OPS, "fresh");
    qlock_unfair = true; /* the queue is explored in locks_explore.c */
    EXPLORE_CHECK(!rcu_hash_init(&hash, buckets, &stripe, 1, array_alloc, array_keep));
    hash.min_buckets = 1;
    for (uint32_t i = 0; i < n; i++) {
        first[i].key = i;
        rcu_hash_insert(&hash, &first[i].node, i);
        m->keys |= (uint8_t)(1u << i);
    }
    if (!future)
        return;
    hash.table->future = array_alloc(sizeof(struct rcu_hash_table) + future * sizeof(struct rcu_hash_node *));
    hash.table->future->mask = future - 1;
    hash.table->future->left = future;
}

static void make_empty(void *model) { make(model, 1, 0, 0); }
static void make_one(void *model) { make(model, 1, 1, 0); }
static void make_growing(void *model) { make(model, 1, 2, 2); } /* one chain becomes two */
static void make_shrinking(void *model) { make(model, 2, 2, 1); }

static uint64_t find_key(uint64_t key)
{
    return rcu_hash_lookup(&hash, (uint32_t)key, same_key, &key) != NULL;
}

static bool spec_of_find(void *model, unsigned key, unsigned outcome, uint64_t *result)
{
    *result = ((struct model *)model)->keys >> key & 1;
    return outcome == 0;
}

static uint64_t find0(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return find_key(0);
}

static bool find0_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    return spec_of_find(model, 0, outcome, result);
}

static uint64_t find1(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return find_key(1);
}

static bool find1_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    return spec_of_find(model, 1, outcome, result);
}

static uint64_t find_fresh(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return find_key(FRESH);
}

static bool find_fresh_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    return spec_of_find(model, FRESH, outcome, result);
}

/* All operations insert the same key: one wins, until it is removed. */
static uint64_t insert(unsigned thread, unsigned serial)
{
    uint64_t key = FRESH;

    (void)thread;
    fresh[serial].key = FRESH;
    return rcu_hash_insert_unique(&hash, &fresh[serial].node, FRESH, same_key, &key) == NULL;
}

static bool insert_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = !(m->keys >> FRESH & 1);
    m->keys |= 1u << FRESH;
    return outcome == 0;
}

static uint64_t remove0(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return rcu_hash_remove(&hash, &first[0].node);
}

static bool remove0_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = m->keys & 1;
    m->keys &= (uint8_t)~1u;
    return outcome == 0;
}

static uint64_t maintain(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_hash_maintain(&hash, 0);
    return 0;
}

static bool maintain_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)model, (void)thread, (void)serial;
    *result = 0;
    return outcome == 0;
}

/* What is in at the end; and the count agrees. */
static uint64_t contents(unsigned thread, unsigned serial)
{
    uint64_t keys = 0;

    (void)thread, (void)serial;
    for (uint64_t key = 0; key < KEYS; key++)
        keys |= find_key(key) << key;
    EXPLORE_CHECK(rcu_hash_count(&hash) == (uint32_t)__builtin_popcountll(keys));
    return keys;
}

static bool contents_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    *result = ((struct model *)model)->keys;
    return outcome == 0;
}

static const struct explore_op ops[] = {
    {"find0", find0, find0_spec, 0},       {"find1", find1, find1_spec, 0},
    {"find_fresh", find_fresh, find_fresh_spec, 0}, {"insert", insert, insert_spec, 0},
    {"remove0", remove0, remove0_spec, 0}, {"maintain", maintain, maintain_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"growing", make_growing}, {"shrinking", make_shrinking}, {NULL, NULL}};

static const struct explore_op final = {"contents", contents, contents_spec, 0};

static const struct explore_scenario scenarios[] = {
    {"growing", {"find0 find1 find0 find1", "maintain maintain remove0 maintain"}},
    {"growing", {"find0 find_fresh find1", "insert maintain", "remove0 maintain"}},
    {"shrinking", {"find0 find_fresh find0", "insert maintain insert remove0"}},
    {NULL, {NULL}},
};

static const struct explore_structure rcu_hash_structure = {
    .name = "rcu_hash", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&rcu_hash_structure, NULL};
