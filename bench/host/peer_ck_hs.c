/* peer_ck_hs.c: Concurrency Kit's hash set of objects for one writer: the writers share a ticket lock, what they take out is freed by
 * ck_epoch. */
#include <ck_hs.h>
#include <ck_spinlock.h>
#include "bench/host/ck_epoch_user.h"
#include "bench/host/map_subject.h"

struct object {
    ck_epoch_entry_t epoch;
    uint32_t key;
};

struct map {
    ck_hs_t set;
    ck_spinlock_ticket_t writers __attribute__((aligned(128)));
};

static void object_free(ck_epoch_entry_t *e)
{
    free(e); /* an object's first member */
}

static void *hs_malloc(size_t bytes)
{
    return malloc(bytes);
}

/* Arrays that readers may still see are few and small; they are given back at the end of the program. */
static void hs_free(void *p, size_t bytes, bool later)
{
    (void)bytes;
    if (!later)
        free(p);
}

static struct ck_malloc hs_allocator = {.malloc = hs_malloc, .free = hs_free};

static unsigned long hs_hash(const void *object, unsigned long seed)
{
    (void)seed;
    return map_hash(((const struct object *)object)->key);
}

static bool hs_same(const void *a, const void *b)
{
    return ((const struct object *)a)->key == ((const struct object *)b)->key;
}

static bool hs_put(struct map *o, uint32_t key)
{
    struct object *fresh = calloc(1, sizeof(*fresh));

    fresh->key = key;
    return ck_hs_put(&o->set, map_hash(key), fresh);
}

static void hs_map_init(void *object, const struct bench_cell *cell)
{
    struct map *o = object;

    (void)cell;
    if (!ck_hs_init(&o->set, CK_HS_MODE_SPMC | CK_HS_MODE_OBJECT | CK_HS_MODE_DELETE, hs_hash, hs_same, &hs_allocator, 2 * MAP_KEYS, 1))
        abort();
    ck_spinlock_ticket_init(&o->writers);
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        if (!hs_put(o, key))
            abort();
}

static void hs_map_destroy(void *object)
{
    struct map *o = object;
    ck_hs_iterator_t at = CK_HS_ITERATOR_INITIALIZER;
    void *one;

    while (ck_hs_next(&o->set, &at, &one))
        free(one);
    ck_hs_destroy(&o->set);
}

BENCH_STEP uint32_t hs_find(struct map *o, uint32_t key)
{
    struct object like = {.key = key}, *found = ck_hs_get(&o->set, map_hash(key), &like);

    return found ? found->key : MAP_ABSENT;
}

static void hs_replace(struct bench_thread *t, struct map *o, uint32_t key)
{
    struct object like = {.key = key}, *old;

    ck_spinlock_ticket_lock(&o->writers);
    old = ck_hs_remove(&o->set, map_hash(key), &like);
    t->bad += !old;
    t->bad += !hs_put(o, key);
    ck_spinlock_ticket_unlock(&o->writers);
    if (old)
        ck_epoch_call(&((struct epoch_user *)t->own)->record, &old->epoch, object_free);
}

static bool hs_map_check(void *object, const struct bench_thread *threads, unsigned n)
{
    bool all = true;

    for (uint32_t key = 0; key < MAP_KEYS; key++)
        all &= hs_find(object, key) == key;
    return all && bench_nothing_bad(object, threads, n);
}

#define HS_LOOKUP(key) hs_find(o, key)
#define HS_REPLACE(key) hs_replace(t, o, key)
BENCH_MAP_LOOPS(hs_map, struct map, struct epoch_user *u = t->own, ck_epoch_begin(&u->record, NULL), ck_epoch_end(&u->record, NULL),
                HS_LOOKUP, HS_REPLACE, epoch_poll_now_and_then(u))

static const struct bench_subject subjects[] = {
    BENCH_MAP_SUBJECT(hs_map, struct map, "RCU hash table", "readers never wait", "ck_hs", "ck " HOSTBENCH_CK_VERSION, SIDE_PEER,
                      epoch_enter, epoch_leave),
};
BENCH_LIST(list_ck_hs, subjects);
