/* peer_ck_ht.c: Concurrency Kit's hash table for one writer: the writers share a ticket lock, what they take out is freed by ck_epoch. */
#include <ck_ht.h>
#include <ck_spinlock.h>
#include "bench/host/ck_epoch_user.h"
#include "bench/host/map_subject.h"

#define CK "ck " HOSTBENCH_CK_VERSION

struct object {
    ck_epoch_entry_t epoch;
    uint32_t key;
};

struct map {
    ck_ht_t table;
    ck_spinlock_ticket_t writers __attribute__((aligned(128)));
    struct object *of[MAP_KEYS]; /* under writers */
};

static void object_free(ck_epoch_entry_t *e)
{
    free(e); /* an object's first member */
}

static void *ht_malloc(size_t bytes)
{
    return malloc(bytes);
}

/* Arrays that readers may still see are few and small; they are given back at the end of the program. */
static void ht_free(void *p, size_t bytes, bool later)
{
    (void)bytes;
    if (!later)
        free(p);
}

static struct ck_malloc ht_allocator = {.malloc = ht_malloc, .free = ht_free};

static void ht_hash(ck_ht_hash_t *h, const void *key, size_t length, uint64_t seed)
{
    (void)length;
    (void)seed;
    h->value = map_hash((uint32_t)(*(const uintptr_t *)key - 1));
}

static bool ht_put(struct map *o, uint32_t key)
{
    struct object *fresh = calloc(1, sizeof(*fresh));
    ck_ht_entry_t entry;
    ck_ht_hash_t h;

    fresh->key = key;
    o->of[key] = fresh;
    ck_ht_hash_direct(&h, &o->table, key + 1);
    ck_ht_entry_set_direct(&entry, h, key + 1, (uintptr_t)fresh);
    return ck_ht_put_spmc(&o->table, h, &entry);
}

static void ck_ht_map_init(void *object, const struct bench_cell *cell)
{
    struct map *o = object;

    (void)cell;
    if (!ck_ht_init(&o->table, CK_HT_MODE_DIRECT | CK_HT_WORKLOAD_DELETE, ht_hash, &ht_allocator, 2 * MAP_KEYS, 1))
        abort();
    ck_spinlock_ticket_init(&o->writers);
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        if (!ht_put(o, key))
            abort();
}

static void ck_ht_map_destroy(void *object)
{
    struct map *o = object;

    ck_ht_destroy(&o->table);
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        free(o->of[key]);
}

BENCH_STEP uint32_t ht_find(struct map *o, uint32_t key)
{
    ck_ht_entry_t entry;
    ck_ht_hash_t h;

    ck_ht_hash_direct(&h, &o->table, key + 1);
    ck_ht_entry_key_set_direct(&entry, key + 1);
    return ck_ht_get_spmc(&o->table, h, &entry) ? ((struct object *)ck_ht_entry_value_direct(&entry))->key : MAP_ABSENT;
}

static void ht_replace(struct bench_thread *t, struct map *o, uint32_t key)
{
    struct epoch_user *u = t->own;
    struct object *old;
    ck_ht_entry_t entry;
    ck_ht_hash_t h;

    ck_ht_hash_direct(&h, &o->table, key + 1);
    ck_ht_entry_key_set_direct(&entry, key + 1);
    ck_spinlock_ticket_lock(&o->writers);
    old = o->of[key];
    t->bad += !ck_ht_remove_spmc(&o->table, h, &entry);
    t->bad += !ht_put(o, key);
    ck_spinlock_ticket_unlock(&o->writers);
    ck_epoch_call(&u->record, &old->epoch, object_free);
}

static bool ck_ht_map_check(void *object, const struct bench_thread *threads, unsigned n)
{
    bool all = true;

    for (uint32_t key = 0; key < MAP_KEYS; key++)
        all &= ht_find(object, key) == key;
    return all && bench_nothing_bad(object, threads, n);
}

#define HT_LOOKUP(key) ht_find(o, key)
#define HT_REPLACE(key) ht_replace(t, o, key)
BENCH_MAP_LOOPS(ck_ht_map, struct map, struct epoch_user *u = t->own, ck_epoch_begin(&u->record, NULL), ck_epoch_end(&u->record, NULL),
                HT_LOOKUP, HT_REPLACE, epoch_poll_now_and_then(u))

static const struct bench_subject subjects[] = {
    BENCH_MAP_SUBJECT(ck_ht_map, struct map, "RCU hash table", "readers never wait", "ck_ht", CK, SIDE_PEER, epoch_enter, epoch_leave),
    BENCH_MAP_SUBJECT(ck_ht_map, struct map, "radix tree", "integers, readers never wait", "ck_ht", CK, SIDE_PEER, epoch_enter,
                      epoch_leave),
};
BENCH_LIST(list_ck_ht, subjects);
