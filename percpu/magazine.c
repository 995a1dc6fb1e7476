/* magazine.c: batches between magazines and depot. Interrupts off; must never allocate or wait for more than the depot's lock. */
#include "percpu/magazine.h"

uint32_t magazine_refill(struct magazine *m, void *const *objects, uint32_t n)
{
    while (n && m->count < m->depth)
        m->obj[m->count++] = objects[--n];
    return n;
}

uint32_t magazine_spill(struct magazine *m, void **out, uint32_t n)
{
    uint32_t got = 0;

    while (got < n && m->count)
        out[got++] = m->obj[--m->count];
    return got;
}

void magazine_shrink(struct magazine *m)
{
    m->depth = MAGAZINE_BATCH;
    m->trips = 0;
}

/* True: nobody was there. */
static bool depot_lock(struct magazine_depot *d)
{
    if (lf_likely(qlock_trylock(&d->lock)))
        return true;
    qlock_lock(&d->lock);
    return false;
}

static struct inbox_node *chain(void *const *objects)
{
    struct inbox_node *first = NULL;

    for (uint32_t i = 0; i < MAGAZINE_BATCH; i++) {
        struct inbox_node *n = (struct inbox_node *)objects[i];

        n->next = first;
        first = n;
    }
    return first;
}

bool magazine_depot_put(struct magazine_depot *d, void *const *objects, bool *met)
{
    struct inbox_node *batch;
    bool room;

    if (atomic_load_relaxed(&d->count) >= d->max)
        return false;
    batch = chain(objects);
    *met = !depot_lock(d);
    room = d->count < d->max;
    if (room) {
        d->batch[d->count] = batch;
        atomic_store_relaxed(&d->count, d->count + 1);
    }
    qlock_unlock(&d->lock); /* A1 */
    return room;
}

uint32_t magazine_depot_take(struct magazine_depot *d, void **objects, bool *met)
{
    struct inbox_node *n = NULL;
    uint32_t got = 0;

    if (!atomic_load_relaxed(&d->count))
        return 0;
    *met = !depot_lock(d); /* A1 */
    if (d->count) {
        atomic_store_relaxed(&d->count, d->count - 1);
        n = d->batch[d->count];
    }
    qlock_unlock(&d->lock);
    for (; n; n = n->next)
        objects[got++] = n;
    return got;
}
