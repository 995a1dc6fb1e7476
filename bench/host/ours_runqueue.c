/* ours_runqueue.c: the fair queue of a run queue with 16 tasks: insert, pick and remove, each by itself and all three. The targets are
 * for a processor at 3 GHz: the figure is scaled by this one's clock before it is compared. And the calendar's turn among 1,024. */
#include "bench/host/subject.h"
#include "percpu/fair_calendar.h"

#define TASKS 16

struct queue {
    struct fairq q;
    struct fair_node node[TASKS];
};

static void queue_init(void *object, const struct bench_cell *cell)
{
    struct queue *o = object;

    (void)cell;
    for (unsigned i = 0; i < TASKS; i++) {
        fair_node_init(&o->node[i]);
        o->node[i].key = (i * 7 % TASKS) * 1000;
        if (i)
            fairq_insert(&o->q, &o->node[i]);
    }
}

/* 15 tasks are queued; the 16th comes and goes. What the pair costs, by two. */
static void insert_remove(struct bench_thread *t, uint64_t n)
{
    struct queue *o = t->object;

    for (uint64_t i = 0; i < n; i += 2) {
        o->node[0].key = i * 1000;
        fairq_insert(&o->q, &o->node[0]);
        bench_barrier();
        fairq_remove(&o->q, &o->node[0]);
        bench_barrier();
    }
}

static void pick(struct bench_thread *t, uint64_t n)
{
    struct queue *o = t->object;

    if (o->node[0].slot == FAIRQ_NOWHERE)
        fairq_insert(&o->q, &o->node[0]);
    for (uint64_t i = 0; i < n; i++)
        bench_use(fairq_min(&o->q));
}

/* A scheduler's turn: the smallest is picked, taken out, and comes back with a later key. */
static void turn(struct bench_thread *t, uint64_t n)
{
    struct queue *o = t->object;

    if (o->node[0].slot == FAIRQ_NOWHERE)
        fairq_insert(&o->q, &o->node[0]);
    for (uint64_t i = 0; i < n; i++) {
        struct fair_node *next = fairq_min(&o->q);

        bench_use(next);
        fairq_remove(&o->q, next);
        next->key += (5 + i % 11) * 1000;
        bench_barrier();
        fairq_insert(&o->q, next);
    }
}

#define MANY 1024
#define REQUEST 3000000

struct many {
    struct fair_calendar c;
    struct fairq rest;
    struct fair_node node[MANY];
    uint64_t v;
};

static void put(struct many *o, struct fair_node *n)
{
    n->deadline = n->key + REQUEST;
    calendar_insert(&o->c, &o->rest, n, REQUEST);
}

static void many_init(void *object, const struct bench_cell *cell)
{
    struct many *o = object;

    (void)cell;
    o->c.shift = 17;
    o->v = 2 * MANY * 300;
    for (unsigned i = 0; i < MANY; i++) {
        fair_node_init(&o->node[i]);
        o->node[i].key = (i * 7 % MANY) * 300;
        put(o, &o->node[i]);
    }
}

/* Who yields: the one due is picked, taken out, and asks anew. */
static void turn_of_many(struct bench_thread *t, uint64_t n)
{
    struct many *o = t->object;

    for (uint64_t i = 0; i < n; i++) {
        struct fair_node *next = calendar_pick(&o->c, &o->rest, o->v);

        bench_use(next);
        calendar_remove(&o->c, &o->rest, next);
        next->key += 300;
        o->v += 300;
        bench_barrier();
        put(o, next);
    }
}

#define QUEUE_SUBJECT(name_, function, limit)                                                      \
    {                                                                                              \
        .structure = "run queue", .contract = "owner only, 16 tasks", .name = name_,               \
        .library = "CloudOS", .side = SIDE_OURS, .object_bytes = sizeof(struct queue),             \
        .limit_ns = limit, .init = queue_init, .batch = function, .check = bench_nothing_bad       \
    }

static const struct bench_subject subjects[] = {
    QUEUE_SUBJECT("insert or remove", insert_remove, 15),
    QUEUE_SUBJECT("pick", pick, 15),
    QUEUE_SUBJECT("pick, remove, insert", turn, 40),
    {.structure = "run queue", .contract = "owner only, 1024 tasks", .name = "pick, remove, insert", .library = "CloudOS",
     .side = SIDE_OURS, .object_bytes = sizeof(struct many), .init = many_init, .batch = turn_of_many, .check = bench_nothing_bad},
};
BENCH_LIST(list_ours_runqueue, subjects);
