/* Host test of the calendar beside a plain search over all that wait: steps of a scheduler whose tasks yield, compute and wake up, with
 * keys and deadlines that wrap. Nothing is found later than plain search finds it but for a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "percpu/fairq.c"
#include "kernel/sched/fair_calendar.c"

#define TASKS 100
#define SHIFT 5
#define DAY (1u << SHIFT)
#define WHOLE 700

static struct fair_calendar c;
static struct fairq rest;
static struct fair_node task[TASKS];

void lockfree_fail(const char *expr, const char *file, int line, const void *object)
{
    fail_msg("%s:%d: %s", file, line, expr);
    abort();
}

void lockfree_misuse(const char *what, const void *object, const void *before, const void *now)
{
    fail_msg("%s", what);
    abort();
}

static bool before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

/* Of those whose key is not after v the one with the earliest deadline. */
static struct fair_node *plain_pick(uint64_t v)
{
    struct fair_node *best = NULL;

    for (int i = 0; i < TASKS; i++)
        if (fair_node_is_queued(&task[i]) && !before(v, task[i].key) && (!best || before(task[i].deadline, best->deadline)))
            best = &task[i];
    return best;
}

static struct fair_node *plain_min(void)
{
    struct fair_node *best = NULL;

    for (int i = 0; i < TASKS; i++)
        if (fair_node_is_queued(&task[i]) && (!best || before(task[i].key, best->key)))
            best = &task[i];
    return best;
}

static bool in_calendar(const struct fair_node *n)
{
    return n->slot == FAIR_IN_CALENDAR;
}

/* C1 and C4, and that the walk meets each once. */
static void check_all(unsigned waiting)
{
    bool seen[TASKS] = {false};
    unsigned count = 0;

    for (struct fair_node *n = calendar_next(&c, &rest, NULL); n; n = calendar_next(&c, &rest, n), count++) {
        assert_false(seen[n - task]);
        seen[n - task] = true;
        if (in_calendar(n)) {
            assert_int_equal(n->deadline - n->key, c.length);
            assert_true((n->key - c.today) >> SHIFT < CALENDAR_DAYS);
        } else if (c.days) {
            assert_false(before(n->deadline, c.rest_due));
            assert_false(before(n->key, c.rest_from));
        }
    }
    assert_int_equal(count, waiting);
}

static void check_found(uint64_t v)
{
    struct fair_node *pick = calendar_pick(&c, &rest, v), *plain = plain_pick(v - DAY), *min = plain_min();
    struct fair_node *due = calendar_due(&c, &rest), *all = plain_pick(v + (1ull << 62));

    assert_true(!pick || (fair_node_is_queued(pick) && !before(v, pick->key)));
    if (plain) {
        assert_non_null(pick);
        assert_true(before(pick->deadline, plain->deadline + DAY));
    }
    assert_int_equal(min == NULL, calendar_min(&c, &rest) == NULL);
    assert_int_equal(min == NULL, calendar_late(&c, &rest) == NULL);
    assert_int_equal(min == NULL, due == NULL);
    if (!min)
        return;
    assert_true(before(calendar_min(&c, &rest)->key, min->key + DAY));
    assert_true(before(due->deadline, all->deadline + DAY));
    assert_false(before(calendar_late(&c, &rest)->key, min->key));
}

static void put(struct fair_node *n, uint64_t key, uint64_t length)
{
    n->key = key;
    n->deadline = key + length;
    calendar_insert(&c, &rest, n, WHOLE);
}

static void start(void)
{
    memset(&c, 0, sizeof(c));
    memset(&rest, 0, sizeof(rest));
    c.shift = SHIFT;
    for (int i = 0; i < TASKS; i++)
        fair_node_init(&task[i]);
}

/* One in `odd` asks for something other than a whole request, and `far` spreads the keys. */
static unsigned run(unsigned live, unsigned odd, unsigned far)
{
    uint64_t v = (uint64_t)-3000;
    unsigned waiting = 0, inside = 0;

    start();
    for (int i = 0; i < 20000; i++) {
        struct fair_node *n = &task[rand() % live];

        v += rand() % 4;
        if (!fair_node_is_queued(n)) {
            put(n, v + rand() % far - far / 2, rand() % odd ? WHOLE : rand() % (2 * WHOLE));
            waiting++;
        } else {
            if (rand() % 2)
                n = calendar_pick(&c, &rest, v);
            if (n) {
                calendar_remove(&c, &rest, n);
                waiting--;
            }
        }
        check_all(waiting);
        check_found(v);
        inside += c.days != 0;
    }
    return inside;
}

static void finds_what_plain_search_finds(void **state)
{
    srand(7);
    for (unsigned live = 2; live <= TASKS; live = live * 2 + 1)
        for (unsigned odd = 1; odd < 100; odd *= 6)
            for (unsigned far = 2; far < 10000; far *= 8)
                assert_true(run(live, odd, far) > 0 || odd == 1 || live <= CALENDAR_FROM);
}

/* All yield in turn: the container's price does not grow, since each is found and put in the calendar. */
static void those_that_yield_stay_in_the_calendar(void **state)
{
    uint64_t v = (uint64_t)-200;
    unsigned turns[TASKS] = {0};

    start();
    for (int i = 0; i < TASKS; i++)
        put(&task[i], v + (unsigned)i % 40, WHOLE);
    for (int i = 0; i < 50 * TASKS; i++) {
        struct fair_node *n = calendar_pick(&c, &rest, v + 60);

        assert_non_null(n);
        calendar_remove(&c, &rest, n);
        turns[n - task]++;
        put(n, n->key + 3, WHOLE);
        v += i % TASKS == 0 ? 3 : 0;
        assert_true(i < TASKS || in_calendar(n));
    }
    for (int i = 0; i < TASKS; i++)
        assert_in_range(turns[i], 30, 70);
    assert_int_equal(rest.total, 0);
}

static void few_and_odd_ones_stay_out(void **state)
{
    struct fair_node *n = task;

    start();
    for (int i = 0; i < CALENDAR_FROM; i++) {
        put(n, 10, WHOLE);
        assert_false(in_calendar(n++));
    }
    put(n, 11, WHOLE / 2);
    assert_false(in_calendar(n++));
    put(n, 11, WHOLE);
    assert_true(in_calendar(n++));
    put(n, 12, WHOLE / 2);
    assert_false(in_calendar(n++));
    put(n, 11 + CALENDAR_DAYS * DAY, WHOLE);
    assert_false(in_calendar(n++));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_plain_search_finds),
        cmocka_unit_test(those_that_yield_stay_in_the_calendar),
        cmocka_unit_test(few_and_odd_ones_stay_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
