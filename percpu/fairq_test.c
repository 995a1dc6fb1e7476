/* fairq_test.c: random inserts, removals and pick-minimum against a plain array, across the border between arrays and heap and
 * across the wrap of keys. */
#include "lockfree/check.h"
#include "percpu/fairq.h"

#define NODES 200

static struct fairq q;
static struct fair_node nodes[NODES];

static struct fair_node *plain_min(void)
{
    struct fair_node *best = NULL;

    for (unsigned i = 0; i < NODES; i++)
        if (fair_node_is_queued(&nodes[i]) && (!best || fairq_key_before(nodes[i].key, best->key)))
            best = &nodes[i];
    return best;
}

static void step(uint64_t *random, unsigned live)
{
    struct fair_node *n = &nodes[check_random(random) % live], *min, *late;

    if (fair_node_is_queued(n)) {
        fairq_remove(&q, n);
    } else {
        n->key = LF_COUNTER_START(uint64_t) + check_random(random) % 1000; /* around the wrap */
        fairq_insert(&q, n);
    }
    min = fairq_min(&q);
    CHECK((min == NULL) == (plain_min() == NULL));
    CHECK(!min || min->key == plain_min()->key);
    late = fairq_late(&q);
    CHECK((late == NULL) == (q.total == 0) && (!late || fair_node_is_queued(late)));
}

/* As a scheduler does: run the minimum, raise its key, put it back. Equal weights get equal turns. */
static void rotation(unsigned live)
{
    unsigned turns[NODES] = {0};

    for (unsigned i = 0; i < live; i++) {
        nodes[i].key = 0;
        fairq_insert(&q, &nodes[i]);
    }
    for (unsigned i = 0; i < live * 50; i++) {
        struct fair_node *n = fairq_min(&q);

        fairq_remove(&q, n);
        n->key += 10;
        turns[n - nodes]++;
        fairq_insert(&q, n);
    }
    for (unsigned i = 0; i < live; i++) {
        CHECK(turns[i] == 50);
        fairq_remove(&q, &nodes[i]);
    }
    CHECK(q.total == 0 && q.flat == 0 && !q.heap);
}

int main(int argc, char **argv)
{
    uint64_t random;

    check_options(argc, argv);
    random = check_seed;
    for (unsigned i = 0; i < NODES; i++)
        fair_node_init(&nodes[i]);
    for (unsigned live = 1; live <= NODES; live = live * 3 / 2 + 1) {
        for (unsigned i = 0; i < 5000; i++)
            step(&random, live);
        for (unsigned i = 0; i < NODES; i++)
            if (fair_node_is_queued(&nodes[i]))
                fairq_remove(&q, &nodes[i]);
        CHECK(q.total == 0);
        rotation(live);
    }
    printf("fairq: ok\n");
    return 0;
}
