/* fair_calendar_fuzz.c: the calendar and the fair queue beside it against a plain array of 64 nodes; keys and deadlines lie around the
 * wrap. The first byte says how long a day is. */
#include <string.h>
#include "lockfree/fuzz.h"

#define CHECK FUZZ_CHECK
#include "percpu/check_fair_calendar.h"

#define NODES 64
#define WHOLE 700

struct waiting {
    struct fair_calendar c;
    struct fairq rest;
    struct fair_node node[NODES];
};

static uint64_t number(struct fuzz_input *in)
{
    return fuzz_u16(in) - 1000ull;
}

/* Most requests have one length, as a scheduler's do. */
static void insert_or_remove(struct waiting *w, unsigned i, struct fuzz_input *in)
{
    struct fair_node *n = &w->node[i];
    uint8_t odd;

    if (fair_node_is_queued(n)) {
        calendar_remove(&w->c, &w->rest, n);
        return;
    }
    odd = fuzz_u8(in);
    n->key = odd & 64 ? number(in) : number(in) % 512;
    n->deadline = n->key + (odd < 32 ? odd : WHOLE);
    calendar_insert(&w->c, &w->rest, n, WHOLE);
}

static void look(struct waiting *w, uint64_t v)
{
    check_calendar(&w->c, &w->rest, w->node, NODES);
    check_calendar_found(&w->c, &w->rest, w->node, NODES, v);
    check_calendar(&w->c, &w->rest, w->node, NODES);
}

/* Who is picked asks anew until all had a turn. */
static void rotate(struct waiting *w, uint64_t v)
{
    for (unsigned i = 0; i < NODES; i++) {
        struct fair_node *n = calendar_pick(&w->c, &w->rest, v);

        if (!n)
            return;
        calendar_remove(&w->c, &w->rest, n);
        n->key += 7;
        n->deadline = n->key + WHOLE;
        calendar_insert(&w->c, &w->rest, n, WHOLE);
        check_calendar(&w->c, &w->rest, w->node, NODES);
    }
}

static void drain(struct waiting *w)
{
    struct fair_node *n;
    unsigned left = 0;

    for (unsigned i = 0; i < NODES; i++)
        left += fair_node_is_queued(&w->node[i]);
    for (; (n = calendar_min(&w->c, &w->rest)); left--) {
        FUZZ_CHECK(left && fairq_key_before(n->key, plain_least(w->node, NODES)->key + (1ull << w->c.shift)));
        calendar_remove(&w->c, &w->rest, n);
    }
    FUZZ_CHECK(left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fuzz_input in = {p, n};
    struct waiting w;

    memset(&w, 0, sizeof(w));
    w.c.shift = 1 + fuzz_u8(&in) % 8;
    for (unsigned i = 0; i < NODES; i++)
        fair_node_init(&w.node[i]);
    for (unsigned i = fuzz_u8(&in) % NODES; i--;) /* short inputs reach the calendar too */
        insert_or_remove(&w, i, &(struct fuzz_input){p, n > 2 * i ? n - 2 * i : 0});
    while (in.n) {
        uint8_t op = fuzz_u8(&in);

        if (op >= 250)
            drain(&w);
        else if (op >= 240)
            rotate(&w, number(&in));
        else
            insert_or_remove(&w, op % NODES, &in);
        look(&w, op & 64 ? number(&in) : w.c.days ? w.c.today : 0);
    }
    drain(&w);
    return 0;
}
