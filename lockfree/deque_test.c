/* deque_test.c: one owner pushes numbered objects and pops some, thieves steal the rest: every object is taken exactly once, and a
 * thief sees what the owner wrote into it. The small deque runs full and wraps all the time. */
#include "lockfree/check.h"
#include "lockfree/deque.h"

#define SLOTS 8
#define THIEVES 3
#define OBJECTS (1u << 16)

struct object {
    uint64_t value;   /* plain: written before the push, read after the take (K1) */
    uint32_t taken;   /* atomic */
};

static void *slots[SLOTS];
static struct deque deque;
static struct object objects[OBJECTS];
static uint32_t stop;
static uint64_t pushed, popped, stolen; /* of this round */
static uint64_t all_popped, all_stolen;

static void take(struct object *o)
{
    CHECK(o->value == (uint64_t)(o - objects) * 3 + 1);
    CHECK(atomic_xchg_full(&o->taken, 1) == 0);
}

static void owner(struct check_thread *t)
{
    struct object *last;

    while (pushed < OBJECTS) {
        struct object *o = &objects[pushed];

        o->value = pushed * 3 + 1;
        if (deque_push_owner(&deque, o))
            pushed++;
        else
            sched_yield();
        for (uint64_t n = check_random(&t->random) % 3; n; n--) {
            if ((last = (struct object *)deque_pop_owner(&deque))) {
                take(last);
                popped++;
            }
        }
        if (check_random(&t->random) % 64 == 0)
            sched_yield();
    }
    while ((last = (struct object *)deque_pop_owner(&deque))) {
        take(last);
        popped++;
    }
    atomic_store_release(&stop, 1);
    t->done = pushed;
}

static void thief(struct check_thread *t)
{
    uint64_t n = 0;

    while (!atomic_load_acquire(&stop)) {
        struct object *o = (struct object *)deque_steal(&deque);

        if (o) {
            take(o);
            n++;
        }
        if (!o || check_random(&t->random) % 32 == 0)
            sched_yield();
    }
    (void)atomic_fetch_add_full(&stolen, n);
}

static void body(struct check_thread *t)
{
    if (t->index == 0)
        owner(t);
    else
        thief(t);
}

/* One thread: both ends in order, full and empty, the wrap of the indices. */
static void sequential(void)
{
    static struct object o[SLOTS];

    deque_init(&deque, slots, SLOTS);
    for (int round = 0; round < 100; round++) {
        CHECK(!deque_pop_owner(&deque) && !deque_steal(&deque));
        for (unsigned i = 0; i < SLOTS; i++)
            CHECK(deque_push_owner(&deque, &o[i]));
        CHECK(!deque_push_owner(&deque, &o[0]) && deque_count(&deque) == SLOTS);
        CHECK(deque_steal(&deque) == &o[0] && deque_pop_owner(&deque) == &o[SLOTS - 1]);
        for (unsigned i = 1; i < SLOTS - 1; i++)
            CHECK((i % 2 ? deque_steal(&deque) : deque_pop_owner(&deque)) != NULL);
        CHECK(deque_count(&deque) == 0);
    }
}

static void round_of_objects(void)
{
    void (*bodies[])(struct check_thread *) = {body};

    memset(objects, 0, sizeof(objects));
    pushed = popped = stolen = 0;
    stop = 0;
    deque_init(&deque, slots, SLOTS);
    check_run(THIEVES + 1, bodies, 1);
    CHECK(pushed && popped && popped + stolen == pushed);
    for (uint64_t i = 0; i < pushed; i++)
        CHECK(objects[i].taken == 1);
    all_popped += popped;
    all_stolen += stolen;
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    sequential();
    check_repeat(round_of_objects);
    printf("deque: ok, %llu popped, %llu stolen\n", (unsigned long long)all_popped, (unsigned long long)all_stolen);
    return 0;
}
