/* weak.c: loads that may return older stores, as C11 allows: each location keeps the stores that somebody may still read, each
 * thread a view of the oldest it may read; acquire joins the view that a release stored. Read-modify-writes take the newest store, a
 * full operation and a full fence exchange views through one place. Stores take effect in the order they run, so behaviour that
 * needs a store to be overtaken by a later one of its thread (load buffering, 2+2W) is not seen here.
 * Source: Kang, Hur, Lahav, Vafeiadis, Dreyer, "A promising semantics for relaxed-memory concurrency", POPL 2017, without promises. */
#include "lockfree/explorer/engine.h"
#include <string.h>

static void view_join(struct view *a, const struct view *b)
{
    for (unsigned i = 0; i < WEAK_LOCS; i++)
        if (b->at[i] > a->at[i])
            a->at[i] = b->at[i];
}

static struct hist *hist_of(const struct loc *l)
{
    return &E->w.hist[l->weak - 1];
}

/* Locations that are used in several sizes have no history: their loads return the newest value. */
bool weak_tracks(struct loc *l)
{
    if (E->options.memory != EXPLORE_WEAK || l->noverlaps)
        return false;
    if (!l->weak && E->weak_locs < WEAK_LOCS)
        l->weak = (uint8_t)++E->weak_locs;
    return l->weak;
}

/* A location that only plain accesses wrote so far holds what memory holds. */
static struct hist *hist_ready(struct loc *l)
{
    struct hist *h = hist_of(l);

    if (!h->n) {
        h->value[0] = memory_read(l->addr, l->size);
        h->n = 1;
    }
    return h;
}

unsigned weak_choices(unsigned t, struct loc *l)
{
    struct hist *h = hist_ready(l);
    unsigned seen = E->w.cur[t].at[l->weak - 1], newest = h->first + h->n - 1u;

    return seen > newest ? 1 : newest - (seen > h->first ? seen : h->first) + 1;
}

uint64_t weak_load(unsigned t, struct loc *l, unsigned choice, int order)
{
    struct hist *h = hist_ready(l);
    unsigned i = h->n - 1u - choice, stamp = h->first + i;
    uint8_t *seen = &E->w.cur[t].at[l->weak - 1];

    if (stamp > *seen)
        *seen = (uint8_t)stamp;
    clock_acquire(t, h->msg[i], order);
    view_join(order_acquires(order) ? &E->w.cur[t] : &E->w.acq[t], &h->view[i]);
    return h->value[i];
}

static void forget_oldest(struct hist *h)
{
    memmove(h->value, h->value + 1, sizeof(h->value) - sizeof(h->value[0]));
    memmove(h->msg, h->msg + 1, sizeof(h->msg) - sizeof(h->msg[0]));
    memmove(h->view, h->view + 1, sizeof(h->view) - sizeof(h->view[0]));
    h->n--;
    h->first++;
    h->value[h->n] = 0;
    h->msg[h->n] = 0;
    memset(&h->view[h->n], 0, sizeof(h->view[0]));
}

void weak_store(unsigned t, struct loc *l, uint64_t value, int order, bool rmw)
{
    struct hist *h = hist_ready(l);
    unsigned i;

    if (h->n == HISTORY)
        forget_oldest(h);
    i = h->n++;
    E->w.cur[t].at[l->weak - 1] = (uint8_t)(h->first + i);
    h->value[i] = value;
    h->msg[i] = clock_release(t, order);
    h->view[i] = order_releases(order) ? E->w.cur[t] : E->w.rel[t];
    h->view[i].at[l->weak - 1] = (uint8_t)(h->first + i);
    if (rmw) { /* a release sequence goes on */
        h->msg[i] = clock_join(h->msg[i], h->msg[i - 1]);
        view_join(&h->view[i], &h->view[i - 1]);
    }
}

/* Everybody who may touch it atomically is ordered after a plain write: nothing older is left. */
void weak_plain_write(const struct loc *l)
{
    for (unsigned k = 0; k <= l->noverlaps; k++) {
        const struct loc *o = k ? &E->loc[l->overlaps[k - 1]] : l;

        if (o->weak) {
            struct hist *h = hist_of(o);
            uint8_t next = (uint8_t)(h->first + h->n);

            memset(h, 0, sizeof(*h));
            h->first = next;
        }
    }
}

/* Locations without a history (several sizes, or too many) still order what is around them: one view for all of them, which is
 * stronger than C11. */
void weak_untracked(unsigned t, bool load, bool store, int order)
{
    if (E->options.memory != EXPLORE_WEAK)
        return;
    if (load)
        view_join(order_acquires(order) ? &E->w.cur[t] : &E->w.acq[t], &E->w.untracked);
    if (store)
        view_join(&E->w.untracked, order_releases(order) ? &E->w.cur[t] : &E->w.rel[t]);
}

void weak_fence(unsigned t, int order)
{
    if (order_acquires(order))
        view_join(&E->w.cur[t], &E->w.acq[t]);
    if (order == __ATOMIC_SEQ_CST) {
        view_join(&E->w.cur[t], &E->w.sc);
        E->w.sc = E->w.cur[t];
    }
    if (order_releases(order))
        E->w.rel[t] = E->w.cur[t];
}

static void lower(struct view *v, unsigned loc, unsigned by)
{
    v->at[loc] = (uint8_t)(v->at[loc] > by ? v->at[loc] - by : 0);
}

static void lower_all(unsigned loc, unsigned by)
{
    for (unsigned t = 0; t < E->threads; t++) {
        lower(&E->w.cur[t], loc, by);
        lower(&E->w.acq[t], loc, by);
        lower(&E->w.rel[t], loc, by);
    }
    lower(&E->w.sc, loc, by);
    lower(&E->w.untracked, loc, by);
    for (unsigned i = 0; i < E->weak_locs; i++)
        for (unsigned k = 0; k < E->w.hist[i].n; k++)
            lower(&E->w.hist[i].view[k], loc, by);
}

/* Drops stores that nobody can read any more and counts from zero again: equal states become equal bytes. */
void weak_normalize(void)
{
    for (unsigned i = 0; i < E->weak_locs; i++) {
        struct hist *h = &E->w.hist[i];
        unsigned oldest = 255;

        for (unsigned t = 0; t < E->threads; t++)
            if (!E->w.thread[t].done && E->w.cur[t].at[i] < oldest)
                oldest = E->w.cur[t].at[i];
        while (h->n > 1 && h->first < oldest)
            forget_oldest(h);
        lower_all(i, h->first);
        h->first = 0;
    }
}
