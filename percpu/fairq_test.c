/* fairq_test.c: random inserts, removals and picks against a plain array, across the border between arrays and tree and across the wrap
 * of keys and deadlines; the tree's invariants after each step. */
#include "lockfree/check.h"
#include "percpu/check_fairq.h"

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

static struct fair_node *plain_pick(uint64_t v)
{
    struct fair_node *best = NULL;

    for (unsigned i = 0; i < NODES; i++)
        if (fair_node_is_queued(&nodes[i]) && !fairq_key_before(v, nodes[i].key) &&
            (!best || fairq_key_before(nodes[i].deadline, best->deadline)))
            best = &nodes[i];
    return best;
}

/* The least key after v; v itself when there is none. */
static uint64_t plain_after(uint64_t v)
{
    uint64_t least = v;

    for (unsigned i = 0; i < NODES; i++)
        if (fair_node_is_queued(&nodes[i]) && fairq_key_before(v, nodes[i].key) && (least == v || fairq_key_before(nodes[i].key, least)))
            least = nodes[i].key;
    return least;
}

/* The walk meets each queued node once. */
static void check_walk(void)
{
    bool seen[NODES] = {false};
    unsigned count = 0;

    for (struct fair_node *n = fairq_next(&q, NULL); n; n = fairq_next(&q, n), count++) {
        CHECK(fair_node_is_queued(n) && !seen[n - nodes]);
        seen[n - nodes] = true;
    }
    CHECK(count == q.total);
}

static uint64_t near_the_wrap(uint64_t *random)
{
    return LF_COUNTER_START(uint64_t) + check_random(random) % 1000;
}

static void step(uint64_t *random, unsigned live)
{
    struct fair_node *n = &nodes[check_random(random) % live], *min, *late, *pick, *after;
    uint64_t v = near_the_wrap(random);

    if (fair_node_is_queued(n) && fairq_is_sole(&q, n)) {
        CHECK(q.total == 1);
        fairq_remove_sole(&q, n);
    } else if (fair_node_is_queued(n)) {
        CHECK(q.total > 1 || n->slot == FAIRQ_IN_TREE);
        fairq_remove(&q, n);
    } else {
        n->key = near_the_wrap(random);
        n->deadline = n->key + check_random(random) % 300;
        fairq_insert(&q, n);
    }
    min = fairq_min(&q);
    CHECK((min == NULL) == (plain_min() == NULL));
    CHECK(!min || min->key == plain_min()->key);
    pick = fairq_pick_eligible(&q, v);
    CHECK((pick == NULL) == (plain_pick(v) == NULL));
    CHECK(!pick || (pick->deadline == plain_pick(v)->deadline && !fairq_key_before(v, pick->key)));
    after = fairq_first_after(&q, v);
    CHECK((after ? after->key : v) == plain_after(v));
    check_fairq(&q);
    check_walk();
    late = fairq_late(&q);
    CHECK((late == NULL) == (q.total == 0) && (!late || fair_node_is_queued(late)));
}

/* As a scheduler does: run the minimum, raise its key, put it back. Equal weights get equal turns. */
static void rotation(unsigned live)
{
    unsigned turns[NODES] = {0};

    for (unsigned i = 0; i < live; i++) {
        nodes[i].key = LF_COUNTER_START(uint64_t);
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
    CHECK(q.total == 0 && q.flat == 0 && !q.root && !q.first);
}

/* Who computes all the time, by request after request of the same length: Stoica and Abdel-Wahab's theorem, that nobody is further than one
 * request from its share, and what follows for a window of time, whose error is the difference of two lags: less than two requests,
 * and more than one. Times in ns; keys are ns for weight 1024, in sixteenths. */
#define REQUEST 750000ll
#define HOGS 5

static const int64_t weight[HOGS] = {9548, 3121, 1024, 335, 110}; /* nice -10, -5, 0, 5, 10 */

static uint64_t average_key(const struct fair_node *n, int64_t all)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < HOGS; i++)
        sum += weight[i] * (int64_t)(n[i].key - n[0].key);
    return n[0].key + (uint64_t)(sum / all);
}

static void next_request(struct fair_node *n, int64_t w)
{
    n->deadline = n->key + (uint64_t)(REQUEST * 16 * 1024 / w);
    fairq_insert(&q, n);
}

static void shares(void)
{
    int64_t all = 0, served[HOGS] = {0}, least[HOGS] = {0}, most[HOGS] = {0}, window = 0;

    for (unsigned i = 0; i < HOGS; i++) {
        all += weight[i];
        nodes[i].key = LF_COUNTER_START(uint64_t);
        next_request(&nodes[i], weight[i]);
    }
    for (int64_t t = REQUEST; t < 20000ll * REQUEST; t += REQUEST) {
        struct fair_node *n = fairq_pick_eligible(&q, average_key(nodes, all) + 1);

        CHECK(n);
        fairq_remove(&q, n);
        n->key = n->deadline;
        next_request(n, weight[n - nodes]);
        served[n - nodes] += REQUEST;
        for (unsigned i = 0; i < HOGS; i++) {
            int64_t lag = t * weight[i] / all - served[i];

            CHECK(lag > -REQUEST && lag < REQUEST);
            least[i] = lag < least[i] ? lag : least[i];
            most[i] = lag > most[i] ? lag : most[i];
            window = most[i] - least[i] > window ? most[i] - least[i] : window;
        }
    }
    CHECK(window > REQUEST && window < 2 * REQUEST);
    printf("fairq: of windows the worst was off by %.2f requests\n", (double)window / REQUEST);
    for (unsigned i = 0; i < HOGS; i++)
        fairq_remove(&q, &nodes[i]);
}

/* What a scheduler pays with `live` tasks: the best of many short runs, since other programs interrupt. Of interest with -O2. */
static void speed(unsigned live)
{
    struct fair_node *n = &nodes[live - 1];
    double pick = 1, all = 1;

    for (unsigned i = 0; i < live; i++)
        nodes[i].key = 100 * i;
    for (unsigned i = 0; i < live - 1; i++)
        fairq_insert(&q, &nodes[i]);
    for (unsigned r = 0; r < 300; r++) {
        double start = check_now(), then;

        for (unsigned i = 0; i < 200; i++) {
            fairq_insert(&q, n);
            n = fairq_min(&q);
            fairq_remove(&q, n);
            n->key += 100 * live + i % 50;
        }
        then = check_now();
        for (unsigned i = 0; i < 200; i++) {
            struct fair_node *volatile min = fairq_min(&q);

            (void)min;
        }
        all = then - start < all ? then - start : all;
        pick = check_now() - then < pick ? check_now() - then : pick;
    }
    for (unsigned i = 0; i < live; i++)
        if (fair_node_is_queued(&nodes[i]))
            fairq_remove(&q, &nodes[i]);
    printf("fairq: %u tasks: pick %.1f ns, insert + pick + remove %.1f ns\n", live, pick * 5e6, all * 5e6);
}

static void round_of(uint64_t *random, unsigned live)
{
    for (unsigned i = 0; i < 1000; i++)
        step(random, live);
    for (unsigned i = 0; i < NODES; i++)
        if (fair_node_is_queued(&nodes[i]))
            fairq_remove(&q, &nodes[i]);
    CHECK(q.total == 0);
    rotation(live);
}

int main(int argc, char **argv)
{
    uint64_t random, rounds = 0;
    double end;

    check_options(argc, argv);
    random = check_seed;
    end = check_now() + check_seconds;
    for (unsigned i = 0; i < NODES; i++)
        fair_node_init(&nodes[i]);
    shares();
    do
        for (unsigned live = 1; live <= NODES; live = live * 3 / 2 + 1, rounds++)
            round_of(&random, live);
    while (check_now() < end);
    speed(2);
    speed(16);
    speed(150);
    printf("fairq: ok, %llu rounds\n", (unsigned long long)rounds);
    return 0;
}
