/* ours_magazines.c: magazines and their depot as a slab uses them: an empty magazine asks the depot, then the slab (here: memory cut
 * from a block of the thread); a full one gives a batch to the depot, then back. */
#include "bench/host/alloc_subject.h"
#include "bench/host/place.h"
#include "percpu/magazine.h"

#define OBJECTS 512 /* of a thread */

struct arena {
    struct magazine magazine;
    struct magazine_depot *depot;
    void *spare[OBJECTS];
    unsigned spares;
    char (*block)[ALLOC_BYTES];
} LF_CACHELINE;

struct pool {
    struct magazine_depot depot;
    struct arena arena[BENCH_MAX_THREADS];
};

static void pool_init(void *object, const struct bench_cell *cell)
{
    struct pool *p = object;

    qlock_unfair = cell->threads > place_cpus(); /* as the kernel does where its CPUs may be off their processor */
    magazine_depot_init(&p->depot, MAGAZINE_DEPOT);
    for (unsigned i = 0; i < cell->threads; i++) {
        struct arena *a = &p->arena[i];

        a->magazine = (struct magazine)MAGAZINE_INIT(MAGAZINE_START);
        a->depot = &p->depot;
        a->block = calloc(OBJECTS, ALLOC_BYTES);
        for (a->spares = 0; a->spares < OBJECTS; a->spares++)
            a->spare[a->spares] = a->block[a->spares];
    }
}

static void pool_destroy(void *object)
{
    for (unsigned i = 0; i < BENCH_MAX_THREADS; i++)
        free(((struct pool *)object)->arena[i].block);
}

static void pool_enter(struct bench_thread *t)
{
    t->own = &((struct pool *)t->object)->arena[t->index];
}

static void *refill(struct arena *a)
{
    void *batch[MAGAZINE_BATCH];
    bool met = false;
    uint32_t got;

    if (magazine_unkeep(&a->magazine))
        return magazine_get(&a->magazine);
    got = magazine_depot_take(a->depot, batch, &met);
    while (!got || (got < MAGAZINE_BATCH && a->spares))
        batch[got++] = a->spare[--a->spares];
    magazine_trip(&a->magazine, met, MAGAZINE_MOST);
    magazine_refill(&a->magazine, batch, got);
    return magazine_get(&a->magazine);
}

static void spill(struct arena *a)
{
    void *batch[MAGAZINE_BATCH];
    bool met = false;
    uint32_t n = magazine_spill(&a->magazine, batch, MAGAZINE_BATCH);

    if (n < MAGAZINE_BATCH || !magazine_depot_put(a->depot, batch, &met))
        while (n)
            a->spare[a->spares++] = batch[--n];
    magazine_trip(&a->magazine, met, MAGAZINE_MOST);
}

BENCH_STEP void *get(struct arena *a)
{
    void *p = magazine_get(&a->magazine);

    return lf_likely(p != NULL) ? p : refill(a);
}

BENCH_STEP void put(struct arena *a, void *p)
{
    if (lf_likely(magazine_put(&a->magazine, p)))
        return;
    if (!magazine_keep(&a->magazine))
        spill(a);
    (void)magazine_put(&a->magazine, p); /* there is room now */
}

#define OURS_PUT(p) put(a, p)
BENCH_ALLOC_LOOPS(ours_magazine, struct arena *a = t->own, get(a), OURS_PUT)

static const struct bench_subject subjects[] = {
    BENCH_ALLOC_SUBJECTS(ours_magazine, "one size, 192 bytes", "magazine", "CloudOS", SIDE_OURS, sizeof(struct pool), pool_init,
                         pool_destroy, pool_enter),
};
BENCH_LIST(list_ours_magazines, subjects);
