/* ours_maps.c: the RCU hash table and the radix tree. */
#include "bench/host/host_rcu.h"
#include "bench/host/map_subject.h"
#include "bench/host/place.h"
#include "lockfree/radix.h"
#include "lockfree/rcu_hash.h"

#define STRIPES 64

struct object {
    struct rcu_hash_node node;
    struct rcu_head rcu;
    uint32_t key;
};

struct map {
    struct rcu_hash hash;
    struct radix_tree radix;
    struct rcu_hash_stripe stripes[STRIPES];
    struct object *of[MAP_KEYS]; /* written by the key's thread */
};

static __thread struct host_rcu *my_rcu; /* NULL: nobody else runs */

static struct object *object_new(uint32_t key)
{
    struct object *o = calloc(1, sizeof(*o));

    o->key = key;
    return o;
}

static void object_free(struct rcu_head *head)
{
    free(lf_container_of(head, struct object, rcu));
}

static struct rcu_hash_table *array_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

static void array_free(struct rcu_head *head)
{
    free(lf_container_of(head, struct rcu_hash_table, rcu));
}

static void array_free_later(struct rcu_hash_table *t)
{
    if (my_rcu)
        host_call_rcu(my_rcu, &t->rcu, array_free);
    else
        free(t);
}

static bool same_key(const struct rcu_hash_node *n, const void *key)
{
    return lf_container_of(n, const struct object, node)->key == *(const uint32_t *)key;
}

static void maps_enter(struct bench_thread *t)
{
    host_rcu_enter(t);
    my_rcu = t->own;
}

static void maps_leave(struct bench_thread *t)
{
    host_rcu_leave(t);
    my_rcu = NULL;
}

static void ours_hash_init(void *object, const struct bench_cell *cell)
{
    struct map *o = object;

    qlock_unfair = cell->threads > place_cpus(); /* as the kernel does where its CPUs may be off their processor */
    if (rcu_hash_init(&o->hash, MAP_KEYS, o->stripes, STRIPES, array_alloc, array_free_later))
        abort();
    for (uint32_t key = 0; key < MAP_KEYS; key++) {
        o->of[key] = object_new(key);
        rcu_hash_insert(&o->hash, &o->of[key]->node, map_hash(key));
    }
}

BENCH_STEP uint32_t hash_find(struct map *o, uint32_t key)
{
    struct rcu_hash_node *n = rcu_hash_lookup(&o->hash, map_hash(key), same_key, &key);

    return n ? lf_container_of(n, struct object, node)->key : MAP_ABSENT;
}

static void hash_replace(struct bench_thread *t, struct map *o, uint32_t key)
{
    struct object *old = o->of[key];

    t->bad += !rcu_hash_remove(&o->hash, &old->node);
    o->of[key] = object_new(key);
    rcu_hash_insert(&o->hash, &o->of[key]->node, map_hash(key));
    rcu_hash_maintain(&o->hash, map_hash(key));
    host_call_rcu(t->own, &old->rcu, object_free);
}

static bool ours_hash_check(void *object, const struct bench_thread *threads, unsigned n)
{
    bool all = true;

    for (uint32_t key = 0; key < MAP_KEYS; key++)
        all &= hash_find(object, key) == key;
    return all && bench_nothing_bad(object, threads, n);
}

static void objects_free(struct map *o)
{
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        free(o->of[key]);
}

static void ours_hash_destroy(void *object)
{
    struct map *o = object;

    rcu_hash_destroy(&o->hash);
    objects_free(o);
}

#define HASH_LOOKUP(key) hash_find(o, key)
#define HASH_REPLACE(key) hash_replace(t, o, key)
BENCH_MAP_LOOPS(ours_hash, struct map, struct host_rcu *rcu = t->own, bench_barrier(), bench_barrier(), HASH_LOOKUP, HASH_REPLACE,
                host_rcu_operation(rcu))

static void *node_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

static void ours_radix_init(void *object, const struct bench_cell *cell)
{
    struct map *o = object;

    (void)cell;
    o->radix = (struct radix_tree)RADIX_INIT(node_alloc, free);
    for (uint32_t key = 0; key < MAP_KEYS; key++) {
        o->of[key] = object_new(key);
        if (radix_insert(&o->radix, key, o->of[key]))
            abort();
    }
}

BENCH_STEP uint32_t radix_find(struct map *o, uint32_t key)
{
    struct object *found = radix_lookup(&o->radix, key);

    return found ? found->key : MAP_ABSENT;
}

static void radix_put_back(struct bench_thread *t, struct map *o, uint32_t key)
{
    struct object *old = radix_remove(&o->radix, key);

    t->bad += old != o->of[key];
    o->of[key] = object_new(key);
    t->bad += radix_insert(&o->radix, key, o->of[key]) != 0;
    host_call_rcu(t->own, &old->rcu, object_free);
}

static bool ours_radix_check(void *object, const struct bench_thread *threads, unsigned n)
{
    bool all = true;

    for (uint32_t key = 0; key < MAP_KEYS; key++)
        all &= radix_find(object, key) == key;
    return all && bench_nothing_bad(object, threads, n);
}

static void ours_radix_destroy(void *object)
{
    struct map *o = object;

    radix_destroy(&o->radix);
    objects_free(o);
}

#define RADIX_LOOKUP(key) radix_find(o, key)
#define RADIX_REPLACE(key) radix_put_back(t, o, key)
BENCH_MAP_LOOPS(ours_radix, struct map, struct host_rcu *rcu = t->own, bench_barrier(), bench_barrier(), RADIX_LOOKUP, RADIX_REPLACE,
                host_rcu_operation(rcu))

static const struct bench_subject subjects[] = {
    BENCH_MAP_SUBJECT(ours_hash, struct map, "RCU hash table", "readers never wait", "rcu_hash", "CloudOS", SIDE_OURS, maps_enter,
                      maps_leave),
    BENCH_MAP_SUBJECT(ours_radix, struct map, "radix tree", "integers, readers never wait", "radix", "CloudOS", SIDE_OURS, maps_enter,
                      maps_leave),
};
BENCH_LIST(list_ours_maps, subjects);
