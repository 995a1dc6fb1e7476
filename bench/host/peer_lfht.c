/* peer_lfht.c: liburcu's lock-free hash table, with the flavour whose read sections cost nothing (qsbr). */
#define _LGPL_SOURCE
#define URCU_API_MAP
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-qsbr.h>
#include <urcu/rculfhash.h>
#include "bench/host/map_subject.h"

#define URCU "liburcu " HOSTBENCH_URCU_VERSION
#define QUIET_EVERY 256

struct object {
    struct cds_lfht_node node;
    struct rcu_head rcu;
    uint32_t key;
};

struct map {
    struct cds_lfht *table;
    struct object *of[MAP_KEYS];
};

static int same_key(struct cds_lfht_node *n, const void *key)
{
    return caa_container_of(n, struct object, node)->key == *(const uint32_t *)key;
}

static void object_free(struct rcu_head *head)
{
    free(caa_container_of(head, struct object, rcu));
}

static void add_new(struct map *o, uint32_t key)
{
    struct object *fresh = calloc(1, sizeof(*fresh));

    fresh->key = key;
    cds_lfht_node_init(&fresh->node);
    o->of[key] = fresh;
    cds_lfht_add(o->table, map_hash(key), &fresh->node);
}

static void lfht_init(void *object, const struct bench_cell *cell)
{
    struct map *o = object;

    (void)cell;
    rcu_register_thread();
    o->table = cds_lfht_new(MAP_KEYS, MAP_KEYS, 0, CDS_LFHT_AUTO_RESIZE, NULL);
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        add_new(o, key);
    rcu_unregister_thread();
}

BENCH_STEP uint32_t lfht_find(struct map *o, uint32_t key)
{
    struct cds_lfht_iter it;
    struct cds_lfht_node *n;

    cds_lfht_lookup(o->table, map_hash(key), same_key, &key, &it);
    n = cds_lfht_iter_get_node(&it);
    return n ? caa_container_of(n, struct object, node)->key : MAP_ABSENT;
}

static void lfht_replace(struct bench_thread *t, struct map *o, uint32_t key)
{
    struct object *old = o->of[key];

    t->bad += cds_lfht_del(o->table, &old->node) != 0;
    add_new(o, key);
    call_rcu(&old->rcu, object_free);
}

static bool lfht_check(void *object, const struct bench_thread *threads, unsigned n)
{
    bool all = true;

    rcu_register_thread();
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        all &= lfht_find(object, key) == key;
    rcu_unregister_thread();
    return all && bench_nothing_bad(object, threads, n);
}

static void lfht_destroy(void *object)
{
    struct map *o = object;

    rcu_register_thread();
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        cds_lfht_del(o->table, &o->of[key]->node);
    synchronize_rcu();
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        free(o->of[key]);
    rcu_unregister_thread();
    cds_lfht_destroy(o->table, NULL);
}

static void lfht_enter(struct bench_thread *t)
{
    (void)t;
    rcu_register_thread();
}

static void lfht_leave(struct bench_thread *t)
{
    (void)t;
    rcu_barrier();
    rcu_unregister_thread();
}

static __thread unsigned operations;

BENCH_STEP void quiet_now_and_then(void)
{
    if (++operations % QUIET_EVERY == 0)
        rcu_quiescent_state();
}

#define LFHT_LOOKUP(key) lfht_find(o, key)
#define LFHT_REPLACE(key) lfht_replace(t, o, key)
BENCH_MAP_LOOPS(lfht, struct map, (void)0, rcu_read_lock(), rcu_read_unlock(), LFHT_LOOKUP, LFHT_REPLACE, quiet_now_and_then())

static const struct bench_subject subjects[] = {
    BENCH_MAP_SUBJECT(lfht, struct map, "RCU hash table", "readers never wait", "cds_lfht", URCU, SIDE_PEER, lfht_enter, lfht_leave),
    BENCH_MAP_SUBJECT(lfht, struct map, "radix tree", "integers, readers never wait", "cds_lfht", URCU, SIDE_PEER, lfht_enter,
                      lfht_leave),
};
BENCH_LIST(list_lfht, subjects);
