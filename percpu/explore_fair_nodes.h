/* explore_fair_nodes.h: what the explorer does with the nodes of a container of the fair class, in the owner's thread and beside it. Host only; the
 * including file brings node[], NODES, LATER, WATCHED, CHANGES, word, struct model, bit(), queued_mask(), toggle(), look(). */
#pragma once

/* Whom the n'th change of a row is about; never WATCHED, so that a row is one step for who asks. */
static unsigned of_row(unsigned serial, unsigned n)
{
    unsigned i = ((serial + 5) * 131 + n * (2 * serial + 7) * 5 + n * n / 3) % NODES;

    return i == WATCHED ? WATCHED - 1 : i;
}

static uint64_t row(unsigned thread, unsigned serial)
{
    uint64_t in = queued_mask();

    (void)thread;
    for (unsigned n = 0; n < CHANGES; n++) {
        toggle(of_row(serial, n));
        in ^= bit(of_row(serial, n));
        look(in, of_row(serial, n + 1));
    }
    return in;
}

static bool row_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    for (unsigned n = 0; n < CHANGES; n++)
        m->in ^= bit(of_row(serial, n));
    *result = m->in;
    return outcome == 0;
}

/* One change, and what everybody sees then. */
static uint64_t change(unsigned i)
{
    toggle(i);
    look(queued_mask(), i);
    return queued_mask();
}

static bool change_spec(struct model *m, unsigned i, unsigned outcome, uint64_t *result)
{
    m->in ^= bit(i);
    *result = m->in;
    return outcome == 0;
}

static uint64_t next(unsigned thread, unsigned serial)
{
    (void)thread;
    return change(LATER + serial % (NODES - LATER));
}

static bool next_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread;
    return change_spec(model, LATER + serial % (NODES - LATER), outcome, result);
}

static uint64_t watched(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return change(WATCHED);
}

static bool watched_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    return change_spec(model, WATCHED, outcome, result);
}

/* Any CPU. */
static uint64_t ask(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return fair_node_is_queued(&node[WATCHED]);
}

static bool ask_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)thread, (void)serial;
    *result = ((struct model *)model)->in >> WATCHED & 1;
    return outcome == 0;
}

/* Who asks and then finds the owner's word unchanged may act on the answer: the node leaves only behind a change of the word. */
static uint64_t leave(unsigned thread, unsigned serial)
{
    (void)atomic_fetch_add_full(&word, 1);
    return fair_node_is_queued(&node[WATCHED]) ? watched(thread, serial) : 0;
}

static bool leave_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    *result = 0;
    if (((struct model *)model)->in >> WATCHED & 1)
        return watched_spec(model, thread, serial, outcome, result);
    return outcome == 0;
}

static uint64_t act(unsigned thread, unsigned serial)
{
    bool queued = fair_node_is_queued(&node[WATCHED]);

    (void)thread, (void)serial;
    EXPLORE_CHECK(queued || atomic_load_relaxed(&word));
    return 0;
}
