/* bitmap_explore.c: bits that several CPUs change. Single bits and searches within one word are exact; a search over two words may
 * miss what changes while it looks, but never names a bit that was not set. */
#include "lockfree/bitmap.h"
#include "lockfree/explore.h"

#define BITS 128
#define FAR 70 /* in the second word */
#define BLOCK_WORDS 8 /* what explore_alloc rounds to */

struct model {
    uint64_t word[2];
};

static uint64_t *map; /* the end of a block: nothing behind it may be read */
static uint64_t other[2], lock, mail;
static uint64_t guarded; /* plain, by who holds the bit in lock: B1 */
static uint64_t letters[EXPLORE_OPS]; /* plain: written before the bit in mail is set, read by who clears it: B1 */

static void make(struct model *m, uint64_t first, uint64_t second)
{
    map = (uint64_t *)explore_alloc(BLOCK_WORDS * sizeof(map[0])) + BLOCK_WORDS - 2;
    explore_name(map, sizeof(map[0]), 2, "map");
    explore_name(&lock, sizeof(lock), 1, "lock");
    explore_name(&mail, sizeof(mail), 1, "mail");
    explore_name(&guarded, sizeof(guarded), 1, "guarded");
    explore_name(letters, sizeof(letters[0]), EXPLORE_OPS, "letter");
    map[0] = m->word[0] = first;
    map[1] = m->word[1] = second;
    other[0] = ~0ull;
    other[1] = ~0ull << (FAR % 64);
}

static void make_empty(void *model)
{
    make(model, 0, 0);
}

static void make_one(void *model)
{
    make(model, 2, 0);
}

static void make_full(void *model)
{
    make(model, ~0ull, ~0ull);
}

static void make_half(void *model)
{
    make(model, ~0ull, 0);
}

#define RUN(name, ...)                                                                             \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread;                                                                              \
        (void)serial;                                                                              \
        __VA_ARGS__                                                                                \
    }
#define SPEC(name, ...)                                                                            \
    static bool name(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result) \
    {                                                                                              \
        struct model *m = model;                                                                   \
                                                                                                   \
        (void)thread;                                                                              \
        (void)serial;                                                                              \
        *result = 0;                                                                               \
        __VA_ARGS__                                                                                \
    }

RUN(set, bitmap_set(map, 1); return 0;)
SPEC(set_spec, m->word[0] |= 2; return outcome == 0;)
RUN(clear, bitmap_clear(map, 1); return 0;)
SPEC(clear_spec, m->word[0] &= ~2ull; return outcome == 0;)
RUN(test, return bitmap_test(map, 1);)
SPEC(test_spec, *result = m->word[0] >> 1 & 1; return outcome == 0;)
RUN(claim, return bitmap_test_and_set(map, 2);)
SPEC(claim_spec, *result = m->word[0] >> 2 & 1; m->word[0] |= 4; return outcome == 0;)
RUN(drop, return bitmap_test_and_clear(map, 2);)
SPEC(drop_spec, *result = m->word[0] >> 2 & 1; m->word[0] &= ~4ull; return outcome == 0;)
RUN(set_far, return bitmap_test_and_set(map, FAR);)
SPEC(set_far_spec, *result = m->word[1] >> (FAR % 64) & 1; m->word[1] |= 1ull << (FAR % 64); return outcome == 0;)

/* A lock of one bit that gives up at once. */
RUN(locked, if (bitmap_test_and_set(&lock, 0)) return 0; guarded++; EXPLORE_CHECK(bitmap_test_and_clear(&lock, 0)); return 1;)
SPEC(locked_spec, (void)m; *result = outcome; return outcome < 2;)

/* One bit for each letter; what is written before the bit is set is there for who clears it. */
RUN(post, letters[serial] = serial + 1; return bitmap_test_and_set(&mail, serial);)
SPEC(post_spec, (void)m; return outcome == 0;)
RUN(collect, for (unsigned i = 0; i < explore_total(); i++)
        EXPLORE_CHECK(!bitmap_test_and_clear(&mail, i) || letters[i] == i + 1);
    return 0;)

RUN(find_near, return bitmap_find(map, 64, 1);)
SPEC(find_near_spec, *result = m->word[0] & ~1ull ? (uint64_t)__builtin_ctzll(m->word[0] & ~1ull) : 64; return outcome == 0;)
RUN(weight, return bitmap_weight(map, 64);)
SPEC(weight_spec, *result = (uint64_t)__builtin_popcountll(m->word[0]); return outcome == 0;)

static uint64_t find_spec_of(uint64_t bits, uint64_t far, unsigned outcome)
{
    uint64_t near = bits & ~1ull ? (uint64_t)__builtin_ctzll(bits & ~1ull) : BITS;

    return outcome == 0 ? near : far ? 64 + (uint64_t)__builtin_ctzll(far) : BITS;
}

/* Over two words: the second word as it was a little later than the first. */
RUN(find, return bitmap_find(map, BITS, 4);)
SPEC(find_spec, uint64_t bits = m->word[0] & ~15ull; *result = bits ? find_spec_of(bits, 0, 0) : find_spec_of(0, m->word[1], 1);
     return outcome == 0;)
RUN(find_and, unsigned a = bitmap_find_and(map, other, BITS, 64), b = bitmap_find_and(other, map, BITS, 64);
    return a > b ? b : a;) /* bits of the second word are only set */
SPEC(find_and_spec, uint64_t far = m->word[1] & ~0ull << (FAR % 64); *result = find_spec_of(0, far, 1); return outcome == 0;)
RUN(find_zero, return bitmap_find_zero(map, BITS, 4);)
SPEC(find_zero_spec, uint64_t bits = ~m->word[0] & ~15ull; *result = bits ? find_spec_of(bits, 0, 0) : find_spec_of(0, ~m->word[1], 1);
     return outcome == 0;)

/* At rest everything is exact. */
RUN(last, EXPLORE_CHECK(bitmap_weight(map, 64) == (unsigned)__builtin_popcountll(map[0]) && !lock);
    EXPLORE_CHECK(bitmap_find(map, BITS, BITS) == BITS && bitmap_find_zero(map, BITS, BITS) == BITS);
    EXPLORE_CHECK(bitmap_find_and(map, other, BITS, BITS) == BITS);
    return map[0] ^ map[1] << 1;)
SPEC(last_spec, *result = m->word[0] ^ m->word[1] << 1; return outcome == 0;)

static const struct explore_op ops[] = {
    {"set", set, set_spec, 0},
    {"clear", clear, clear_spec, 0},
    {"test", test, test_spec, 0},
    {"claim", claim, claim_spec, 0},
    {"drop", drop, drop_spec, 0},
    {"set_far", set_far, set_far_spec, 0},
    {"locked", locked, locked_spec, 0},
    {"post", post, post_spec, 0},
    {"collect", collect, NULL, 0},
    {"find_near", find_near, find_near_spec, 0},
    {"find", find, find_spec, 0},
    {"find_and", find_and, find_and_spec, 0},
    {"find_zero", find_zero, find_zero_spec, 0},
    {"weight", weight, weight_spec, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_op final = {"last", last, last_spec, 0};

static const struct explore_initial initials[] = {
    {"empty", make_empty}, {"one", make_one}, {"full", make_full}, {"half", make_half}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"empty", {"set claim locked clear drop locked", "claim set test drop locked find"}},
    {"one", {"set claim drop locked", "claim clear locked drop", "drop test claim find"}},
    {"full", {"drop locked clear", "claim locked set", "find test find_near", "locked set_far drop"}},
    {NULL, {NULL}},
};

static const struct explore_structure structure = {
    .name = "bitmap", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&structure, NULL};
