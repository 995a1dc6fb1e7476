/* refcount_explore.c: an object under a reference count: freed once, after everybody's last access. Each operation owns one reference
 * from the start and puts it; the payload is plain, so an access that the count does not order before the free is a race. */
#include "lockfree/explore.h"
#include "lockfree/refcount.h"

#define ALIVE 7

struct object {
    refcount_t refs;
    uint64_t payload;
};

static struct object *object;
static uint32_t freed, spare; /* references that no operation owns */
static bool saturates, beyond; /* starts near or beyond where a count saturates */

static void make(uint32_t refs)
{
    object = explore_alloc(sizeof(*object));
    explore_name(object, sizeof(*object), 1, "object");
    refcount_set(&object->refs, refs);
    object->payload = ALIVE;
}

static void make_owned(void *model)
{
    (void)model;
    make(explore_total());
}

static void make_spare(void *model)
{
    (void)model;
    spare = 1;
    make(explore_total() + 1);
}

static void make_brim(void *model)
{
    (void)model;
    saturates = true;
    make(INT32_MAX - 1u); /* two more gets saturate it */
}

/* Far from the middle: the next get or put that sees it brings it there. */
static void make_saturated(void *model)
{
    (void)model;
    saturates = beyond = true;
    make(0xfffffff0u);
}

static void put(void)
{
    EXPLORE_CHECK(object->payload == ALIVE);
    if (!refcount_put(&object->refs))
        return;
    object->payload = 0;
    atomic_store_relaxed(&freed, atomic_load_relaxed(&freed) + 1);
    explore_free(object);
}

#define RUN(name, ...)                                                                             \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread;                                                                              \
        (void)serial;                                                                              \
        __VA_ARGS__                                                                                \
        return 0;                                                                                  \
    }

RUN(drop, put();)
RUN(get_drop, refcount_get(&object->refs); put(); put();)
RUN(get_leak, refcount_get(&object->refs); if (saturates) return 0; put(); put();)
RUN(peek, if (refcount_read(&object->refs)) put();)                       /* it has one: not zero */
RUN(try_drop, EXPLORE_CHECK(refcount_get_not_zero(&object->refs)); put(); put();) /* it has one: cannot fail */

static uint32_t refs_left(void)
{
    return refcount_read(&object->refs);
}

/* The object is gone exactly when nobody owns a reference; a saturated one stays for ever. */
static uint64_t last(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    if (saturates) {
        EXPLORE_CHECK(freed == 0 && refs_left() > INT32_MAX / 2);
        EXPLORE_CHECK(!beyond || refs_left() + 2 * EXPLORE_OPS - REFCOUNT_SATURATED <= 4 * EXPLORE_OPS);
        return 0;
    }
    EXPLORE_CHECK(freed == (spare ? 0 : 1));
    EXPLORE_CHECK(!spare || refs_left() == spare);
    if (spare)
        put();
    EXPLORE_CHECK(freed == 1);
    return 0;
}

static const struct explore_op ops[] = {
    {"drop", drop, NULL, 0}, {"get_drop", get_drop, NULL, 0}, {"try_drop", try_drop, NULL, 0},
    {"get_leak", get_leak, NULL, 0}, {"peek", peek, NULL, 0}, {NULL, NULL, NULL, 0}};

static const struct explore_op final = {"last", last, NULL, 0};

static const struct explore_initial initials[] = {
    {"owned", make_owned}, {"spare", make_spare}, {"brim", make_brim}, {"saturated", make_saturated}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"owned", {"drop get_drop try_drop get_drop drop drop", "try_drop drop get_drop try_drop get_drop drop"}},
    {"owned", {"get_drop try_drop drop drop", "try_drop get_drop drop drop", "drop get_drop try_drop drop"}},
    {"owned", {"get_drop drop drop", "try_drop drop drop", "get_drop drop drop", "drop drop drop"}},
    {NULL, {NULL}},
};

static const struct explore_structure counted = {
    .name = "refcount", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

/* Who holds no reference may still find the object: through a pointer that the last put takes away before it frees (in the kernel
 * a grace period keeps the memory; here it is not freed at all, so that a dead object can be looked at). */
static bool ended; /* by the owner's thread */

static void make_found(void *model)
{
    (void)model;
    make(1);
}

RUN(look, if (!refcount_get_not_zero(&object->refs)) return 0; EXPLORE_CHECK(object->payload == ALIVE);
    if (refcount_put(&object->refs)) object->payload = 0; return 1;)
RUN(end, if (ended) return 0; ended = true; if (refcount_put(&object->refs)) object->payload = 0;)
RUN(last_look, EXPLORE_CHECK(refs_left() == !ended && object->payload == (ended ? 0 : ALIVE));)

static const struct explore_op found_ops[] = {{"look", look, NULL, 0}, {"end", end, NULL, 1}, {NULL, NULL, NULL, 0}};
static const struct explore_op found_final = {"last", last_look, NULL, 0};
static const struct explore_initial found_initials[] = {{"one", make_found}, {NULL, NULL}};
static const struct explore_scenario found_scenarios[] = {
    {"one", {"end", "look look look look look look"}},
    {"one", {"look end", "look look look look", "look look look look"}},
    {"one", {"end", "look look look", "look look look", "look look look"}},
    {NULL, {NULL}},
};

static const struct explore_structure found = {
    .name = "refcount, found", .ops = found_ops, .initials = found_initials, .scenarios = found_scenarios, .final = &found_final};

/* What is written before a put is seen by who gets after it: one thread puts the second of two references, another tells by the count
 * that it did. */
static void make_two(void *model)
{
    (void)model;
    make(2);
}

RUN(give, if (ended) return 0; ended = true; object->payload = ALIVE + 1; EXPLORE_CHECK(!refcount_put(&object->refs));)
RUN(take, bool given = refcount_read(&object->refs) == 1; EXPLORE_CHECK(refcount_get_not_zero(&object->refs));
    if (given) EXPLORE_CHECK(object->payload == ALIVE + 1);
    EXPLORE_CHECK(!refcount_put(&object->refs));)

static const struct explore_op handed_ops[] = {{"give", give, NULL, 1}, {"take", take, NULL, 2}, {NULL, NULL, NULL, 0}};
static const struct explore_initial handed_initials[] = {{"two", make_two}, {NULL, NULL}};
static const struct explore_structure handed = {.name = "refcount, handed", .ops = handed_ops, .initials = handed_initials};

const struct explore_structure *const explore_list[] = {&counted, &found, &handed, NULL};
