// The directory of lines: known patterns, and random programs against a reference that keeps a
// version number in each vCPU's copy instead of sets of holders.
#include "perf/plugin/line_model.h"
#include "perf/plugin/line_tally.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#define VCPUS 8
#define LINES 300

static struct line_outcome touch(struct line_model *m, unsigned vcpu, uint64_t line, bool store)
{
    struct line_touch t = {.pc = 1000 + vcpu, .vcpu = vcpu, .offset = 8 * (vcpu % 8), .size = 8};
    return line_model_touch(m, line, t, store);
}

static void one_vcpu_shares_with_nobody(void **state)
{
    struct line_model m = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct line_outcome o = touch(&m, 3, i % 50, i & 1);
        assert_false(o.transfer || o.invalidation);
    }
    line_model_free(&m);
}

// Two transfers and two invalidations a round, each from the other side.
static void pingpong(void **state)
{
    struct line_model m = {0};
    int transfers = 0, invalidations = 0;
    (void)state;
    touch(&m, 0, 7, true);
    for (int i = 0; i < 200; i++) {
        unsigned v = !(i & 1);
        struct line_outcome read = touch(&m, v, 7, false), again = touch(&m, v, 7, false);
        struct line_outcome write = touch(&m, v, 7, true);
        assert_int_equal(read.from.vcpu, !v);
        assert_false(again.transfer || write.transfer);
        transfers += read.transfer;
        invalidations += write.invalidation;
    }
    assert_int_equal(transfers, 200);
    assert_int_equal(invalidations, 200);
    line_model_free(&m);
}

static void store_meets_the_reader_that_loses_the_line(void **state)
{
    struct line_model m = {0};
    (void)state;
    touch(&m, 0, 1, true);
    assert_true(touch(&m, 2, 1, false).transfer);
    struct line_outcome o = touch(&m, 0, 1, true);
    assert_false(o.transfer);
    assert_true(o.invalidation);
    assert_int_equal(o.lost, 1 << 2);
    assert_int_equal(o.from.vcpu, 2);
    line_model_free(&m);
}

// What the writer wrote since it got the line, and nothing else, is data that others come for.
static void other_bytes_are_apart(void **state)
{
    struct line_model m = {0};
    struct line_touch low = {.offset = 0, .size = 8}, high = {.offset = 32, .size = 32};
    struct line_touch there = {.vcpu = 1, .offset = 4, .size = 2};
    (void)state;
    line_model_touch(&m, 5, low, true);
    line_model_touch(&m, 5, high, true);
    assert_false(line_model_touch(&m, 5, there, false).apart);
    there.offset = 16;
    line_model_touch(&m, 5, high, true);
    assert_true(line_model_touch(&m, 5, there, true).apart);
    assert_true(line_model_touch(&m, 5, low, false).apart);
    line_model_free(&m);
}

// Memory that nobody was seen to write is cold: reading it moves nothing between caches.
static void cold_reads_are_no_transfers(void **state)
{
    struct line_model m = {0};
    (void)state;
    assert_false(touch(&m, 0, 9, false).transfer);
    assert_false(touch(&m, 1, 9, false).transfer);
    assert_true(touch(&m, 1, 9, true).invalidation);
    line_model_free(&m);
}

struct reference {
    unsigned version[LINES], copy[VCPUS][LINES]; // copy 0: none
};

static unsigned long next(unsigned long *seed)
{
    *seed = *seed * 6364136223846793005ul + 1442695040888963407ul;
    return *seed >> 33;
}

// The reference's versions start at 1 ("as found in memory"); a written line has a higher one.
static void random_programs(void **state)
{
    (void)state;
    for (unsigned long seed = 1; seed <= 20; seed++) {
        struct line_model m = {0};
        struct reference *r = calloc(1, sizeof(*r));
        unsigned long s = seed;
        for (int l = 0; l < LINES; l++)
            r->version[l] = 1;
        for (int i = 0; i < 20000; i++) {
            int v = next(&s) % VCPUS, line = next(&s) % (seed * 10 % LINES + 1);
            bool store = next(&s) % 3 == 0;
            bool transfer = r->version[line] > 1 && r->copy[v][line] != r->version[line];
            uint64_t lost = 0;
            for (int other = 0; store && other < VCPUS; other++)
                if (other != v && r->copy[other][line] == r->version[line])
                    lost |= 1ull << other;
            r->version[line] += store;
            r->copy[v][line] = r->version[line];
            struct line_outcome o = touch(&m, v, line, store);
            assert_int_equal(o.transfer, transfer);
            assert_int_equal(o.lost, lost);
            assert_int_equal(o.invalidation, lost != 0);
        }
        line_model_free(&m);
        free(r);
    }
}

static void tally_counts_each_meeting(void **state)
{
    struct line_tally t = {0};
    uint64_t sum = 0;
    (void)state;
    for (int i = 0; i < 30000; i++) {
        struct line_meeting k = {.line = i % 3000, .kind = 'r', .to.pc = i % 2, .to.size = 8};
        line_tally_add(&t, &k, 64 * k.line);
    }
    assert_int_equal(t.used, 3000);
    for (size_t i = 0; i < t.slots; i++) {
        sum += t.slot[i].count;
        assert_true(!t.slot[i].count || t.slot[i].count == 10);
    }
    assert_int_equal(sum, 30000);
    line_tally_clear(&t);
    assert_int_equal(t.used, 0);
    free(t.slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_vcpu_shares_with_nobody),
                                       cmocka_unit_test(pingpong),
                                       cmocka_unit_test(store_meets_the_reader_that_loses_the_line),
                                       cmocka_unit_test(other_bytes_are_apart),
                                       cmocka_unit_test(cold_reads_are_no_transfers),
                                       cmocka_unit_test(random_programs),
                                       cmocka_unit_test(tally_counts_each_meeting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
