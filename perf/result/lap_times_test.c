// Percentiles in nanoseconds an operation, only with enough samples; forged laps are refused.
#include "perf/result/lap_times.h"
#include "perf/util/test_near.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>

// A window of `iters` laps with the histogram text; 2 operations a lap, half a nanosecond a tick.
static json_t *result(int iters, const char *hist, int slices)
{
    json_t *list = json_array();
    for (int i = 0; i < slices; i++)
        json_array_append_new(list, json_integer(100));
    return json_pack("{s:i,s:i,s:i,s:i,s:i,s:{s:i,s:o,s:s}}", "iters", iters, "ops", 2 * iters,
                     "tsc_begin", 1000, "tsc_end", 3000, "ns", 1000, "laps", "timer", 30, "slices",
                     list, "hist", hist);
}

static double member(json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void percentiles(void **state)
{
    json_t *s = json_object(), *r = result(400, "100 900 0 100:300 100:98 700:2", 32);
    (void)state;
    assert_true(lap_times_add(s, r));
    near(member(s, "p50_ns"), 25);   // 100 ticks, 50 ns, 2 operations
    near(member(s, "p99_ns"), 50);   // number 396: 200 ticks
    near(member(s, "max_ns"), 225);
    near(member(s, "timer_ns"), 15);
    assert_int_equal(member(s, "laps"), 400);
    assert_true(json_is_true(json_object_get(s, "steady")));
    assert_null(json_object_get(s, "p999_ns"));
    char *line = lap_times_line("pipe", r);
    assert_string_equal(line, "pipe 0.5 2 100 900 0 100:300 100:98 700:2\n");
    free(line);
    json_decref(s);
    json_decref(r);
}

// hackbench: one receiver's ten messages, of two hundred that an iteration has.
static void a_lap_of_operations_of_its_own(void **state)
{
    json_t *s = json_object(), *r = result(400, "100 900 0 100:300 100:98 700:2", 32);
    (void)state;
    json_object_set_new(json_object_get(r, "laps"), "ops", json_integer(10));
    assert_true(lap_times_add(s, r));
    near(member(s, "p50_ns"), 5);
    json_decref(s);
    json_decref(r);
}

// Of laps that were cut it is not known how long they were: neither the greatest is told nor a percentile that is one of them.
static void laps_that_were_cut(void **state)
{
    json_t *s = json_object(), *r = result(400, "100 1099511627776 5 100:300 100:95", 32);
    (void)state;
    assert_true(lap_times_add(s, r));
    near(member(s, "p50_ns"), 25);
    near(member(s, "laps_cut"), 5);
    assert_non_null(json_object_get(s, "p90_ns"));
    assert_null(json_object_get(s, "p99_ns")); // number 396 of 400
    assert_null(json_object_get(s, "max_ns"));
    json_decref(s);
    json_decref(r);
}

static void too_few_for_a_percentile(void **state)
{
    json_t *s = json_object(), *r = result(298, "100 100 0 100:298", 32);
    (void)state;
    assert_true(lap_times_add(s, r));
    assert_non_null(json_object_get(s, "p90_ns"));
    assert_null(json_object_get(s, "p99_ns"));
    json_decref(s);
    json_decref(r);
}

static void refused(json_t *r)
{
    json_t *s = json_object();
    assert_false(lap_times_add(s, r));
    assert_int_equal(json_object_size(s), 0);
    json_decref(s);
    json_decref(r);
}

static void forged(void **state)
{
    json_t *r;
    (void)state;
    refused(result(400, "100 100 0 100:399", 32)); // the counts do not add up
    refused(result(400, "100 100 0 100:400", 31));
    refused(result(400, "nonsense", 32));
    refused(result(0, "0 0 0", 32));
    r = result(400, "100 100 0 100:400", 32);
    json_object_set_new(r, "tsc_end", json_integer(1000)); // the clock stood
    refused(r);
    r = result(400, "", 32);
    json_object_set_new(r, "laps", json_integer(5));
    refused(r);
}

static void without_laps(void **state)
{
    json_t *s = json_object(), *r = json_object();
    (void)state;
    assert_true(lap_times_add(s, r));
    assert_int_equal(json_object_size(s), 0);
    assert_null(lap_times_line("pipe", r));
    json_decref(s);
    json_decref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles), cmocka_unit_test(a_lap_of_operations_of_its_own), cmocka_unit_test(laps_that_were_cut),
        cmocka_unit_test(too_few_for_a_percentile),
        cmocka_unit_test(forged), cmocka_unit_test(without_laps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
