/* The heap of timers against a linear scan: 20,000 random inserts and removes, invariants H1 to H3 checked. */
#define CLOUDOS_KERNEL 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

long random(void);
#include "kernel/time/timer_heap.c"

#define TIMERS 300u
static struct hrtimer timers[TIMERS];
static struct timer_heap heap;

/* Timers in the list of siblings and below; checks the links and the order. */
static unsigned check(struct hrtimer **link, s64 at_least)
{
    unsigned n = 0;

    for (; *link; link = &(*link)->sibling) {
        struct hrtimer *t = *link;

        assert_ptr_equal(t->link, link);
        assert_true(t->expires_ns >= at_least);
        n += 1 + check(&t->child, t->expires_ns);
    }
    return n;
}

static void check_against_scan(void)
{
    s64 earliest = S64_MAX;
    unsigned queued = 0;

    for (unsigned i = 0; i < TIMERS; i++) {
        if (!timers[i].link)
            continue;
        queued++;
        earliest = timers[i].expires_ns < earliest ? timers[i].expires_ns : earliest;
    }
    assert_int_equal(check(&heap.root, INT64_MIN), queued);
    assert_int_equal(queued ? heap.root->expires_ns : S64_MAX, earliest);
    assert_true(!heap.root || !heap.root->sibling);
}

static void random_operations(void **state)
{
    for (unsigned i = 0; i < 20000; i++) {
        struct hrtimer *t = &timers[(unsigned long)random() % TIMERS];

        if (t->link) {
            timer_heap_remove(&heap, t);
        } else {
            t->expires_ns = random() % 1000;
            timer_heap_insert(&heap, t);
        }
        if (i % 7 == 0)
            check_against_scan();
    }
}

static void comes_out_in_order(void **state)
{
    s64 last = INT64_MIN;

    while (heap.root) {
        struct hrtimer *t = heap.root;

        assert_true(t->expires_ns >= last);
        last = t->expires_ns;
        timer_heap_remove(&heap, t);
        assert_null(t->link);
    }
    for (unsigned i = 0; i < TIMERS; i++)
        assert_null(timers[i].link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(comes_out_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
