/* shelf_test.c: each object that the owner puts is taken by exactly one of owner and thieves; nothing is lost or doubled. */
#include "lockfree/check.h"
#include "lockfree/shelf.h"

#define THIEVES 3
#define OBJECTS 60000

struct object {
    uint32_t taken;
    uint32_t payload; /* plain: written before the put, read by the taker (H1) */
};

static struct shelf shelf;
static struct object objects[OBJECTS];
static uint32_t owner_finished;
static uint64_t stolen, reclaimed; /* of this round */
static uint64_t all_stolen, all_reclaimed;

static void take(struct object *o)
{
    CHECK(o->payload == (uint32_t)(o - objects) + 7);
    CHECK(atomic_fetch_add_relaxed(&o->taken, 1) == 0);
}

static void owner(struct check_thread *t)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        objects[i].payload = i + 7;
        while (shelf_put_owner(&shelf, &objects[i]) < 0) {
            struct object *o = (struct object *)shelf_take_slot(&shelf, (int)(check_random(&t->random) % SHELF_SLOTS));

            if (o) {
                take(o);
                reclaimed++;
            }
        }
        if (check_random(&t->random) % 32 == 0)
            sched_yield();
    }
    atomic_store_release(&owner_finished, 1);
}

static void thief(struct check_thread *t)
{
    for (;;) {
        bool last = atomic_load_acquire(&owner_finished);
        struct object *o = (struct object *)shelf_take(&shelf);

        if (o) {
            take(o);
            t->done++;
        } else if (last) {
            break;
        } else {
            sched_yield();
        }
    }
}

static void body(struct check_thread *t)
{
    if (t->index == 0)
        owner(t);
    else
        thief(t);
}

static void round_of_objects(void)
{
    void (*bodies[])(struct check_thread *) = {body};

    memset(objects, 0, sizeof(objects));
    owner_finished = 0;
    reclaimed = 0;
    CHECK(shelf_is_empty(&shelf));
    stolen = check_run(THIEVES + 1, bodies, 1);
    CHECK(shelf_is_empty(&shelf) && stolen + reclaimed == OBJECTS);
    for (unsigned i = 0; i < OBJECTS; i++)
        CHECK(objects[i].taken == 1);
    all_stolen += stolen;
    all_reclaimed += reclaimed;
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    check_repeat(round_of_objects);
    printf("shelf: ok, %llu stolen, %llu reclaimed\n", (unsigned long long)all_stolen, (unsigned long long)all_reclaimed);
    return 0;
}
