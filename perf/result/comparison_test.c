// a is the fastest Linux, b CloudOS; what has no number comes first and never has a ratio.
#include "perf/result/comparison.h"
#include "perf/result/run_plan.h"
#include "perf/stats/quantile.h"
#include "perf/stats/resample.h"
#include "perf/util/cmocka_all.h"
#include "perf/view/gate_view.h"
#include "perf/view/report_page.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const run_text =
    "{'schema':'cloudbench-run/1','id':'x','created':'now','tier':'det','identity':{'kernels':{"
    "'linux':{'family':'linux','label':'L'},'linux-stock':{'family':'linux','label':'S'},"
    "'cloudos':{'family':'cloudos','label':'<C>'}}},'rows':["
    "{'workload':'pipe','kernel':'linux','metric':'instructions','unit':'u','status':'ok','value':"
    "100,'samples':["
    "{'value':100,'per_op':{'cr3_writes':1.0}}]},"
    "{'workload':'pipe','kernel':'linux-stock','metric':'instructions','unit':'u','status':'ok','"
    "value':150},"
    "{'workload':'pipe','kernel':'cloudos','metric':'instructions','unit':'u','status':'ok','value'"
    ":40,'samples':["
    "{'value':40,'per_op':{'cr3_writes':2.0}}]},"
    "{'workload':'fork','kernel':'linux','metric':'instructions','unit':'u','status':'ok','value':"
    "100},"
    "{'workload':'fork','kernel':'cloudos','metric':'instructions','unit':'u','status':'failed','"
    "reason':'<hang>'},"
    "{'workload':'exec','kernel':'linux','metric':'instructions','unit':'u','status':'ok','value':"
    "100},"
    "{'workload':'exec','kernel':'cloudos','metric':'instructions','unit':'u','status':'ok','value'"
    ":130}]}";

static json_t *load(const char *text)
{
    char *s = strdup(text);
    for (char *p = s; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *j = json_loads(s, 0, NULL);
    free(s);
    assert_non_null(j);
    return j;
}

static const char *text(json_t *rows, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(rows, i), key));
}

static void kernels_of_one_run(void **state)
{
    char *why;
    json_t *run = load(run_text), *rows = compare_kernels(run, &why);
    (void)state;
    assert_int_equal(json_array_size(rows), 3);
    assert_string_equal(text(rows, 0, "workload"), "fork");
    assert_string_equal(text(rows, 0, "verdict"), "failed");
    assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "ratio")));
    assert_string_equal(text(rows, 1, "verdict"), "regressed");
    json_t *pipe = json_array_get(rows, 2);
    assert_string_equal(text(rows, 2, "kernel_a"), "linux");
    assert_true(json_number_value(json_object_get(pipe, "ratio")) == 0.4);
    assert_string_equal(text(rows, 2, "verdict"), "improved");
    assert_true(json_is_true(json_object_get(pipe, "reached")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(pipe, "more"), 0)),
                        "cr3_writes");
    json_decref(rows);
    json_decref(run);
}

// Boots that never became steady, and what the host counted: medians of the boots that have it.
static void what_stands_beside_a_row(void **state)
{
    char *why;
    json_t *run = load("{'schema':'cloudbench-run/1','id':'x','tier':'tcg','identity':{'kernels':{'linux':{'family':'linux'},"
                       "'cloudos':{'family':'cloudos'}}},'rows':["
                       "{'workload':'pipe','kernel':'linux','metric':'mean_ns','unit':'ns','status':'ok','value':9,'samples':["
                       "{'value':9,'steady':false,'host':{'exits':4.0}},{'value':9,'steady':true,'host':{'exits':2.0}}]},"
                       "{'workload':'pipe','kernel':'cloudos','metric':'mean_ns','unit':'ns','status':'ok','value':8,'samples':["
                       "{'value':8,'steady':false,'host':{'exits':1.0,'waited_ns':7}},{'value':8,'steady':false}]}]}");
    json_t *rows = compare_kernels(run, &why), *row = json_array_get(rows, 0);
    json_t *exits = json_object_get(json_object_get(row, "host"), "exits");
    (void)state;
    assert_string_equal(text(rows, 0, "unsteady"), "b");
    assert_true(json_number_value(json_array_get(exits, 0)) == 3 && json_number_value(json_array_get(exits, 1)) == 1);
    assert_int_equal(json_object_size(json_object_get(row, "host")), 1);
    json_decref(rows);
    json_decref(run);
}

// A second Linux without a number: the row is compared with the first, and says so.
static void a_kernel_that_failed_is_named(void **state)
{
    char *why;
    json_t *run = load("{'schema':'cloudbench-run/1','id':'x','tier':'det','identity':{'kernels':{'linux':{'family':'linux'},"
                       "'linux-612':{'family':'linux'},'cloudos':{'family':'cloudos'}}},'rows':["
                       "{'workload':'pipe','kernel':'linux','metric':'instructions','unit':'i','status':'ok','value':9},"
                       "{'workload':'pipe','kernel':'linux-612','metric':'instructions','unit':'i','status':'failed','reason':'it died'},"
                       "{'workload':'pipe','kernel':'cloudos','metric':'instructions','unit':'i','status':'ok','value':8},"
                       "{'workload':'fork','kernel':'linux','metric':'instructions','unit':'i','status':'ok','value':9},"
                       "{'workload':'fork','kernel':'linux-612','metric':'instructions','unit':'i','status':'unsupported'},"
                       "{'workload':'fork','kernel':'cloudos','metric':'instructions','unit':'i','status':'ok','value':8}]}");
    json_t *rows = compare_kernels(run, &why);
    struct comparison_summary s;
    (void)state;
    comparison_summarise(rows, &s);
    assert_int_equal(s.absent, 1);
    for (size_t i = 0; i < 2; i++) {
        json_t *absent = json_object_get(json_array_get(rows, i), "absent");
        assert_int_equal(json_array_size(absent), !strcmp(text(rows, i, "workload"), "pipe"));
        if (absent)
            assert_string_equal(json_string_value(json_array_get(absent, 0)), "linux-612");
    }
    json_decref(rows);
    json_decref(run);
}

// Counts: the metric's floor, or what a row differs from itself. Times: the canary too, and nothing where four boots did not say what a row's noise is.
static void the_noise_floor_of_a_row(void **state)
{
    char *why;
    json_t *run = load("{'schema':'cloudbench-run/1','id':'x','tier':'det','identity':{'kernels':{'linux':{'family':'linux'},'cloudos':{'family':'cloudos'}}},'rows':["
                       "{'workload':'pipe','kernel':'linux','metric':'instructions','status':'ok','value':100,'samples':[{'value':100,'spread':4}]},"
                       "{'workload':'pipe','kernel':'cloudos','metric':'instructions','status':'ok','value':50,'samples':[{'value':50}]},"
                       "{'workload':'fork','kernel':'linux','metric':'instructions','status':'ok','value':100},"
                       "{'workload':'fork','kernel':'cloudos','metric':'instructions','status':'failed','reason':'it died'},"
                       "{'workload':'exec','kernel':'linux','metric':'instructions','status':'ok','value':100},"
                       "{'workload':'exec','kernel':'cloudos','metric':'instructions','status':'ok','value':50}]}");
    json_t *rows = compare_kernels(run, &why), *row;
    size_t i;
    (void)state;
    assert_int_equal(json_array_size(rows), 3);
    json_array_foreach (rows, i, row) {
        json_t *floor = json_object_get(row, "noise_floor");
        if (!strcmp(text(rows, i, "workload"), "fork"))
            assert_null(floor);
        else
            assert_float_equal(json_number_value(floor), !strcmp(text(rows, i, "workload"), "pipe") ? 0.06 : 0.0005, 1e-12);
    }
    json_decref(rows);
    json_decref(run);
}

// Boots of 9, 9, ... of both kernels: no noise of their own. The canary's differ by a tenth.
static json_t *boots_with_canary(size_t boots)
{
    static const struct { const char *workload, *kernel; double value; } row[] = {
        {"pipe", "linux", 9}, {"pipe", "cloudos", 9}, {CANARY, "linux", 100}, {CANARY, "cloudos", 110}};
    json_t *run = load("{'schema':'cloudbench-run/1','id':'x','tier':'tcg','identity':{'kernels':{'linux':{'family':'linux'},'cloudos':{'family':'cloudos'}}},'rows':[]}");
    for (size_t i = 0; i < 4; i++) {
        json_t *samples = json_array();
        for (size_t k = 0; k < boots; k++)
            json_array_append_new(samples, json_pack("{s:f}", "value", row[i].value));
        json_array_append_new(json_object_get(run, "rows"), json_pack("{s:s,s:s,s:s,s:s,s:f,s:o}", "workload", row[i].workload, "kernel", row[i].kernel, "metric",
                                                                      "mean_ns", "status", "ok", "value", row[i].value, "samples", samples));
    }
    return run;
}

static void the_noise_floor_of_times(void **state)
{
    (void)state;
    for (size_t boots = 3; boots <= 4; boots++) {
        char *why;
        json_t *run = boots_with_canary(boots), *rows = compare_kernels(run, &why);
        json_t *floor = json_object_get(json_array_get(rows, 0), "noise_floor");
        assert_int_equal(json_array_size(rows), 1);
        if (boots == 3)
            assert_null(floor);
        else
            assert_float_equal(json_number_value(floor), 0.1, 1e-9);
        json_decref(rows);
        json_decref(run);
    }
}

static void one_kernel_is_refused(void **state)
{
    char *why;
    json_t *run =
        load("{'tier':'det','identity':{'kernels':{'linux':{'family':'linux'}}},'rows':[]}");
    (void)state;
    assert_null(compare_kernels(run, &why));
    assert_non_null(strstr(why, "one kernel"));
    free(why);
    json_decref(run);
}

static void other_clocks_are_refused(void **state)
{
    char *why;
    json_t *run = load(run_text);
    (void)state;
    json_object_set_new(run, "same_clocksource", json_false());
    assert_null(compare_kernels(run, &why));
    assert_non_null(strstr(why, "clock"));
    free(why);
    json_decref(run);
}

static void two_runs(void **state)
{
    char *why;
    json_t *run = load(run_text), *other = load("{'tier':'tcg','rows':[]}"),
           *rows = compare_runs(run, run, &why);
    struct comparison_summary s;
    (void)state;
    comparison_summarise(rows, &s);
    assert_int_equal(s.rows, 7);
    assert_int_equal(s.same, 6);
    assert_int_equal(s.failed, 1);
    assert_null(compare_runs(run, other, &why));
    assert_non_null(strstr(why, "tiers"));
    free(why);
    json_decref(rows);
    json_decref(run);
    json_decref(other);
}

// What only one run measured is no failure, and says which run it was; what failed in the one that has it is one.
static void rows_of_one_run_only(void **state)
{
    char *why;
    json_t *run = load(run_text), *part = load(run_text);
    (void)state;
    for (int i = 0; i < 3; i++)
        json_array_remove(json_object_get(part, "rows"), 0); // pipe of each kernel
    json_object_set_new(part, "id", json_string("part"));
    for (int only_b = 0; only_b < 2; only_b++) {
        struct comparison_summary s;
        json_t *rows = only_b ? compare_runs(part, run, &why) : compare_runs(run, part, &why);
        comparison_summarise(rows, &s);
        assert_int_equal(s.rows, 7);
        assert_int_equal(only_b ? s.only_b : s.only_a, 3);
        assert_int_equal(s.failed, 1);
        json_t *c = json_array_get(rows, only_b); // behind the one that failed, in the order of a's rows and then b's
        assert_string_equal(json_string_value(json_object_get(c, "verdict")), only_b ? "only in b" : "only in a");
        assert_string_equal(json_string_value(json_object_get(c, "reason")), "linux: only run x measured it");
        assert_string_equal(row_kernel(c), "linux");
        assert_true(rows_of_two_runs(rows));
        json_decref(rows);
    }
    json_decref(run);
    json_decref(part);
}

// A lost row fails, one without a number is an error, what is ahead passes.
static void junit_of_a_comparison(void **state)
{
    char *why;
    struct text_buf t = {0};
    json_t *run = load(run_text), *rows = compare_kernels(run, &why);
    (void)state;
    compare_junit(&t, rows, "x");
    assert_non_null(strstr(t.data, "tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\""));
    assert_non_null(strstr(t.data, "<failure message=\"regressed: a 100, b 130"));
    assert_non_null(strstr(t.data, "classname=\"cloudos\" name=\"pipe instructions\"></testcase>"));
    text_free(&t);
    json_decref(rows);
    json_decref(run);
}

static json_t *times(const char *kernel, double base, double spread)
{
    json_t *samples = json_array();
    for (int i = 0; i < 10; i++)
        json_array_append_new(
            samples, json_pack("{s:f}", "value", base + i % 3 + (i % 2 ? spread : -spread)));
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:o}", "workload", "pipe", "kernel", kernel,
                     "metric", "mean_ns", "unit", "ns", "status", "ok", "value", base, "samples",
                     samples);
}

static void verdict_is(double a, double b, double spread, const char *want)
{
    char *why;
    json_t *run = load("{'tier':'tcg','identity':{'kernels':{'linux':{'family':'linux'},"
                       "'cloudos':{'family':'cloudos'}}}}");
    json_object_set_new(run, "rows",
                        json_pack("[o,o]", times("linux", a, 0), times("cloudos", b, spread)));
    json_t *rows = compare_kernels(run, &why);
    assert_string_equal(text(rows, 0, "verdict"), want);
    json_decref(rows);
    json_decref(run);
}

static void times_need_intervals(void **state)
{
    (void)state;
    verdict_is(1000, 500, 0, "improved");
    verdict_is(1000, 1500, 0, "regressed");
    verdict_is(1000, 1001, 0, "same");
    verdict_is(1000, 1010, 90, "inconclusive");
}

static json_t *counted_run(double linux_value, double cloudos_value)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{'tier':'det','identity':{'kernels':{'linux':{'family':'linux'},'cloudos':{'family':'cloudos'}}},"
             "'rows':[{'workload':'d','kernel':'linux','metric':'misses_count','status':'ok','value':%g,"
             "'samples':[{'value':%g}]},{'workload':'d','kernel':'cloudos','metric':'misses_count',"
             "'status':'ok','value':%g,'samples':[{'value':%g}]}]}",
             linux_value, linux_value, cloudos_value, cloudos_value);
    return load(text);
}

static void zero_is(double a, double b, const char *want, bool has_ratio)
{
    char *why;
    json_t *run = counted_run(a, b), *rows = compare_kernels(run, &why);
    assert_string_equal(text(rows, 0, "verdict"), want);
    assert_int_equal(json_is_number(json_object_get(json_array_get(rows, 0), "ratio")), has_ratio);
    json_decref(rows);
    json_decref(run);
}

static void counts_may_be_zero(void **state)
{
    (void)state;
    zero_is(0, 0, "same", true);
    zero_is(0, 3, "regressed", false);
    zero_is(3, 0, "improved", true);
    zero_is(3, 3, "same", true);
}

// A run of one row a workload, ten boots (or `boots`) each side; the next value of a side comes from draw(side).
static json_t *drawn_run(int rows, int boots, double (*draw)(int side, int boot))
{
    json_t *run = load("{'tier':'tcg','identity':{'kernels':{'linux':{'family':'linux'},'cloudos':{'family':'cloudos'}}},'rows':[]}");
    for (int i = 0; i < 2 * rows; i++) {
        json_t *samples = json_array();
        double v[16];
        char name[16];
        for (int k = 0; k < boots; k++) {
            v[k] = draw(i % 2, k);
            json_array_append_new(samples, json_pack("{s:f}", "value", v[k]));
        }
        snprintf(name, sizeof(name), "w%d", i / 2);
        json_array_append_new(json_object_get(run, "rows"),
                              json_pack("{s:s,s:s,s:s,s:s,s:f,s:o}", "workload", name, "kernel", i % 2 ? "cloudos" : "linux", "metric",
                                        "misses_count", "status", "ok", "value", stats_median(v, boots), "samples", samples));
    }
    return run;
}

static uint64_t seed = 20240101;

// Poisson with a mean of 2 (Knuth's product of uniform numbers).
static double poisson2(int side, int boot)
{
    double product = 1;
    int n = -1;
    (void)side, (void)boot;
    while (product > exp(-2)) {
        product *= ((stats_random(&seed) >> 11) + 0.5) * 0x1p-53;
        n++;
    }
    return n;
}

static int verdicts_in(json_t *run, const char *verdict, bool want_p)
{
    char *why;
    json_t *rows = compare_kernels(run, &why), *c;
    size_t i;
    int n = 0;
    json_array_foreach (rows, i, c) {
        n += !strcmp(json_string_value(json_object_get(c, "verdict")), verdict);
        assert_int_equal(json_is_real(json_object_get(c, "p")), want_p);
    }
    json_decref(rows);
    json_decref(run);
    return n;
}

// Counts without a true difference, most of them with a 0 somewhere: the false-discovery rate holds for them as for times.
static void zeros_do_not_switch_the_tests_off(void **state)
{
    int with_alarm = 0, suites = 40;
    (void)state;
    for (int i = 0; i < suites; i++) {
        json_t *run = drawn_run(60, 10, poisson2);
        int alarms = verdicts_in(json_incref(run), "regressed", true) + verdicts_in(json_incref(run), "improved", true);
        with_alarm += alarms > 0;
        json_decref(run);
    }
    print_message("Poisson(2), 60 rows: %d of %d suites alarm\n", with_alarm, suites);
    assert_in_range(with_alarm, 0, suites / 20);
}

static double zeros_then_some(int side, int boot)
{
    return side * (3 + boot % 4);
}

static double some_then_zeros(int side, int boot)
{
    return (1 - side) * (3 + boot % 4);
}

static double zeros_but_one(int side, int boot)
{
    return side && boot == 4;
}

static double all_zeros(int side, int boot)
{
    (void)side, (void)boot;
    return 0;
}

static double now_and_then(int side, int boot)
{
    (void)side;
    return boot % 3;
}

static void verdicts_with_zeros(void **state)
{
    (void)state;
    assert_int_equal(verdicts_in(drawn_run(1, 10, zeros_then_some), "regressed", true), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 10, some_then_zeros), "improved", true), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 5, zeros_then_some), "inconclusive", true), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 1, zeros_then_some), "inconclusive", false), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 10, zeros_but_one), "inconclusive", true), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 10, all_zeros), "same", false), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 1, all_zeros), "same", false), 1);
    assert_int_equal(verdicts_in(drawn_run(1, 10, now_and_then), "same", false), 1);
}

static void report_escapes_and_needs_no_network(void **state)
{
    char *why;
    json_t *run = load(run_text), *rows = compare_kernels(run, &why);
    char *html = report_page_html(run, rows);
    (void)state;
    assert_non_null(strstr(html, "<svg"));
    assert_non_null(strstr(html, "&lt;hang&gt;"));
    assert_null(strstr(html, "<hang>"));
    assert_null(strstr(html, "http"));
    assert_null(strstr(html, "<script"));
    assert_non_null(strstr(html, "prefers-color-scheme"));
    free(html);
    json_decref(rows);
    json_decref(run);
}

// A run of these rows whose initramfs holds these programs; `files` is taken.
static json_t *run_with_programs(json_t *files)
{
    json_t *run = load("{'tier':'det','identity':{'initramfs':{},'kernels':{'cloudos':{'family':'cloudos'}}},'rows':["
                       "{'workload':'pipe@cross-cpu','kernel':'cloudos','metric':'instructions','unit':'u','status':'ok','value':100},"
                       "{'workload':'fork/64M','kernel':'cloudos','metric':'instructions','unit':'u','status':'ok','value':100}]}");
    json_object_set_new(json_object_get(json_object_get(run, "identity"), "initramfs"), "files", files);
    return run;
}

// Judged all the same: a program that was built anew need not do otherwise.
static void another_program_is_said(void **state)
{
    json_t *a = run_with_programs(json_pack("{s:s,s:s}", "bench/pipe", "1", "bench/fork", "2"));
    json_t *b = run_with_programs(json_pack("{s:s,s:s}", "bench/pipe", "1", "bench/fork", "3"));
    json_t *unknown = run_with_programs(json_object());
    char *why;
    (void)state;
    json_t *rows = compare_runs(a, b, &why), *others = compare_runs(a, unknown, &why);
    assert_null(text(rows, 0, "program_a"));
    assert_string_equal(text(rows, 1, "workload"), "fork/64M");
    assert_string_equal(text(rows, 1, "verdict"), "same");
    assert_string_equal(text(rows, 1, "program_a"), "2");
    assert_string_equal(text(rows, 1, "program_b"), "3");
    assert_null(text(others, 1, "program_a"));
    json_decref(rows);
    json_decref(others);
    json_decref(a);
    json_decref(b);
    json_decref(unknown);
}

// A run of times whose boots of CloudOS and Linux had these clocks.
static json_t *clocked(const char *tier, const char *cloudos, const char *linux_first, const char *linux_second)
{
    json_t *run = load("{'identity':{'kernels':{'linux':{'family':'linux'},'cloudos':{'family':'cloudos'}}},'rows':["
                       "{'workload':'pipe','kernel':'linux','metric':'mean_ns','unit':'ns','status':'ok','value':100}]}");
    json_object_set_new(run, "tier", json_string(tier));
    json_object_set_new(run, "boots", json_pack("[{s:s,s:{s:s}},{s:s,s:{s:s}},{s:s,s:{s:s}},{s:s}]", "kernel", "cloudos", "guest", "clocksource", cloudos,
                                                "kernel", "linux", "guest", "clocksource", linux_first, "kernel", "linux", "guest", "clocksource",
                                                linux_second, "kernel", "linux"));
    return run;
}

// The runs are gone then.
static void clocks_are(json_t *a, json_t *b, const char *want)
{
    char *why;
    json_t *rows = compare_runs(a, b, &why);
    assert_true(!rows == (want != NULL));
    if (want)
        assert_non_null(strstr(why, want));
    free(why);
    json_decref(rows);
    json_decref(a);
    json_decref(b);
}

static void times_by_two_clocks_are_not_compared(void **state)
{
    (void)state;
    clocks_are(clocked("tcg", "tsc", "tsc", "tsc"), clocked("tcg", "tsc", "tsc-early", "tsc"), NULL);
    clocks_are(clocked("tcg", "tsc", "hpet", "hpet"), clocked("tcg", "tsc", "hpet", "hpet"), NULL);
    clocks_are(clocked("kvm", "tsc", "tsc", "tsc"), clocked("kvm", "tsc", "hpet", "hpet"), "linux had the clock sources tsc and hpet");
    clocks_are(clocked("kvm", "tsc", "hpet", "tsc"), clocked("kvm", "tsc", "hpet", "hpet"), "linux had the clock sources hpet and tsc");
    clocks_are(clocked("kvm", "tsc", "tsc", "tsc"), clocked("kvm", "tsc", "tsc", "hpet"), "linux had the clock sources tsc and hpet");
    clocks_are(clocked("det", "tsc", "tsc", "tsc"), clocked("det", "tsc", "hpet", "hpet"), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernels_of_one_run), cmocka_unit_test(what_stands_beside_a_row),
                                       cmocka_unit_test(a_kernel_that_failed_is_named), cmocka_unit_test(the_noise_floor_of_a_row),
        cmocka_unit_test(the_noise_floor_of_times),
        cmocka_unit_test(one_kernel_is_refused),
                                       cmocka_unit_test(other_clocks_are_refused),
                                       cmocka_unit_test(two_runs),
                                       cmocka_unit_test(rows_of_one_run_only),
                                       cmocka_unit_test(junit_of_a_comparison),
                                       cmocka_unit_test(times_need_intervals),
                                       cmocka_unit_test(counts_may_be_zero),
                                       cmocka_unit_test(zeros_do_not_switch_the_tests_off),
                                       cmocka_unit_test(verdicts_with_zeros),
                                       cmocka_unit_test(report_escapes_and_needs_no_network),
                                       cmocka_unit_test(another_program_is_said),
                                       cmocka_unit_test(times_by_two_clocks_are_not_compared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
