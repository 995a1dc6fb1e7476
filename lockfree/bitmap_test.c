/* bitmap_test.c: finders against a plain reference; concurrent test_and_set and test_and_clear give each bit to one thread. */
#include <string.h>
#include "lockfree/bitmap.h"
#include "lockfree/check.h"

#define BITS 1000

static uint64_t shared[BITMAP_WORDS(BITS)];
static uint32_t owner[BITS];
static uint64_t done;

static unsigned plain_find(const bool *map, unsigned from, bool value)
{
    while (from < BITS && map[from] != value)
        from++;
    return from < BITS ? from : BITS;
}

static void sequential(void)
{
    uint64_t map[BITMAP_WORDS(BITS)] = {0}, other[BITMAP_WORDS(BITS)] = {0}, random = check_seed;
    bool plain[BITS] = {0}, both[BITS];

    for (int round = 0; round < 20000; round++) {
        unsigned bit = (unsigned)(check_random(&random) % BITS), from = (unsigned)(check_random(&random) % BITS);

        if (check_random(&random) % 2) {
            CHECK(bitmap_test_and_set(map, bit) == plain[bit]);
            plain[bit] = true;
        } else {
            CHECK(bitmap_test_and_clear(map, bit) == plain[bit]);
            plain[bit] = false;
        }
        if (round % 64)
            continue;
        bitmap_set(other, from);
        for (unsigned i = 0; i < BITS; i++)
            both[i] = plain[i] && bitmap_test(other, i);
        CHECK(bitmap_find(map, BITS, from) == plain_find(plain, from, true));
        CHECK(bitmap_find_zero(map, BITS, from) == plain_find(plain, from, false));
        CHECK(bitmap_find_and(map, other, BITS, from) == plain_find(both, from, true));
    }
    memset(map, 0xff, sizeof(map));
    CHECK(bitmap_find_zero(map, BITS, 0) == BITS && bitmap_find(map, BITS, BITS) == BITS);
    CHECK(bitmap_weight(map, BITS) == 64 * BITMAP_WORDS(BITS));
}

static void body(struct check_thread *t)
{
    for (int i = 0; i < 100000; i++) {
        unsigned bit = (unsigned)(check_random(&t->random) % BITS);

        if (bitmap_test_and_set(shared, bit))
            continue;
        CHECK(atomic_fetch_add_relaxed(&owner[bit], 1) == 0);
        atomic_dec_relaxed(&owner[bit]);
        CHECK(bitmap_test_and_clear(shared, bit));
        t->done++;
    }
}

static void round_of_claims(void)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t before = done;

    sequential();
    done += check_run(4, bodies, 1);
    CHECK(done > before && bitmap_weight(shared, BITS) == 0);
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    check_repeat(round_of_claims);
    printf("bitmap: ok, %llu claims\n", (unsigned long long)done);
    return 0;
}
