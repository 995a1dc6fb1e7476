// The slope rule, and every way in which a row must not become a number.
#include "perf/result/step_result.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static struct plan_step steps[] = {
    {.row = "pipe", .workload = "pipe", .iters = 10, .cpu = {-1, -1}, .kind = STEP_WARM},
    {.row = "pipe", .workload = "pipe", .iters = 10, .cpu = {-1, -1}, .kind = STEP_N},
    {.row = "pipe", .workload = "pipe", .iters = 20, .cpu = {-1, -1}, .kind = STEP_2N},
};
static const struct run_plan plan = {steps, 3};

static void record(struct boot_steps *b, const char *text)
{
    json_t *j = json_loads(text, 0, NULL);
    assert_non_null(j);
    boot_steps_record(b, j);
    json_decref(j);
}

static void result(struct boot_steps *b, int ops, long tsc)
{
    char *s = x_printf(
        "{\"type\":\"result\",\"workload\":\"pipe\",\"check\":\"ok\",\"ops\":%d,\"ns\":5000,"
        "\"tsc_begin\":100,\"tsc_end\":%ld}",
        ops, 100 + tsc);
    record(b, s);
    record(b, "{\"type\":\"exit\",\"workload\":\"pipe\",\"status\":0,\"memfree_kb_before\":9,"
              "\"memfree_kb_after\":9}");
    free(s);
}

static const char *const good_counts = "marker 3 0 0\nmarker 4 0 900\ncount cr3_writes 5\nmarker 3 "
                                       "0 1000\nmarker 1 0 1100\nmarker 4 0 2500\n"
                                       "count cr3_writes 10\nmarker 3 0 3000\nmarker 4 0 "
                                       "5500\ncount cr3_writes 20\ntotal 6000\nwindows 3\n";

static json_t *sample(const char *counts_text, long tsc_n, long tsc_2n)
{
    struct boot_steps b;
    struct count_file counts;
    boot_steps_start(&b, &plan, NULL);
    result(&b, 10, 700);
    result(&b, 10, tsc_n);
    result(&b, 20, tsc_2n);
    count_file_parse(&counts, counts_text, false);
    boot_steps_counts(&b, &counts);
    json_t *s = row_sample(&b, "pipe", TIER_DET);
    count_file_free(&counts);
    boot_steps_free(&b);
    return s;
}

// Three of N and three of 2N, in any order: the medians make the slope, how far each kind differs the spread. Ticks: of N, of 2N, of N, ...
static json_t *repeated(const int n[3], const int n2[3], const int ticks[6])
{
    struct plan_step s[6];
    struct run_plan p = {s, 6};
    struct boot_steps b;
    for (int i = 0; i < 6; i++)
        s[i] = (struct plan_step){.row = "pipe", .workload = "pipe", .iters = i % 2 ? 20 : 10, .kind = i % 2 ? STEP_2N : STEP_N};
    boot_steps_start(&b, &p, NULL);
    for (int i = 0; i < 6; i++) {
        result(&b, i % 2 ? 20 : 10, ticks[i]);
        b.step[i].counted = true;
        b.step[i].insns = (uint64_t)(i % 2 ? n2[i / 2] : n[i / 2]);
    }
    json_t *sample_of = row_sample(&b, "pipe", TIER_DET);
    boot_steps_free(&b);
    return sample_of;
}

static double number(json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void slope_of_the_whole_vm(void **state)
{
    json_t *s = sample(good_counts, 800, 1500);
    (void)state;
    assert_string_equal(json_string_value(json_object_get(s, "status")), "ok");
    assert_true(number(s, "vm_slope") == 100); // (2500 - 1500) / 10
    assert_true(number(s, "tsc_slope") == 70);
    assert_true(number(s, "value") == 100);
    assert_true(number(json_object_get(s, "per_op"), "cr3_writes") == 1);
    json_decref(s);
}

static void medians_of_repeated_windows(void **state)
{
    json_t *s = repeated((int[]){1100, 1000, 1900}, (int[]){2200, 2100, 2150}, (int[]){800, 1500, 800, 1500, 800, 1500});
    (void)state;
    assert_true(number(s, "vm_slope") == 105); // (2150 - 1100) / 10
    assert_true(number(s, "spread") == 100);   // (900 + 100) / 10
    assert_int_equal(json_integer_value(json_array_get(json_array_get(json_object_get(s, "windows"), 0), 2)), 1900);
    json_decref(s);
}

// By ticks the row costs more: their range is the spread then, also where the instructions are steadier and in another order.
static void the_spread_is_of_the_slope_that_counts(void **state)
{
    json_t *s = repeated((int[]){1000, 1001, 1002}, (int[]){2000, 2001, 2002}, (int[]){900, 2400, 800, 2300, 850, 2310});
    (void)state;
    assert_true(number(s, "vm_slope") == 100);
    assert_true(number(s, "value") == 150); // (2300 - 800) / 10: the windows of the median instructions
    assert_true(number(s, "spread") == 20); // (100 + 100) / 10
    assert_int_equal(json_integer_value(json_array_get(json_array_get(json_object_get(s, "windows"), 1), 2)), 2002);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(json_object_get(s, "tsc_windows"), 1), 0)), 2400);
    json_decref(s);
}

static void the_larger_slope_counts(void **state)
{
    json_t *s = sample(good_counts, 800, 2800);
    (void)state;
    assert_true(number(s, "value") == 200);
    json_decref(s);
}

static void missing_windows_give_nothing(void **state)
{
    (void)state;
    assert_null(sample("marker 3 0 0\nmarker 4 0 900\n", 800, 1500));
    assert_null(sample("marker 4 0 900\n", 800, 1500));
    assert_null(sample("marker x\n", 800, 1500));
    assert_null(sample("GARBAGE\n", 800, 1500));
}

static void no_growth_is_no_number(void **state)
{
    json_t *s =
        sample("marker 3 0 0\nmarker 4 0 900\nmarker 3 0 1000\nmarker 4 0 2000\nmarker 3 0 3000\n"
               "marker 4 0 4000\n",
               800, 1500);
    (void)state;
    assert_string_equal(json_string_value(json_object_get(s, "status")), "failed");
    assert_null(json_object_get(s, "value"));
    json_decref(s);
}

static void expect_status(const char *a, const char *b, const char *status, const char *reason)
{
    struct boot_steps steps_of;
    boot_steps_start(&steps_of, &plan, NULL);
    record(&steps_of, a);
    record(&steps_of, b);
    json_t *s = row_sample(&steps_of, "pipe", TIER_DET);
    assert_string_equal(json_string_value(json_object_get(s, "status")), status);
    assert_non_null(strstr(json_string_value(json_object_get(s, "reason")), reason));
    assert_null(json_object_get(s, "value"));
    json_decref(s);
    boot_steps_free(&steps_of);
}

static void faults_are_no_numbers(void **state)
{
    (void)state;
    expect_status(
        "{\"type\":\"unsupported\",\"workload\":\"pipe\",\"errno\":38,\"call\":\"pipe2\"}",
        "{\"type\":\"exit\",\"workload\":\"pipe\",\"status\":77}", "unsupported", "pipe2");
    expect_status(
        "{\"type\":\"result\",\"workload\":\"pipe\",\"check\":\"lost a byte\",\"ops\":10}",
        "{\"type\":\"exit\",\"workload\":\"pipe\",\"status\":1}", "failed", "lost a byte");
    expect_status("{\"type\":\"boot\"}", "{\"type\":\"exit\",\"workload\":\"pipe\",\"signal\":11}",
                  "failed", "signal 11");
    expect_status("{\"type\":\"boot\"}", "{\"type\":\"exit\",\"workload\":\"pipe\",\"status\":0}",
                  "failed", "no result");
    expect_status("{\"type\":\"result\",\"workload\":\"pipe\",\"check\":\"ok\",\"ops\":0}",
                  "{\"type\":\"exit\",\"workload\":\"pipe\",\"status\":0}", "failed", "nothing");
}

static void a_stranger_is_a_fault(void **state)
{
    struct boot_steps b;
    (void)state;
    boot_steps_start(&b, &plan, NULL);
    record(&b, "{\"type\":\"result\",\"workload\":\"fork\",\"check\":\"ok\",\"ops\":10}");
    assert_non_null(b.fault);
    assert_null(row_sample(&b, "pipe", TIER_DET));
    boot_steps_free(&b);
}

// The record of the measured step of a boot of the warm-up and 2N; NULL and what is wrong.
static json_t *measured(struct boot_steps *b, const char *more[], const char *reason)
{
    static const bool skip[] = {false, true, false};
    char *why;
    boot_steps_start(b, &plan, skip);
    result(b, 10, 700);
    for (int i = 0; more[i]; i++)
        record(b, more[i]);
    json_t *r = boot_steps_measured(b, &why);
    assert_true(!r == (reason != NULL));
    if (reason)
        assert_non_null(strstr(why, reason));
    free(why);
    return r;
}

static void a_warm_up_is_never_the_measured_step(void **state)
{
    struct boot_steps b;
    (void)state;
    static const char *const good = "{\"type\":\"result\",\"workload\":\"pipe\",\"check\":\"ok\",\"ops\":20}";
    static const char *const end = "{\"type\":\"exit\",\"workload\":\"pipe\",\"status\":0}";
    assert_true(number(measured(&b, (const char *[]){good, end, NULL}, NULL), "ops") == 20);
    boot_steps_free(&b);
    measured(&b, (const char *[]){NULL}, "no result");
    boot_steps_free(&b);
    measured(&b, (const char *[]){"{\"type\":\"exit\",\"workload\":\"pipe\",\"signal\":11}", NULL}, "signal 11");
    boot_steps_free(&b);
    measured(&b, (const char *[]){good, NULL}, "end");
    boot_steps_free(&b);
    measured(&b, (const char *[]){"{\"type\":\"result\",\"workload\":\"pipe\",\"ops\":20}", end, NULL}, "self-check: missing");
    boot_steps_free(&b);
    measured(&b, (const char *[]){good, end, end, NULL}, "expected");
    boot_steps_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slope_of_the_whole_vm), cmocka_unit_test(medians_of_repeated_windows),        cmocka_unit_test(the_larger_slope_counts),
        cmocka_unit_test(the_spread_is_of_the_slope_that_counts),
        cmocka_unit_test(missing_windows_give_nothing), cmocka_unit_test(no_growth_is_no_number),
        cmocka_unit_test(faults_are_no_numbers),        cmocka_unit_test(a_stranger_is_a_fault),
        cmocka_unit_test(a_warm_up_is_never_the_measured_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
