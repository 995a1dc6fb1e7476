/* magazine_test.c: threads as the CPUs of two nodes allocate and free objects through magazines, depots and remote lists, and hand them
 * to each other. Every object is in one place at a time, none is lost: at the end all places together hold each object once. */
#include <string.h>
#include "lockfree/check.h"
#include "lockfree/mpmc_ring.h"
#include "percpu/magazine.h"

#define CPUS 4
#define NODES 2
#define OBJECTS 4096 /* each node's */
#define HELD 400

struct object {
    struct inbox_node link; /* while it is free */
    uint32_t used;          /* atomic: 1 with a user */
    uint32_t node;
    uint64_t note;          /* plain: written by the user (A1) */
};

static struct object objects[NODES][OBJECTS];
static struct node {
    struct magazine_depot depot;
    struct qlock lock;
    struct inbox_node *backing; /* under lock */
} nodes[NODES];
static struct magazine magazines[CPUS];
static struct mpmc_cell cells[64];
static struct mpmc_ring between; /* objects that another CPU will free */
static uint64_t remote_frees, depot_batches, deepest, unkept, working = CPUS; /* atomic */

static void back(struct object *o)
{
    struct node *n = &nodes[o->node];

    qlock_lock(&n->lock);
    o->link.next = n->backing;
    n->backing = &o->link;
    qlock_unlock(&n->lock);
}

/* What the slabs do in the kernel: remote frees first, then the backing. */
static uint32_t from_backing(struct node *n, void **out, uint32_t want)
{
    uint32_t got = 0;

    for (struct inbox_node *o = magazine_take_remote(&n->depot); o;) {
        struct inbox_node *next = inbox_take_next(o);

        back(lf_container_of(o, struct object, link));
        o = next;
    }
    qlock_lock(&n->lock);
    for (; got < want && n->backing; n->backing = n->backing->next)
        out[got++] = n->backing;
    qlock_unlock(&n->lock);
    return got;
}

static struct object *object_get(uint32_t cpu)
{
    struct magazine *m = &magazines[cpu];
    struct node *n = &nodes[cpu % NODES];
    struct object *o = (struct object *)magazine_get(m);
    void *batch[MAGAZINE_BATCH];
    bool met = false;
    uint32_t got;

    if (!o && magazine_unkeep(m)) {
        o = (struct object *)magazine_get(m);
        CHECK(o);
        atomic_inc_relaxed(&unkept);
    } else if (!o) {
        got = magazine_depot_take(&n->depot, batch, &met);
        if (!got)
            got = from_backing(n, batch, MAGAZINE_BATCH);
        magazine_trip(m, met, MAGAZINE_MOST);
        CHECK(magazine_refill(m, batch, got) == 0);
        o = (struct object *)magazine_get(m);
    }
    if (o)
        CHECK(atomic_xchg_full(&o->used, 1) == 0);
    return o;
}

static void spill(uint32_t cpu)
{
    void *batch[MAGAZINE_BATCH];
    uint32_t got = magazine_spill(&magazines[cpu], batch, MAGAZINE_BATCH);
    bool met = false;

    if (got == MAGAZINE_BATCH && magazine_depot_put(&nodes[cpu % NODES].depot, batch, &met)) {
        atomic_inc_relaxed(&depot_batches);
    } else {
        while (got)
            back((struct object *)batch[--got]);
    }
    magazine_trip(&magazines[cpu], met, MAGAZINE_MOST);
}

static void object_put(uint32_t cpu, struct object *o)
{
    CHECK(atomic_xchg_full(&o->used, 0) == 1);
    if (o->node != cpu % NODES) {
        magazine_free_remote(&nodes[o->node].depot, o);
        atomic_inc_relaxed(&remote_frees);
    } else if (!magazine_put(&magazines[cpu], o)) {
        if (!magazine_keep(&magazines[cpu]))
            spill(cpu);
        CHECK(magazine_put(&magazines[cpu], o));
    }
}

/* Hands an object over, or takes one that was handed over and frees it. */
static void exchange(struct check_thread *t, struct object **held, uint32_t *count)
{
    struct object *o;

    if (*count && check_random(&t->random) % 2 && mpmc_ring_push_mpmc(&between, held[*count - 1])) {
        --*count;
        return;
    }
    if ((o = (struct object *)mpmc_ring_pop_mpmc(&between)))
        object_put(t->index, o);
}

static void cpu_body(struct check_thread *t)
{
    struct object *held[HELD];
    uint32_t count = 0, want = 0;
    double end = check_now() + check_seconds;

    while (t->done % 256 || check_now() < end) {
        struct object *o = count < want ? object_get(t->index) : NULL;

        if (o) {
            o->note = t->index;
            held[count++] = o;
        } else if (count) {
            object_put(t->index, held[--count]);
        }
        if (count == want || !count)
            want = (uint32_t)(check_random(&t->random) % HELD);
        exchange(t, held, &count);
        if (check_random(&t->random) % 4096 == 0)
            magazine_shrink(&magazines[t->index]);
        while (!magazines[t->index].keep && magazine_holds(&magazines[t->index]) > magazines[t->index].depth)
            spill(t->index);
        if (magazine_holds(&magazines[t->index]) > atomic_load_relaxed(&deepest))
            atomic_store_relaxed(&deepest, magazine_holds(&magazines[t->index]));
        t->done++;
    }
    while (count)
        object_put(t->index, held[--count]);
    (void)atomic_fetch_sub_full(&working, 1);
    while (atomic_load_acquire(&working) || !mpmc_ring_is_empty(&between)) {
        struct object *o = (struct object *)mpmc_ring_pop_mpmc(&between);

        if (o)
            object_put(t->index, o);
        else
            sched_yield();
    }
}

static void empty_everything(void)
{
    void *batch[MAGAZINE_MOST];
    bool met;

    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        for (uint32_t n = magazine_spill(&magazines[cpu], batch, MAGAZINE_MOST); n; n--)
            back((struct object *)batch[n - 1]);
    for (uint32_t i = 0; i < NODES; i++) {
        for (uint32_t n; (n = magazine_depot_take(&nodes[i].depot, batch, &met));)
            for (; n; n--)
                back((struct object *)batch[n - 1]);
        CHECK(from_backing(&nodes[i], batch, 0) == 0);
    }
}

static void count_all(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t n = 0;

        for (struct inbox_node *o = nodes[i].backing; o; o = o->next, n++) {
            struct object *object = lf_container_of(o, struct object, link);

            CHECK(object->node == i && object->used == 0);
            object->used = 2; /* seen */
        }
        CHECK(n == OBJECTS);
    }
}

static void depth(void)
{
    struct magazine m = MAGAZINE_INIT(MAGAZINE_START);

    for (unsigned i = 0; i < MAGAZINE_TRIPS; i++)
        magazine_trip(&m, false, MAGAZINE_MOST);
    CHECK(m.depth == MAGAZINE_START + MAGAZINE_BATCH);
    for (unsigned i = 0; i < 4 * MAGAZINE_TRIPS / MAGAZINE_MET; i++)
        magazine_trip(&m, true, MAGAZINE_OBJECTS);
    CHECK(m.depth == MAGAZINE_OBJECTS && m.keep == 0);
    for (unsigned i = 0; i < 20 * MAGAZINE_TRIPS; i++)
        magazine_trip(&m, false, MAGAZINE_MOST - 1);
    CHECK(m.depth == MAGAZINE_OBJECTS && m.keep == MAGAZINE_KEPT - 1);
    for (unsigned i = 0; i < 2 * MAGAZINE_TRIPS; i++)
        magazine_trip(&m, false, MAGAZINE_MOST);
    CHECK(m.keep == MAGAZINE_KEPT);
    magazine_shrink(&m);
    CHECK(m.depth == MAGAZINE_BATCH && m.keep == 0 && !magazine_get(&m));
}

/* Fills one to the brim and takes all out again: every object once, each way out. */
static void brim(bool by_spill)
{
    static struct magazine m;
    static struct inbox_node all[MAGAZINE_MOST + 1];
    static uint8_t seen[MAGAZINE_MOST + 1];
    uint32_t put = 0, got = 0;
    void *o;

    memset(seen, 0, sizeof(seen));
    m = (struct magazine){.depth = MAGAZINE_OBJECTS, .keep = MAGAZINE_KEPT};
    while (magazine_put(&m, &all[put]) || (magazine_keep(&m) && magazine_put(&m, &all[put])))
        put++;
    CHECK(put == MAGAZINE_MOST && magazine_holds(&m) == MAGAZINE_MOST);
    while (by_spill ? magazine_spill(&m, &o, 1) == 1 : (o = magazine_get(&m)) || (magazine_unkeep(&m) && (o = magazine_get(&m)))) {
        CHECK(seen[(struct inbox_node *)o - all]++ == 0);
        got++;
    }
    CHECK(got == put && magazine_holds(&m) == 0);
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {cpu_body};
    uint64_t done;

    check_options(argc, argv);
    depth();
    brim(false);
    brim(true);
    mpmc_ring_init(&between, cells, 64);
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        magazines[cpu] = (struct magazine)MAGAZINE_INIT(MAGAZINE_START);
    for (uint32_t i = 0; i < NODES; i++) {
        magazine_depot_init(&nodes[i].depot, 8);
        for (uint32_t k = 0; k < OBJECTS; k++) {
            objects[i][k].node = i;
            back(&objects[i][k]);
        }
    }
    done = check_run(CPUS, bodies, 1);
    empty_everything();
    count_all();
    CHECK(done && remote_frees && depot_batches && unkept && deepest > MAGAZINE_OBJECTS);
    printf("magazine: ok, %llu steps, %llu remote frees, %llu batches to the depot, depth up to %llu\n", (unsigned long long)done,
           (unsigned long long)remote_frees, (unsigned long long)depot_batches, (unsigned long long)deepest);
    return 0;
}
