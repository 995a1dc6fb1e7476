/* fair_calendar_test.c: steps of a scheduler whose tasks yield, compute and wake up, with keys and deadlines that wrap; after each the
 * invariants, and what is found beside a plain search. */
#include "lockfree/check.h"
#include "percpu/check_fair_calendar.h"

#define TASKS 100
#define SHIFT 5
#define DAY (1u << SHIFT)
#define WHOLE 700

static struct fair_calendar c;
static struct fairq rest;
static struct fair_node task[TASKS];

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

/* One in `odd` asks for something other than a whole request, `far` spreads the keys. Returns in how many steps the calendar was in use. */
static unsigned run(uint64_t *random, unsigned live, unsigned odd, unsigned far)
{
    uint64_t v = LF_COUNTER_START(uint64_t);
    unsigned inside = 0;

    start();
    for (int i = 0; i < 1000; i++) {
        struct fair_node *n = &task[check_random(random) % live];

        v += check_random(random) % 4;
        if (!fair_node_is_queued(n))
            put(n, v + check_random(random) % far - far / 2, check_random(random) % odd ? WHOLE : check_random(random) % (2 * WHOLE));
        else if (check_random(random) % 2 || (n = calendar_pick(&c, &rest, v)))
            calendar_remove(&c, &rest, n);
        check_calendar(&c, &rest, task, TASKS);
        check_calendar_found(&c, &rest, task, TASKS, v);
        inside += c.days != 0;
    }
    return inside;
}

/* All yield in turn: the container's price does not grow, since each is found and put in the calendar. */
static void those_that_yield_stay_in_the_calendar(void)
{
    uint64_t v = LF_COUNTER_START(uint64_t);
    unsigned turns[TASKS] = {0};

    start();
    for (int i = 0; i < TASKS; i++)
        put(&task[i], v + (unsigned)i % 40, WHOLE);
    for (int i = 0; i < 50 * TASKS; i++) {
        struct fair_node *n = calendar_pick(&c, &rest, v + 60);

        CHECK(n);
        calendar_remove(&c, &rest, n);
        turns[n - task]++;
        put(n, n->key + 3, WHOLE);
        v += i % TASKS == 0 ? 3 : 0;
        CHECK(i < TASKS || calendar_holds(n));
    }
    for (int i = 0; i < TASKS; i++)
        CHECK(turns[i] >= 30 && turns[i] <= 70);
    CHECK(rest.total == 0);
}

static void few_and_odd_ones_stay_out(void)
{
    struct fair_node *n = task;

    start();
    for (int i = 0; i < CALENDAR_FROM; i++) {
        put(n, 10, WHOLE);
        CHECK(!calendar_holds(n++));
    }
    put(n, 11, WHOLE / 2);
    CHECK(!calendar_holds(n++));
    put(n, 11, WHOLE);
    CHECK(calendar_holds(n++));
    put(n, 12, WHOLE / 2);
    CHECK(!calendar_holds(n++));
    put(n, 11 + CALENDAR_DAYS * DAY, WHOLE);
    CHECK(!calendar_holds(n++));
}

static void round_of(uint64_t *random)
{
    for (unsigned live = 2; live <= TASKS; live = live * 2 + 1)
        for (unsigned odd = 1; odd < 100; odd *= 6)
            for (unsigned far = 2; far < 10000; far *= 8)
                CHECK(run(random, live, odd, far) > 0 || odd == 1 || live <= 2 * CALENDAR_FROM);
}

int main(int argc, char **argv)
{
    uint64_t random, rounds = 0;
    double end;

    check_options(argc, argv);
    random = check_seed;
    end = check_now() + check_seconds;
    those_that_yield_stay_in_the_calendar();
    few_and_odd_ones_stay_out();
    do {
        round_of(&random);
        rounds++;
    } while (check_now() < end);
    printf("fair_calendar: ok, %llu rounds\n", (unsigned long long)rounds);
    return 0;
}
