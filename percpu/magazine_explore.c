/* magazine_explore.c: the depot and the remote list against plain rows of batch and object numbers. The magazine itself is its owner's
 * alone: one thread. The depot's lock is explored by locks_explore.c, so its waiters do not queue here. */
#include "lockfree/explore.h"
#include "percpu/magazine.h"

#define BATCHES (EXPLORE_OPS + 2)
#define ROOM 2

struct model {
    uint8_t batches;
    uint8_t batch[ROOM]; /* the newest last */
    uint8_t remotes;
    uint8_t remote[EXPLORE_OPS]; /* the newest last */
};

static struct magazine_depot depot;
static struct object {
    struct inbox_node link;
    uint64_t note; /* plain: who freed it is done with it */
} objects[BATCHES][MAGAZINE_BATCH], remote_objects[EXPLORE_OPS];
static struct object *const all_objects = objects[0];
static struct magazine mine;
static struct qlock_nodes nodes[EXPLORE_THREADS];

struct qlock_nodes *qlock_env_nodes(uint32_t cpu)
{
    return &nodes[cpu];
}

/* `alone`: nobody can be met at the lock. */
static bool put_batch(unsigned i, bool alone)
{
    void *batch[MAGAZINE_BATCH];
    bool met = false, done;

    for (unsigned k = 0; k < MAGAZINE_BATCH; k++)
        batch[k] = &objects[i][k];
    objects[i][0].note = i + 1;
    done = magazine_depot_put(&depot, batch, &met);
    EXPLORE_CHECK(!alone || !met);
    return done;
}

static void make(void *model, unsigned n)
{
    struct model *m = model;

    explore_name(&depot, sizeof(depot), 1, "depot");
    explore_name(objects, sizeof(objects[0]), BATCHES, "batch");
    explore_name(remote_objects, sizeof(remote_objects[0]), EXPLORE_OPS, "remote");
    qlock_unfair = true;
    magazine_depot_init(&depot, ROOM);
    for (unsigned i = 0; i < n; i++) {
        EXPLORE_CHECK(put_batch(EXPLORE_OPS + i, true));
        m->batch[m->batches++] = (uint8_t)(EXPLORE_OPS + i);
    }
}

static void make_empty(void *model)
{
    make(model, 0);
}

static void make_one(void *model)
{
    make(model, 1);
}

static void make_full(void *model)
{
    make(model, ROOM);
}

static uint64_t put(unsigned thread, unsigned serial)
{
    (void)thread;
    return put_batch(serial, false);
}

static bool put_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    *result = m->batches < ROOM;
    if (*result)
        m->batch[m->batches++] = (uint8_t)serial;
    return outcome == 0;
}

static uint64_t take_batch(bool alone)
{
    void *batch[MAGAZINE_BATCH];
    struct object *o;
    bool met = false;

    if (!magazine_depot_take(&depot, batch, &met))
        return 0;
    EXPLORE_CHECK(!alone || !met);
    o = batch[MAGAZINE_BATCH - 1]; /* the first that was put: the chain is newest first */
    EXPLORE_CHECK(o->note == (uint64_t)(o - objects[0]) / MAGAZINE_BATCH + 1);
    return o->note;
}

static uint64_t take(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    return take_batch(false);
}

static bool take_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = 0;
    if (m->batches) {
        *result = m->batch[--m->batches] + 1u;
        m->batch[m->batches] = 0;
    }
    return outcome == 0;
}

static uint64_t free_remote(unsigned thread, unsigned serial)
{
    (void)thread;
    remote_objects[serial].note = serial + 1;
    magazine_free_remote(&depot, &remote_objects[serial]);
    return 0;
}

static bool free_remote_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    m->remote[m->remotes++] = (uint8_t)serial;
    *result = 0;
    return outcome == 0;
}

static uint64_t take_remote(unsigned thread, unsigned serial)
{
    uint64_t all = 0;

    (void)thread, (void)serial;
    for (struct inbox_node *n = magazine_take_remote(&depot); n;) {
        struct object *o = lf_container_of(n, struct object, link);

        EXPLORE_CHECK(o->note == (uint64_t)(o - remote_objects) + 1);
        all = all * 32 + o->note;
        n = inbox_take_next(n);
    }
    return all;
}

static bool take_remote_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread, (void)serial;
    *result = 0;
    for (; m->remotes; m->remote[m->remotes] = 0)
        *result = *result * 32 + m->remote[--m->remotes] + 1;
    return outcome == 0;
}

/* Everything that is left. */
static uint64_t drain(unsigned thread, unsigned serial)
{
    uint64_t all = take_remote(thread, serial), one;

    while ((one = take_batch(true)))
        all = all * 32 + one;
    return all;
}

static bool drain_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    uint64_t all, one;

    (void)take_remote_spec(model, thread, serial, 0, &all);
    while (take_spec(model, thread, serial, 0, &one), one)
        all = all * 32 + one;
    *result = all;
    return outcome == 0;
}

/* A magazine and its kept batches, which are their owner's alone: as deep as it gets, filled, emptied, small again. What was put comes out once. */
static uint64_t owner(unsigned thread, unsigned serial)
{
    static void *out[BATCHES * MAGAZINE_BATCH];
    uint32_t n = 0;

    (void)thread, (void)serial;
    mine = (struct magazine)MAGAZINE_INIT(MAGAZINE_START);
    for (unsigned i = 0; i < BATCHES * MAGAZINE_BATCH; i++)
        all_objects[i].note = 0;
    for (unsigned i = 0; i < 8 * MAGAZINE_TRIPS; i++)
        magazine_trip(&mine, false, MAGAZINE_MOST);
    EXPLORE_CHECK(mine.depth == MAGAZINE_OBJECTS && mine.trips < MAGAZINE_TRIPS && mine.keep);
    while (n < BATCHES * MAGAZINE_BATCH && (magazine_put(&mine, all_objects + n) || (magazine_keep(&mine) && magazine_put(&mine, all_objects + n))))
        n++;
    EXPLORE_CHECK(mine.kept && magazine_holds(&mine) == n && n > MAGAZINE_OBJECTS);
    EXPLORE_CHECK(magazine_spill(&mine, out, BATCHES * MAGAZINE_BATCH) == n && !magazine_holds(&mine));
    for (uint32_t i = 0; i < n; i++)
        ((struct object *)out[i])->note++;
    for (uint32_t i = 0; i < n; i++)
        EXPLORE_CHECK(all_objects[i].note == 1);
    magazine_shrink(&mine);
    EXPLORE_CHECK(mine.depth == MAGAZINE_BATCH && !mine.keep && !mine.trips);
    EXPLORE_CHECK(magazine_refill(&mine, out, n) == n - MAGAZINE_BATCH && !magazine_put(&mine, out[0]));
    return n;
}

static const struct explore_op ops[] = {
    {"put", put, put_spec, 0},
    {"take", take, take_spec, 0},
    {"free_remote", free_remote, free_remote_spec, 0},
    {"take_remote", take_remote, take_remote_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"full", make_full}, {NULL, NULL}};

static const struct explore_op final = {"drain", drain, drain_spec, 0};

static const struct explore_structure magazine = {.name = "magazine", .ops = ops, .initials = initials, .final = &final};

static const struct explore_op owner_ops[] = {{"owner", owner, NULL, 1}, {NULL, NULL, NULL, 0}};
static const struct explore_initial owner_initials[] = {{"empty", make_empty}, {NULL, NULL}};
static const struct explore_structure alone = {
    .name = "magazine, alone", .ops = owner_ops, .initials = owner_initials, .no_triples = true}; /* one thread */

const struct explore_structure *const explore_list[] = {&magazine, &alone, NULL};
