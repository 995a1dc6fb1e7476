/* Host test of the trace ring: order and wrap-around; a reader that is overtaken while it copies is told so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "kernel/trace/trace_ring.h"

#define SLOTS 8

static struct trace_slot slots[SLOTS];

static struct trace_slot numbered(uint64_t n)
{
    struct trace_slot s;

    for (int i = 0; i < TRACE_WORDS; i++)
        s.word[i] = n * TRACE_WORDS + i;
    return s;
}

static void assert_whole(const struct trace_slot *s, uint64_t n)
{
    for (int i = 0; i < TRACE_WORDS; i++)
        assert_int_equal(s->word[i], n * TRACE_WORDS + i);
}

static void keeps_the_last_in_order(void **state)
{
    struct trace_ring r = {.slot = slots, .mask = SLOTS - 1};
    struct trace_slot s;

    for (uint64_t n = 0; n < 21; n++) {
        struct trace_slot put = numbered(n);

        trace_ring_put(&r, &put);
        assert_int_equal(trace_ring_head(&r), n + 1);
        assert_int_equal(trace_ring_tail(&r, n + 1), n + 1 > SLOTS ? n + 1 - SLOTS : 0);
        for (uint64_t i = trace_ring_tail(&r, n + 1); i <= n; i++) {
            assert_true(trace_ring_read(&r, i, &s));
            assert_whole(&s, i);
        }
    }
    assert_false(trace_ring_read(&r, 12, &s));
}

static void half_a_record_is_refused(void **state)
{
    struct trace_ring r = {.slot = slots, .mask = SLOTS - 1};
    struct trace_slot s, put;

    for (uint64_t n = 0; n < SLOTS; n++) {
        put = numbered(n);
        trace_ring_put(&r, &put);
    }
    r.begun++; /* the writer is in slot 0 again */
    assert_false(trace_ring_read(&r, 0, &s));
    assert_true(trace_ring_read(&r, 1, &s));
    assert_whole(&s, 1);
}

static struct trace_ring shared = {.slot = slots, .mask = SLOTS - 1};
static uint32_t writer_done;

static void *write_many(void *unused)
{
    for (uint64_t n = 0; n < 400000; n++) {
        struct trace_slot put = numbered(n);

        trace_ring_put(&shared, &put);
    }
    atomic_store_release(&writer_done, 1); /* partner: the reader's load_acquire below */
    return unused;
}

static void a_reader_beside_the_writer(void **state)
{
    uint64_t whole = 0, refused = 0;
    pthread_t writer;

    assert_int_equal(pthread_create(&writer, NULL, write_many, NULL), 0);
    while (!atomic_load_acquire(&writer_done)) {
        uint64_t head = trace_ring_head(&shared);

        for (uint64_t n = trace_ring_tail(&shared, head); n < head; n++) {
            struct trace_slot s;

            if (trace_ring_read(&shared, n, &s)) {
                assert_whole(&s, n);
                whole++;
            } else {
                refused++;
            }
        }
    }
    pthread_join(writer, NULL);
    assert_true(whole + refused > 0);
    for (uint64_t n = 400000 - SLOTS; n < 400000; n++) {
        struct trace_slot s;

        assert_true(trace_ring_read(&shared, n, &s));
        assert_whole(&s, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_last_in_order),
        cmocka_unit_test(half_a_record_is_refused),
        cmocka_unit_test(a_reader_beside_the_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
