/* mpmc_ring_test.c: producers push numbered objects through a small ring, consumers pop them: each object arrives exactly once, with
 * what its producer wrote, and a consumer sees one producer's objects in the order of their pushes. */
#include "lockfree/check.h"
#include "lockfree/mpmc_ring.h"

#define CELLS 4
#define PRODUCERS 2
#define CONSUMERS 2
#define OBJECTS (1u << 15)

struct object {
    uint64_t value; /* plain: N1 */
    uint32_t popped; /* atomic */
};

static struct mpmc_cell cells[CELLS];
static struct mpmc_ring ring;
static struct object objects[PRODUCERS][OBJECTS];
static uint64_t pushed[PRODUCERS];
static uint32_t producing = PRODUCERS; /* atomic */
static uint64_t popped, refused;       /* atomic */
static uint64_t all_popped;

static void producer(struct check_thread *t)
{
    unsigned me = t->index / 2;
    uint64_t i = 0;

    while (i < OBJECTS) {
        struct object *o = &objects[me][i];

        o->value = me * OBJECTS + i;
        while (!mpmc_ring_push_mpmc(&ring, o)) {
            atomic_inc_relaxed(&refused);
            sched_yield();
        }
        i++;
    }
    pushed[me] = t->done = i;
    (void)atomic_fetch_sub_full(&producing, 1);
}

static void consumer(struct check_thread *t)
{
    uint64_t next[PRODUCERS] = {0};

    for (;;) {
        bool last = !atomic_load_acquire(&producing);
        struct object *o = (struct object *)mpmc_ring_pop_mpmc(&ring);

        if (o) {
            uint64_t from = o->value / OBJECTS, i = o->value % OBJECTS;

            CHECK(o == &objects[from][i] && i >= next[from]); /* N3 */
            next[from] = i + 1;
            CHECK(atomic_xchg_full(&o->popped, 1) == 0);
            atomic_inc_relaxed(&popped);
            t->done++;
        } else if (last) {
            return;
        }
        if (!o || check_random(&t->random) % 64 == 0)
            sched_yield();
    }
}

static void sequential(void)
{
    static struct object o[CELLS];

    mpmc_ring_init(&ring, cells, CELLS);
    for (int round = 0; round < 65; round++) { /* empty at every position, up to behind the wrap */
        CHECK(mpmc_ring_is_empty(&ring) && !mpmc_ring_pop_mpmc(&ring));
        CHECK(mpmc_ring_push_mpmc(&ring, &o[0]) && mpmc_ring_pop_mpmc(&ring) == &o[0]);
    }
    mpmc_ring_init(&ring, cells, CELLS);
    for (int round = 0; round < 100; round++) {
        CHECK(mpmc_ring_is_empty(&ring) && !mpmc_ring_pop_mpmc(&ring));
        for (unsigned i = 0; i < CELLS; i++)
            CHECK(mpmc_ring_push_mpmc(&ring, &o[i]));
        CHECK(!mpmc_ring_push_mpmc(&ring, &o[0]) && !mpmc_ring_is_empty(&ring));
        for (unsigned i = 0; i < CELLS; i++)
            CHECK(mpmc_ring_pop_mpmc(&ring) == &o[i]);
    }
}

static void round_of_objects(void)
{
    void (*bodies[])(struct check_thread *) = {producer, consumer};
    uint64_t sum = 0;

    memset(objects, 0, sizeof(objects));
    producing = PRODUCERS;
    popped = 0;
    mpmc_ring_init(&ring, cells, CELLS);
    check_run(PRODUCERS + CONSUMERS, bodies, 2);
    for (unsigned p = 0; p < PRODUCERS; p++)
        for (uint64_t i = 0; i < pushed[p]; i++, sum++)
            CHECK(objects[p][i].popped == 1);
    CHECK(sum && popped == sum && mpmc_ring_is_empty(&ring));
    all_popped += sum;
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    sequential();
    check_repeat(round_of_objects);
    printf("mpmc ring: ok, %llu objects, %llu times full\n", (unsigned long long)all_popped, (unsigned long long)refused);
    return 0;
}
