/* rcu_hash_explore.c: the hash table against a set of keys: while it stands still, while it grows and shrinks, with nodes that are inserted
 * again at once, and with arrays that are freed when the last reader who may know them has left. What RCU itself does is explored in
 * rcu_core_explore.c, the queue of the locks in locks_explore.c. */
#include "lockfree/explore.h"
#include "lockfree/rcu_hash.h"

#define KEYS 8
#define STRIPES 4
#define FRESH 4  /* the key that operations insert; 0, 1 and 2 are there from the beginning, by choice */
#define ABSENT 3 /* nobody inserts it; in the chain of 1 */
#define OTHER 6  /* comes and goes within an operation; in the chain of FRESH */
#define AGAIN 5  /* the hash under which node 0 comes back: another chain, another stripe */
#define GARBAGE 0x5a5a5a58u
#define GIVEN_BACK 3 /* arrays, at most */
#define ALL_THREADS ((1u << EXPLORE_THREADS) - 1)

struct item {
    struct rcu_hash_node node;
    uint64_t key; /* plain: what insert publishes */
};

struct model {
    uint8_t keys; /* bit mask */
    uint8_t took; /* bit mask of the threads that have node 0 in hand */
};

static struct rcu_hash hash;
static struct rcu_hash_stripe stripes[STRIPES];
static struct item first[3], fresh[EXPLORE_OPS], others[EXPLORE_OPS];
static struct qlock_nodes queue[EXPLORE_THREADS];
static int sections[EXPLORE_THREADS]; /* read sections, by thread */
static bool took[EXPLORE_THREADS];

/* Grace periods, where arrays are freed: who is in a section, and who may still know an array that was given back. */
static bool freeing;
static uint32_t inside, given_back, may_know[GIVEN_BACK];
static struct rcu_hash_table *gone[GIVEN_BACK];
static int arrays[EXPLORE_THREADS]; /* made and not freed, by thread */

/* Every lock and unlock asks: preemption must be off. */
struct qlock_nodes *qlock_env_nodes(uint32_t cpu)
{
    EXPLORE_CHECK(sections[explore_cpu()] > 0);
    return &queue[cpu];
}

static void forgets(uint32_t i, uint32_t who)
{
    uint32_t before = atomic_fetch_and_full(&may_know[i], ~who);

    if (before && !(before & ~who)) {
        arrays[explore_cpu()]--;
        explore_free(gone[i]);
    }
}

void rcu_read_lock(void)
{
    if (!sections[explore_cpu()]++ && freeing)
        (void)atomic_fetch_or_full(&inside, 1u << explore_cpu());
}

void rcu_read_unlock(void)
{
    uint32_t me = 1u << explore_cpu();

    EXPLORE_CHECK(sections[explore_cpu()] > 0);
    if (--sections[explore_cpu()] || !freeing)
        return;
    (void)atomic_fetch_and_full(&inside, ~me);
    for (uint32_t i = 0; i < atomic_load_acquire(&given_back); i++)
        forgets(i, me);
}

static void array_free_later(struct rcu_hash_table *t)
{
    uint32_t i = 0;

    if (!freeing)
        return;
    while (!atomic_cas_full(&given_back, &i, i + 1))
        ;
    EXPLORE_CHECK(i < GIVEN_BACK);
    gone[i] = t;
    atomic_store_relaxed(&may_know[i], ALL_THREADS);
    atomic_fence_full();
    forgets(i, ~atomic_load_acquire(&inside) & ALL_THREADS);
}

static struct rcu_hash_table *array_alloc(size_t bytes)
{
    struct rcu_hash_table *t = explore_alloc(bytes);

    EXPLORE_CHECK(!sections[explore_cpu()]); /* it may sleep */
    explore_name(t, bytes, 1, "array");
    arrays[explore_cpu()]++;
    return t;
}

static bool same_key(const struct rcu_hash_node *n, const void *key)
{
    return lf_container_of(n, struct item, node)->key == *(const uint64_t *)key;
}

/* Its memory was somebody else's before. */
static struct item *item_make(struct item *i, uint64_t key)
{
    i->node.next = (struct rcu_hash_node *)(uintptr_t)GARBAGE;
    i->node.hash = GARBAGE;
    i->key = key;
    return i;
}

/* `future`: buckets of the array that a resize has begun to fill, or 0. */
static void make(void *model, uint32_t buckets, uint32_t nr_stripes, uint32_t n, uint32_t future)
{
    struct model *m = model;

    explore_name(&hash, sizeof(hash), 1, "hash");
    explore_name(stripes, sizeof(stripes[0]), STRIPES, "stripe");
    explore_name(first, sizeof(first[0]), 3, "first");
    explore_name(fresh, sizeof(fresh[0]), EXPLORE_OPS, "fresh");
    qlock_unfair = true;
    EXPLORE_CHECK(!rcu_hash_init(&hash, buckets, stripes, nr_stripes, array_alloc, array_free_later));
    hash.min_buckets = nr_stripes;
    for (uint32_t i = 0; i < n; i++) {
        rcu_hash_insert(&hash, &item_make(&first[i], i)->node, i);
        m->keys |= (uint8_t)(1u << i);
    }
    if (!future)
        return;
    hash.table->future = array_alloc(sizeof(struct rcu_hash_table) + future * sizeof(struct rcu_hash_node *));
    hash.table->future->mask = future - 1;
    hash.table->future->left = future;
}

static void make_empty(void *model) { make(model, 1, 1, 0, 0); }
static void make_one(void *model) { make(model, 1, 1, 1, 0); }
static void make_growing(void *model) { make(model, 1, 1, 2, 2); }   /* one chain becomes two */
static void make_shrinking(void *model) { make(model, 2, 1, 2, 1); } /* two become one */
static void make_widening(void *model) { make(model, 4, 4, 2, 8); }  /* two movers, with two locks each */
static void make_crowded(void *model) { make(model, 1, 1, 3, 0); }   /* too many for a bucket: it asks for a resize */
static void make_apart(void *model) { make(model, 2, 2, 1, 0); }

static void make_crowded_freeing(void *model)
{
    make_crowded(model);
    freeing = true;
}

static void make_growing_freeing(void *model)
{
    make_growing(model);
    freeing = true;
}

#define RUN(name, ...)                                                                             \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread, (void)serial;                                                                \
        __VA_ARGS__                                                                                \
    }
#define SPEC(name, ...)                                                                            \
    static bool name##_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result) \
    {                                                                                              \
        struct model *m = model;                                                                   \
                                                                                                   \
        (void)m, (void)thread, (void)serial;                                                       \
        *result = 0;                                                                               \
        __VA_ARGS__                                                                                \
        return outcome == 0;                                                                       \
    }

static uint64_t find(uint64_t key, uint32_t at)
{
    bool found;

    rcu_read_lock();
    found = rcu_hash_lookup(&hash, at, same_key, &key) != NULL;
    rcu_read_unlock();
    return found;
}

#define FIND(name, which)                                                                          \
    RUN(name, return find(which, which);)                                                          \
    SPEC(name, *result = m->keys >> (which) & 1;)
FIND(find0, 0)
FIND(find1, 1)
FIND(find_fresh, FRESH)
FIND(find_absent, ABSENT)

/* All operations insert the same key: one wins. */
RUN(insert, uint64_t key = FRESH;
    return rcu_hash_insert_unique(&hash, &item_make(&fresh[serial], FRESH)->node, FRESH, same_key, &key) == NULL;)
SPEC(insert, *result = !(m->keys >> FRESH & 1); m->keys |= 1u << FRESH;)

/* Behind a node that comes and goes. */
RUN(insert_behind, uint64_t key = FRESH, inserted;
    inserted = !rcu_hash_insert_unique(&hash, &item_make(&fresh[serial], FRESH)->node, FRESH, same_key, &key);
    rcu_hash_insert(&hash, &item_make(&others[serial], OTHER)->node, OTHER);
    EXPLORE_CHECK(rcu_hash_remove(&hash, &others[serial].node) && !rcu_hash_remove(&hash, &others[serial].node));
    return inserted;)
SPEC(insert_behind, return insert_spec(m, thread, serial, outcome, result);)
/* A hint, but of nodes that were there: key 0, FRESH and one OTHER. */
RUN(count, EXPLORE_CHECK(rcu_hash_count(&hash) <= 3); return 0;)

RUN(remove0, return rcu_hash_remove(&hash, &first[0].node);)
SPEC(remove0, *result = m->keys & 1; m->keys &= (uint8_t)~1u;)
RUN(maintain, rcu_hash_maintain(&hash, 0); return 0;)
SPEC(maintain, (void)model;)

RUN(resize, rcu_hash_maintain(&hash, 0); rcu_hash_maintain(&hash, 0); return 0;)
SPEC(resize, (void)model;)
RUN(maintain_find0, rcu_hash_maintain(&hash, 0); return find(0, 0);)
SPEC(maintain_find0, return find0_spec(m, thread, serial, outcome, result);)

/* A resize that runs comes to its end, and there is another until the size is right. */
static void settle(void)
{
    for (int i = 0; i < 12; i++)
        rcu_hash_maintain(&hash, 0);
    EXPLORE_CHECK(!hash.table->future && rcu_hash_count(&hash) <= 2 * (hash.table->mask + 1));
}

static uint64_t all_keys(void)
{
    uint64_t keys = 0;

    for (uint32_t key = 0; key < KEYS; key++)
        keys |= find(key, key) << key;
    return keys;
}

/* What is in at the end; and the count agrees; and it is the same when the table has its size. */
static uint64_t contents(unsigned thread, unsigned serial)
{
    uint64_t keys = all_keys();
    int left = 0;

    (void)thread, (void)serial;
    EXPLORE_CHECK(rcu_hash_count(&hash) == (uint32_t)__builtin_popcountll(keys));
    settle();
    EXPLORE_CHECK(all_keys() == keys);
    rcu_hash_destroy(&hash);
    for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
        EXPLORE_CHECK(!sections[i]);
        left += arrays[i];
    }
    EXPLORE_CHECK(!hash.table && (!freeing || left == 0));
    return keys;
}
SPEC(contents, *result = m->keys;)

/* Node 0 is inserted again by who removed it, at once and under another hash. For readers a miss then proves nothing; but they meet no
 * memory that is none, and what they find matches. */
RUN(take, return took[thread] |= rcu_hash_remove(&hash, &first[0].node);)
SPEC(take, if (m->keys) m->took |= (uint8_t)(1u << thread); m->keys = 0; *result = m->took >> thread & 1;)
RUN(again, if (!took[thread]) return 0; took[thread] = false; rcu_hash_insert(&hash, &first[0].node, AGAIN); return 1;)
SPEC(again, *result = m->took >> thread & 1; if (*result) m->keys = 1; m->took &= (uint8_t)~(1u << thread);)
RUN(look, (void)find(0, 0); (void)find(0, AGAIN); (void)find(1, 1); return 0;)

static uint64_t place(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    EXPLORE_CHECK(find(0, 0) + find(0, AGAIN) == rcu_hash_count(&hash));
    return rcu_hash_count(&hash);
}
SPEC(place, *result = m->keys;)

#define OP(name) {#name, name, name##_spec, 0}
#define END {NULL, NULL, NULL, 0}

static const struct explore_op final = OP(contents);

/* At rest. */
static const struct explore_op ops[] = {OP(find0), OP(find_fresh), OP(insert), OP(remove0), OP(maintain), END};
static const struct explore_initial initials[] = {{"empty", make_empty}, {"one", make_one}, {NULL, NULL}};
static const struct explore_structure still = {.name = "rcu_hash", .ops = ops, .initials = initials, .final = &final};

/* A chain whose front changes. */
static const struct explore_op front_ops[] = {
    {"insert_behind", insert_behind, insert_behind_spec, 1}, OP(find_fresh), {"count", count, NULL, 0}, END};
static const struct explore_structure front = {.name = "rcu_hash, front", .ops = front_ops, .initials = initials, .final = &final};

/* Between two arrays. */
static const struct explore_op moving_ops[] = {
    OP(find0),    OP(find1), OP(find_fresh), {"insert", insert, insert_spec, 1}, {"remove0", remove0, remove0_spec, 2},
    OP(maintain), END};
static const struct explore_initial moving_initials[] = {{"growing", make_growing}, {"shrinking", make_shrinking}, {NULL, NULL}};
static const struct explore_scenario moving_scenarios[] = {
    {"growing", {"find0 find1 find0 find1", "maintain maintain remove0 maintain"}},
    {"growing", {"find0 find_fresh find1", "insert maintain", "remove0 maintain"}},
    {"shrinking", {"find0 find_fresh find0", "insert maintain insert remove0"}},
    {NULL, {NULL}},
};
static const struct explore_structure moving = {
    .name = "rcu_hash, moving", .ops = moving_ops, .initials = moving_initials, .scenarios = moving_scenarios, .final = &final};

/* A reader goes on from one chain into another, in front of which somebody inserts. */
static const struct explore_op merging_ops[] = {
    {"insert", insert, insert_spec, 1}, {"find_absent", find_absent, find_absent_spec, 2}, OP(maintain), END};
static const struct explore_initial merging_initials[] = {{"shrinking", make_shrinking}, {NULL, NULL}};
static const struct explore_structure merging = {
    .name = "rcu_hash, merging", .ops = merging_ops, .initials = merging_initials, .final = &final};

/* Several move, each buckets and locks of its own: the last one answers for all. */
static const struct explore_op movers_ops[] = {{"maintain", maintain, maintain_spec, 1}, OP(maintain_find0), END};
static const struct explore_initial movers_initials[] = {{"widening", make_widening}, {NULL, NULL}};
static const struct explore_structure movers = {
    .name = "rcu_hash, movers", .ops = movers_ops, .initials = movers_initials, .final = &final, .no_triples = true};

/* From the wish to the new array. */
static const struct explore_op starting_ops[] = {
    OP(resize), {"find0", find0, find0_spec, 1}, {"insert", insert, insert_spec, 2}, END};
static const struct explore_initial starting_initials[] = {{"crowded", make_crowded}, {NULL, NULL}};
static const struct explore_structure starting = {
    .name = "rcu_hash, starting", .ops = starting_ops, .initials = starting_initials, .final = &final, .no_triples = true};

/* The same, and the old array is freed. */
static const struct explore_op freeing_ops[] = {{"resize", resize, resize_spec, 1}, OP(maintain), {"find0", find0, find0_spec, 1}, END};
static const struct explore_initial freeing_initials[] = {
    {"growing", make_growing_freeing}, {"crowded", make_crowded_freeing}, {NULL, NULL}};
static const struct explore_structure freed = {
    .name = "rcu_hash, freed", .ops = freeing_ops, .initials = freeing_initials, .final = &final, .no_triples = true};

/* A node comes back. */
static const struct explore_op again_ops[] = {
    {"take", take, take_spec, 1}, {"again", again, again_spec, 1}, OP(remove0), {"look", look, NULL, 0}, END};
static const struct explore_initial again_initials[] = {{"apart", make_apart}, {NULL, NULL}};
static const struct explore_op again_final = OP(place);
static const struct explore_structure comes_back = {
    .name = "rcu_hash, again", .ops = again_ops, .initials = again_initials, .final = &again_final};

const struct explore_structure *const explore_list[] = {
    &still, &front, &comes_back, &merging, &movers, &starting, &moving, &freed, NULL};
