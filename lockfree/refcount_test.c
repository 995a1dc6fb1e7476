/* refcount_test.c: the last put and no other says so; saturation is for ever; zero never rises. */
#include "lockfree/check.h"
#include "lockfree/refcount.h"

#define THREADS 4
#define ROUNDS 50000

static refcount_t shared;
static uint32_t frees;

static void body(struct check_thread *t)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 3 == 0)
            CHECK(refcount_get_not_zero(&shared));
        else
            refcount_get(&shared);
        CHECK(!refcount_put(&shared));
        t->done++;
    }
    if (refcount_put(&shared))
        atomic_inc_relaxed(&frees);
}

static void saturation(void)
{
    refcount_t r = REFCOUNT_INIT(0x7fffffffu);

    refcount_get(&r);
    CHECK((int32_t)refcount_read(&r) < 0);
    refcount_get(&r);
    CHECK(refcount_read(&r) == REFCOUNT_SATURATED);
    for (int i = 0; i < 10; i++)
        CHECK(!refcount_put(&r));
    CHECK(refcount_get_not_zero(&r) && (int32_t)refcount_read(&r) < 0);
}

static void round_of_holders(void)
{
    void (*bodies[])(struct check_thread *) = {body};

    frees = 0;
    refcount_set(&shared, THREADS);
    CHECK(check_run(THREADS, bodies, 1) == THREADS * ROUNDS);
    CHECK(frees == 1 && refcount_read(&shared) == 0 && !refcount_get_not_zero(&shared));
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    saturation();
    printf("refcount: ok, %u rounds\n", check_repeat(round_of_holders));
    return 0;
}
