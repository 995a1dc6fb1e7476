/* fairq_fuzz.c: the fair queue, arrays and tree, against a plain array of 64 nodes; keys and deadlines lie around the wrap. */
#include <string.h>
#include "lockfree/fuzz.h"
#include "percpu/fairq.h"

#define NODES 64

struct reference {
    struct fairq q;
    struct fair_node node[NODES];
    bool in[NODES];
    unsigned count;
};

static uint64_t number(struct fuzz_input *in)
{
    return fuzz_u16(in) - 1000ull;
}

static void insert_or_remove(struct reference *r, unsigned i, struct fuzz_input *in)
{
    if (r->in[i]) {
        fairq_remove(&r->q, &r->node[i]);
        r->count--;
    } else {
        r->node[i].key = number(in);
        r->node[i].deadline = r->node[i].key + fuzz_u8(in);
        fairq_insert(&r->q, &r->node[i]);
        r->count++;
    }
    r->in[i] = !r->in[i];
}

/* The smallest key (by_deadline: the earliest deadline of those whose key is not after v); NULL when there is none. */
static const struct fair_node *plain(const struct reference *r, bool by_deadline, uint64_t v)
{
    const struct fair_node *best = NULL;

    for (unsigned i = 0; i < NODES; i++) {
        const struct fair_node *n = &r->node[i];

        if (!r->in[i] || (by_deadline && fairq_key_before(v, n->key)))
            continue;
        if (!best || (by_deadline ? fairq_key_before(n->deadline, best->deadline) : fairq_key_before(n->key, best->key)))
            best = n;
    }
    return best;
}

static bool is_in(const struct reference *r, const struct fair_node *n)
{
    return n >= r->node && n < r->node + NODES && r->in[n - r->node];
}

static void look(const struct reference *r, uint64_t v)
{
    const struct fair_node *min = fairq_min(&r->q), *late = fairq_late(&r->q), *pick = fairq_pick_eligible(&r->q, v);
    const struct fair_node *want = plain(r, true, v);

    const struct fair_node *after = fairq_first_after(&r->q, v), *least_after = NULL;

    for (unsigned i = 0; i < NODES; i++)
        if (r->in[i] && fairq_key_before(v, r->node[i].key) && (!least_after || fairq_key_before(r->node[i].key, least_after->key)))
            least_after = &r->node[i];
    FUZZ_CHECK(!after == !least_after && (!after || (is_in(r, after) && after->key == least_after->key)));
    FUZZ_CHECK(r->q.total == r->count && !min == !r->count && !late == !r->count && !pick == !want);
    FUZZ_CHECK(!min || (is_in(r, min) && min->key == plain(r, false, 0)->key));
    FUZZ_CHECK(!late || is_in(r, late));
    FUZZ_CHECK(!pick || (is_in(r, pick) && pick->deadline == want->deadline && !fairq_key_before(v, pick->key)));
    for (unsigned i = 0; i < NODES; i++)
        FUZZ_CHECK(fair_node_is_queued(&r->node[i]) == r->in[i]);
}

/* Taken in the order of keys until nothing is left. */
static void drain(struct reference *r)
{
    struct fair_node *n, *before = NULL;

    for (; (n = fairq_min(&r->q)); before = n) {
        FUZZ_CHECK(is_in(r, n) && (!before || !fairq_key_before(n->key, before->key)));
        fairq_remove(&r->q, n);
        r->in[n - r->node] = false;
        r->count--;
    }
    FUZZ_CHECK(r->count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fuzz_input in = {p, n};
    struct reference r;

    memset(&r, 0, sizeof(r));
    for (unsigned i = 0; i < NODES; i++)
        fair_node_init(&r.node[i]);
    for (unsigned i = fuzz_u8(&in) % NODES; i--;) /* short inputs reach the tree too */
        insert_or_remove(&r, i, &(struct fuzz_input){p, n > 2 * i ? n - 2 * i : 0});
    while (in.n) {
        uint8_t op = fuzz_u8(&in);

        if (op >= 250)
            drain(&r);
        else
            insert_or_remove(&r, op % NODES, &in);
        look(&r, op & 64 ? number(&in) : r.q.flat ? r.q.key[0] : 0);
    }
    drain(&r);
    return 0;
}
