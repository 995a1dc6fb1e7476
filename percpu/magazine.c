/* magazine.c: the depth of magazines, and batches between them and the depot. Interrupts off; must never allocate or wait for more than the depot's lock. */
#include "percpu/magazine.h"

uint32_t magazine_refill(struct magazine *m, void *const *objects, uint32_t n)
{
    while (n && m->count < m->depth)
        m->obj[m->count++] = objects[--n];
    return n;
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

/* Returns how many. */
static uint32_t unchain(struct inbox_node *batch, void **objects)
{
    uint32_t got = 0;

    for (; batch; batch = batch->next)
        objects[got++] = batch;
    return got;
}

bool magazine_keep(struct magazine *m)
{
    if (m->kept >= m->keep || m->count < MAGAZINE_BATCH)
        return false;
    m->count -= MAGAZINE_BATCH;
    m->batch[m->kept++] = chain(&m->obj[m->count]);
    return true;
}

bool magazine_unkeep(struct magazine *m)
{
    LF_DEBUG_ASSERT(m->count == 0, m);
    if (!m->kept)
        return false;
    m->count = unchain(m->batch[--m->kept], m->obj);
    return true;
}

uint32_t magazine_spill(struct magazine *m, void **out, uint32_t n)
{
    uint32_t got = 0;

    while (got < n && (m->count || magazine_unkeep(m)))
        out[got++] = m->obj[--m->count];
    return got;
}

static uint32_t at_most(uint32_t n, uint32_t most)
{
    return n < most ? n : most;
}

void magazine_trip(struct magazine *m, bool met, uint32_t most)
{
    m->trips += met ? MAGAZINE_MET : 1;
    if (m->trips < MAGAZINE_TRIPS)
        return;
    m->trips = 0;
    if (m->depth < at_most(most, MAGAZINE_OBJECTS))
        m->depth = at_most(m->depth + MAGAZINE_BATCH, at_most(most, MAGAZINE_OBJECTS));
    else if (m->depth + (m->keep + 1) * MAGAZINE_BATCH <= most && m->keep < MAGAZINE_KEPT)
        m->keep++;
}

void magazine_shrink(struct magazine *m)
{
    m->depth = MAGAZINE_BATCH;
    m->keep = 0;
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
    struct inbox_node *batch = NULL;

    if (!atomic_load_relaxed(&d->count))
        return 0;
    *met = !depot_lock(d); /* A1 */
    if (d->count) {
        atomic_store_relaxed(&d->count, d->count - 1);
        batch = d->batch[d->count];
    }
    qlock_unlock(&d->lock);
    return unchain(batch, objects);
}
