/* srcu_test.c: readers that sleep inside their sections and leave on another CPU's line must never hold an object that has
 * been removed for a whole period; a reader that stays in its section keeps the period open for as long. srcu_test SECONDS SEED broken:
 * the updater does not wait, which must be noticed. */
#include <string.h>
#include "lockfree/check.h"
#include "lockfree/srcu.h"

#define READERS 3
#define SLOTS 4
#define OBJECTS 8

struct object {
    uint32_t age; /* 0 published or free, 1 removed, 2 a period later */
    uint64_t value;
};

static struct srcu domain;
static struct srcu_slot slots[SLOTS];
static struct object objects[OBJECTS], *published = &objects[0];
static uint64_t too_old;
static uint32_t stop;
static bool broken;

static void reader(struct check_thread *t)
{
    while (!atomic_load_acquire(&stop)) {
        uint64_t n = check_random(&t->random);
        unsigned index = srcu_lock(&domain, t->index);
        struct object *o = atomic_load_acquire(&published);
        uint64_t value = o->value;

        if (n % 16 == 0)
            sched_yield();
        if (atomic_load_relaxed(&o->age) > 1 || o->value != value)
            atomic_inc_relaxed(&too_old);
        srcu_unlock(&domain, (uint32_t)(n >> 8) % SLOTS, index);
        t->done++;
    }
}

static void wait_period(void)
{
    uint64_t cookie = srcu_snapshot(&domain);

    CHECK(!srcu_poll(&domain, cookie));
    if (broken)
        return;
    srcu_start(&domain);
    while (!srcu_advance(&domain))
        sched_yield();
    CHECK(srcu_poll(&domain, cookie));
}

static void updater(struct check_thread *t)
{
    double end = check_now() + check_seconds + (broken ? 30 : 0);

    while (check_now() < end && !atomic_load_relaxed(&too_old)) {
        struct object *old = published, *fresh = &objects[++t->done % OBJECTS];

        fresh->value = t->done; /* plain: under ASan and TSan a reader here would show */
        atomic_store_relaxed(&fresh->age, 0);
        atomic_store_release(&published, fresh);
        atomic_store_relaxed(&old->age, 1);
        wait_period();
        atomic_store_relaxed(&old->age, 2);
    }
    atomic_store_release(&stop, 1);
}

/* The sums alone: slow readers at either index hold the period. */
static void sequential(void)
{
    unsigned a = srcu_lock(&domain, 0), b;

    srcu_start(&domain);
    CHECK(!srcu_advance(&domain) && !srcu_advance(&domain)); /* flipped by now */
    b = srcu_lock(&domain, 1);
    CHECK(a != b);
    srcu_unlock(&domain, 3, a);
    CHECK(srcu_advance(&domain)); /* b came later: it is not waited for */
    srcu_start(&domain);
    CHECK(!srcu_advance(&domain));
    srcu_unlock(&domain, 2, b);
    CHECK(srcu_advance(&domain) && !(domain.seq & 1));
    for (int i = 0; i < 200; i++) { /* a reader is inside while the counts of either index wrap */
        uint64_t cookie = srcu_snapshot(&domain);

        a = srcu_lock(&domain, 0);
        srcu_start(&domain);
        CHECK(!srcu_advance(&domain) && !srcu_poll(&domain, cookie));
        srcu_unlock(&domain, 0, a);
        CHECK(srcu_advance(&domain) && srcu_poll(&domain, cookie));
    }
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {updater, reader, reader, reader};
    uint64_t done;

    check_options(argc, argv);
    broken = argc > 3 && !strcmp(argv[3], "broken");
    srcu_init(&domain, slots, SLOTS);
    sequential();
    done = check_run(READERS + 1, bodies, READERS + 1);
    if (broken) {
        printf("srcu, broken on purpose: %llu times too old\n", (unsigned long long)too_old);
        return too_old ? 0 : 1;
    }
    CHECK(too_old == 0 && domain.seq > 8);
    printf("srcu: ok, %llu operations, %llu periods\n", (unsigned long long)done,
           (unsigned long long)(domain.seq - LF_COUNTER_START(uint64_t)) / 2);
    return 0;
}
