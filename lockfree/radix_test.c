/* radix_test.c: against an array; concurrent inserts of the same keys have one winner; walks see what stays. */
#include <string.h>
#include "lockfree/check.h"
#include "lockfree/radix.h"

#define KEYS 3000

static void *zeroed(size_t size)
{
    return calloc(1, size);
}

static struct radix_tree shared = RADIX_INIT(zeroed, free);
static uint32_t wins[KEYS];

/* Dense below, sparse above, and the last index. */
static uint32_t key_of(unsigned i)
{
    return i < KEYS / 2 ? i : i == KEYS - 1 ? RADIX_MAX - 1 : i * 40009u % RADIX_MAX;
}

/* A walk that looks at no more than `piece` indices at a time. */
static unsigned seen_by_pieces(struct radix_tree *t, uint32_t piece)
{
    unsigned seen = 0;

    for (uint32_t key = 0; key < RADIX_MAX;) {
        uint32_t from = key, end = RADIX_MAX - key < piece ? RADIX_MAX : key + piece;

        if (radix_find_next(t, &key, end)) {
            CHECK(key >= from && key < end);
            seen++;
            key++;
        } else {
            CHECK(key >= end);
        }
    }
    return seen;
}

static void sequential(void)
{
    struct radix_tree t = RADIX_INIT(zeroed, free);
    static char objects[KEYS];
    bool there[KEYS] = {0};
    uint64_t random = check_seed;
    uint32_t key = 0;
    unsigned seen = 0, count = 0;

    CHECK(!radix_lookup(&t, 5) && !radix_remove(&t, 5) && !radix_find_next(&t, &key, 77) && key == RADIX_MAX);
    for (int round = 0; round < 30000; round++) {
        unsigned i = (unsigned)(check_random(&random) % KEYS);

        CHECK(radix_lookup(&t, key_of(i)) == (there[i] ? &objects[i] : NULL));
        if (check_random(&random) % 2) {
            CHECK(radix_insert(&t, key_of(i), &objects[i]) == (there[i] ? -17 : 0));
            there[i] = true;
        } else {
            CHECK(radix_remove(&t, key_of(i)) == (there[i] ? &objects[i] : NULL));
            there[i] = false;
        }
    }
    for (unsigned i = 0; i < KEYS; i++)
        count += there[i];
    for (key = 0; radix_find_next(&t, &key, RADIX_MAX); key++)
        seen++;
    CHECK(seen == count && count > 0);
    CHECK(seen_by_pieces(&t, 1000) == count && seen_by_pieces(&t, RADIX_FANOUT) == count);
    radix_destroy(&t);
}

static void body(struct check_thread *t)
{
    for (unsigned n = 0; n < KEYS; n++) {
        unsigned i = (n + t->index * 7) % KEYS;

        if (radix_insert(&shared, key_of(i), &wins[i]) == 0) {
            atomic_inc_relaxed(&wins[i]);
            t->done++;
        }
        CHECK(radix_lookup(&shared, key_of(i)) == &wins[i]);
    }
}

static void round_of_keys(void)
{
    void (*bodies[])(struct check_thread *) = {body};

    memset(wins, 0, sizeof(wins));
    sequential();
    CHECK(check_run(4, bodies, 1) == KEYS);
    for (unsigned i = 0; i < KEYS; i++)
        CHECK(wins[i] == 1);
    radix_destroy(&shared);
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    printf("radix: ok, %u rounds of %u keys\n", check_repeat(round_of_keys), KEYS);
    return 0;
}
