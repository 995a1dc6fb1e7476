/* drift_counter_explore.c: counters with a part on each CPU: nothing that was added is lost (D3), and the folded word is never
 * further from the truth than the bound (D2). Each thread is a CPU. */
#include "lockfree/explore.h"
#include "percpu/drift_counter.h"

#define FOLD 2

static struct drift_counter counter;
static int32_t part[EXPLORE_THREADS];
static int64_t truth[EXPLORE_THREADS]; /* each its own thread's */

static const int32_t *part_of(uint32_t cpu)
{
    return &part[cpu];
}

static void make_zero(void *model)
{
    (void)model;
    counter = (struct drift_counter)DRIFT_COUNTER_INIT(FOLD);
    explore_name(&counter, sizeof(counter), 1, "counter");
    explore_name(part, sizeof(part[0]), EXPLORE_THREADS, "part");
}

/* One more and every part folds. */
static void make_brim(void *model)
{
    make_zero(model);
    for (unsigned t = 0; t < EXPLORE_THREADS; t++)
        part[t] = truth[t] = FOLD - 1;
}

/* Folded down to where the words wrap their sign. */
static void make_negative(void *model)
{
    make_zero(model);
    counter.folded = INT32_MIN;
    truth[0] = INT32_MIN;
}

static uint64_t add(unsigned thread, int32_t n)
{
    drift_counter_add(&counter, &part[thread], n);
    truth[thread] += n;
    return 0;
}

static uint64_t add_one(unsigned thread, unsigned serial)
{
    (void)serial;
    return add(thread, 1);
}

static uint64_t add_many(unsigned thread, unsigned serial)
{
    (void)serial;
    return add(thread, 3 * FOLD);
}

static uint64_t subtract(unsigned thread, unsigned serial)
{
    (void)serial;
    return add(thread, -1);
}

/* Reads beside the adders: no race, and in bounds of all that could have been added. */
static uint64_t read_both(unsigned thread, unsigned serial)
{
    const int64_t most = (int64_t)EXPLORE_OPS * 3 * FOLD + EXPLORE_THREADS * FOLD;
    int64_t sum, approx;

    (void)thread, (void)serial;
    approx = drift_counter_approx(&counter);
    sum = drift_counter_sum(&counter, part_of, EXPLORE_THREADS);
    EXPLORE_CHECK(approx <= most && sum <= 2 * most && approx >= (int64_t)INT32_MIN - most);
    return 0;
}

static uint64_t check_all(unsigned thread, unsigned serial)
{
    int64_t all = 0, approx = drift_counter_approx(&counter);

    (void)thread, (void)serial;
    for (unsigned t = 0; t < EXPLORE_THREADS; t++)
        all += truth[t];
    EXPLORE_CHECK(drift_counter_sum(&counter, part_of, EXPLORE_THREADS) == all);                          /* D3 */
    EXPLORE_CHECK(approx - all < EXPLORE_THREADS * FOLD && all - approx < EXPLORE_THREADS * FOLD); /* D2 */
    return 0;
}

static const struct explore_op ops[] = {
    {"add_one", add_one, NULL, 0},   {"add_many", add_many, NULL, 0}, {"subtract", subtract, NULL, 0},
    {"read", read_both, NULL, 0}, {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"zero", make_zero}, {"brim", make_brim}, {"negative", make_negative}, {NULL, NULL}};

static const struct explore_op final = {"check", check_all, NULL, 0};

static const struct explore_scenario scenarios[] = {
    {"zero", {"add_one add_one subtract add_many add_one read", "subtract subtract add_many add_one read add_one"}},
    {"brim", {"add_one add_one read add_many", "add_one subtract subtract subtract", "read add_one add_one read"}},
    {"brim", {"add_one add_one read", "add_one subtract add_many", "read add_one add_one", "add_one add_one read"}},
    {NULL, {NULL}},
};

static const struct explore_structure drift_structure = {
    .name = "drift_counter", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&drift_structure, NULL};
