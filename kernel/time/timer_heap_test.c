/* The heap of timers against a linear scan: 20,000 random inserts and removes, invariants H1 to H3 and H5 checked; and what a range of times
 * promises. */
#define CLOUDOS_KERNEL 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The host's headers of these declare types that the kernel's declare, too. */
long random(void);
int pthread_create(unsigned long *thread, const void *attributes, void *(*body)(void *), void *arg);
int pthread_join(unsigned long thread, void **result);
#include "kernel/time/timer_heap.c"

#define TIMERS 300u
static struct hrtimer timers[TIMERS];
static struct timer_heap heap = TIMER_HEAP_INIT;

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
    assert_int_equal(timer_heap_first_ns(&heap), earliest);
    assert_int_equal(timer_heap_first_soft_ns(&heap), queued ? heap.root->soft_ns : S64_MAX);
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
            t->soft_ns = t->expires_ns - random() % 100;
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

/* At each moment the roots that may run do (hrtimer.c): none before its range, and none is left that is due. */
static void runs_within_the_range(void **state)
{
    unsigned early = 0, ran = 0;

    for (unsigned i = 0; i < TIMERS; i++) {
        timers[i].soft_ns = random() % 10000;
        timers[i].expires_ns = timers[i].soft_ns + (i % 3 ? random() % 500 : 0);
        timer_heap_insert(&heap, &timers[i]);
    }
    while (heap.root) {
        s64 now = timer_heap_first_ns(&heap); /* when the hardware comes */

        assert_true(timer_heap_first_soft_ns(&heap) <= now);
        while (heap.root && heap.root->soft_ns <= now) {
            early += heap.root->expires_ns > now;
            ran++;
            timer_heap_remove(&heap, heap.root);
        }
        assert_true(timer_heap_first_ns(&heap) > now);
    }
    assert_int_equal(ran, TIMERS);
    assert_true(early > 0); /* interrupts saved */
}

#define LATEST 1000 /* a timer that stays */
#define ROUNDS 3000
static struct timer_heap shared = TIMER_HEAP_INIT;
static u32 ended;

static void *comes_and_goes(void *unused)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 1; i < TIMERS; i++) {
            timers[i].expires_ns = i;
            timers[i].soft_ns = i / 2;
            timer_heap_insert(&shared, &timers[i]);
        }
        for (unsigned i = 1; i < TIMERS; i++)
            timer_heap_remove(&shared, &timers[i]);
    }
    atomic_store_release(&ended, 1);
    return NULL;
}

/* H4, H5: whoever sets the hardware beside a removal never sets it later than the timer that stays, and finds somebody due when that one is. */
static void first_is_never_too_late(void **state)
{
    unsigned long other;
    s64 latest = 0, latest_soft = 0;

    timers[0].expires_ns = timers[0].soft_ns = LATEST;
    timer_heap_insert(&shared, &timers[0]);
    assert_int_equal(pthread_create(&other, NULL, comes_and_goes, NULL), 0);
    while (!atomic_load_acquire(&ended)) {
        s64 seen = timer_heap_first_ns(&shared), soft = timer_heap_first_soft_ns(&shared);

        latest = seen > latest ? seen : latest;
        latest_soft = soft > latest_soft ? soft : latest_soft;
    }
    pthread_join(other, NULL);
    assert_true(latest <= LATEST && latest_soft <= LATEST); /* a busy host may not let us look while the other ones are away */
    assert_int_equal(timer_heap_first_ns(&shared), LATEST);
    assert_int_equal(timer_heap_first_soft_ns(&shared), LATEST);
    timer_heap_remove(&shared, &timers[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(comes_out_in_order),
        cmocka_unit_test(runs_within_the_range),
        cmocka_unit_test(first_is_never_too_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
