// Baselines are checked whole; every verdict of the gate; JUnit and Markdown survive hostile text.
#include "perf/gate/baseline.h"
#include "perf/gate/gate.h"
#include "perf/util/host_file.h"
#include "perf/util/test_near.h"
#include "perf/util/text_buf.h"
#include "perf/view/gate_view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

#define HEAD                                                                                       \
    "'schema':'cloudbench-baseline/1','tier':'det','topology':'1','kernel':'cloudos','qemu':'7.2'"
#define RUN                                                                                        \
    "'tier':'det','topology':{'name':'1'},'identity':{'qemu':{'version':'7.2'},'kernels':"         \
    "{'cloudos':{}}}"

static json_t *run_with(const char *workload, double value)
{
    json_t *run = load("{" RUN "}");
    json_object_set_new(run, "rows",
                        json_pack("[{s:s,s:s,s:s,s:s,s:f}]", "workload", workload, "metric",
                                  "instructions", "kernel", "cloudos", "status", "ok", "value",
                                  value));
    return run;
}

static const char *text(json_t *rows, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(rows, i), key));
}

static void verdict_is(double value, const char *want)
{
    json_t *baseline = load("{" HEAD ",'rows':[{'workload':'pipe','metric':'instructions',"
                            "'accepted':[1000,1040]}]}");
    json_t *run = run_with("pipe", value), *rows = gate_against_file(baseline, run, "cloudos");
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(text(rows, 0, "verdict"), want);
    json_decref(rows);
    json_decref(run);
    json_decref(baseline);
}

// The policy: 2 % above the newest accepted value, 5 % above the best.
static void verdicts(void **state)
{
    (void)state;
    verdict_is(1041, "same");
    verdict_is(1049, "same");
    verdict_is(1055, "drifted");
    verdict_is(1065, "regressed");
    verdict_is(1000, "improved");
}

// What `since` says is the best that counts, whether older values are lower or not; the report says what was accepted.
static void a_drift_that_was_accepted(void **state)
{
    static const struct {
        const char *since, *verdict, *reason;
        double value;
    } cases[] = {{"", "drifted", "9.0 % above the best of the last 3 accepted", 1090},
                 {",'since':{'value':1075,'why':'timers'}", "same", "8.0 % above 1000, which was accepted: timers", 1090},
                 {",'since':{'value':1075,'why':'timers'}", "same", "8.0 % above 1000, which was accepted: timers", 1101},
                 {",'since':{'value':1075,'why':'timers'}", "regressed", "", 1140},
                 {",'since':{'value':999,'why':'is not kept any more'}", "drifted", "9.0 % above the best of the last 3 accepted", 1090}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char all[400];
        snprintf(all, sizeof(all), "{" HEAD ",'rows':[{'workload':'pipe','metric':'instructions','accepted':[1000,1075,1080]%s}]}", cases[i].since);
        json_t *baseline = load(all), *run = run_with("pipe", cases[i].value), *rows = gate_against_file(baseline, run, "cloudos");
        assert_string_equal(text(rows, 0, "verdict"), cases[i].verdict);
        assert_string_equal(text(rows, 0, "reason"), cases[i].reason);
        json_decref(rows);
        json_decref(run);
        json_decref(baseline);
    }
}

// A row of which two windows differ by 13.6 % of it (times 1.5) beside 1000.
static void noisy_is(double value, const char *want)
{
    json_t *baseline = load("{" HEAD ",'rows':[{'workload':'pipe','metric':'instructions','accepted':[1000]}]}");
    json_t *run = run_with("pipe", value), *row = json_array_get(json_object_get(run, "rows"), 0);
    struct gate_summary s;
    json_object_set_new(row, "samples", json_pack("[{s:s,s:f,s:f}]", "status", "ok", "value", value, "spread", value / 11));
    json_t *rows = gate_against_file(baseline, run, "cloudos");
    gate_summarise(rows, &s);
    assert_string_equal(text(rows, 0, "verdict"), want);
    assert_int_equal(s.inconclusive, !strcmp(want, "inconclusive"));
    assert_true(!s.inconclusive || strstr(text(rows, 0, "reason"), "differs from itself by up to 13.6 %"));
    json_decref(rows);
    json_decref(run);
    json_decref(baseline);
}

// Beyond the floor but not beyond what the row differs from itself nobody knows, as in `compare`: "same" is within the floor, and only that.
static void a_row_within_its_own_noise(void **state)
{
    (void)state;
    noisy_is(1015, "same");
    noisy_is(1100, "inconclusive");
    noisy_is(900, "inconclusive");
    noisy_is(1150, "regressed");
    noisy_is(850, "improved");
}

static void rows_that_are_not_in_both(void **state)
{
    json_t *baseline = load("{" HEAD ",'rows':[{'workload':'pipe','metric':'instructions',"
                            "'accepted':[1000]}]}");
    json_t *run = run_with("fork", 5), *rows = gate_against_file(baseline, run, "cloudos");
    struct gate_summary s;
    (void)state;
    assert_string_equal(text(rows, 0, "workload"), "pipe");
    assert_string_equal(text(rows, 0, "verdict"), "missing");
    assert_string_equal(text(rows, 1, "verdict"), "new");
    gate_summarise(rows, &s);
    assert_int_equal(s.rows, 2);
    assert_int_equal(s.failing, 1);
    json_decref(rows);
    json_decref(run);
    json_decref(baseline);
}

static void row_is(json_t *rows, size_t i, const char *workload, const char *verdict)
{
    assert_string_equal(text(rows, i, "workload"), workload);
    assert_string_equal(text(rows, i, "verdict"), verdict);
}

static void add_row(json_t *run, const char *workload, const char *status)
{
    json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:s}", "workload", workload, "metric", "instructions", "kernel", "cloudos", "status", status,
                            "reason", "why");
    if (!strcmp(status, "ok"))
        json_object_set_new(row, "value", json_real(7));
    json_array_append_new(json_object_get(run, "rows"), row);
}

// Against a run as against a file; what failed in the run stays failed, what failed in the baseline alone was never accepted.
static void rows_that_are_not_in_both_runs(void **state)
{
    json_t *baseline = run_with("pipe", 1000), *run = run_with("fork", 5);
    struct gate_summary s;
    char *why;
    (void)state;
    add_row(baseline, "exec", "failed");
    add_row(run, "exec", "ok");
    add_row(run, "vfork", "failed");
    json_t *rows = gate_against_run(baseline, run, &why);
    assert_int_equal(json_array_size(rows), 4);
    row_is(rows, 0, "pipe", "missing");
    row_is(rows, 1, "vfork", "failed");
    row_is(rows, 2, "exec", "new");
    row_is(rows, 3, "fork", "new");
    assert_string_equal(text(rows, 3, "kernel"), "cloudos");
    gate_summarise(rows, &s);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.failing, 2);
    json_decref(rows);
    json_decref(run);
    json_decref(baseline);
}

// A run passes against itself whatever it is worth: nothing was judged. Its folder's name makes it no other.
static void a_run_is_not_its_own_baseline(void **state)
{
    json_t *run = run_with("pipe", 1000), *copy = json_deep_copy(run), *other = run_with("pipe", 1000);
    char *why;
    (void)state;
    json_object_set_new(run, "id", json_string("r1"));
    json_object_set_new(copy, "id", json_string("folder"));
    assert_null(gate_against_run(copy, run, &why));
    assert_non_null(strstr(why, "r1 is held against itself"));
    free(why);
    json_object_set_new(other, "created", json_string("later"));
    json_t *rows = gate_against_run(other, run, &why);
    row_is(rows, 0, "pipe", "same");
    json_decref(rows);
    json_decref(run);
    json_decref(copy);
    json_decref(other);
}

static void another_program_does_not_fail(void **state)
{
    json_t *baseline = run_with("pipe", 1000), *run = run_with("pipe", 1000);
    char *why;
    (void)state;
    json_object_set_new(json_object_get(baseline, "identity"), "initramfs", load("{'files':{'bench/pipe':'1'}}"));
    json_object_set_new(json_object_get(run, "identity"), "initramfs", load("{'files':{'bench/pipe':'2'}}"));
    json_t *rows = gate_against_run(baseline, run, &why);
    row_is(rows, 0, "pipe", "same");
    assert_string_equal(text(rows, 0, "reason"), "another program than the baseline's");
    json_decref(rows);
    json_decref(run);
    json_decref(baseline);
}

static void misfits(void **state)
{
    static const char *const bad[][2] = {
        {"{'tier':'tcg','topology':{'name':'1'},'identity':{'qemu':{'version':'7.2'},'kernels':"
         "{'cloudos':{}}}}", "for times give a run"},
        {"{'tier':'det','topology':{'name':'2'},'identity':{'qemu':{'version':'7.2'},'kernels':"
         "{'cloudos':{}}}}", "topology 1"},
        {"{'tier':'det','topology':{'name':'1'},'identity':{'qemu':{'version':'10.0'},'kernels':"
         "{'cloudos':{}}}}", "QEMU 7.2"},
        {"{'tier':'det','topology':{'name':'1'},'identity':{'turn_ns':500,'qemu':{'version':'7.2'},'kernels':"
         "{'cloudos':{}}}}", "turns of 0 ns, the run's of 500"},
        {"{'tier':'det','topology':{'name':'1'},'identity':{'kernels':{}}}", "no kernel"},
    };
    json_t *baseline = load("{" HEAD ",'rows':[]}");
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        json_t *run = load(bad[i][0]);
        char *why = baseline_misfit(baseline, run, "cloudos");
        assert_non_null(why);
        assert_non_null(strstr(why, bad[i][1]));
        free(why);
        json_decref(run);
    }
    json_decref(baseline);
}

// `measured` of a baseline, members of the run, and what is said of the two; "" where they fit.
static void otherwise_is(const char *measured, const char *members, const char *want)
{
    json_t *baseline = load("{" HEAD ",'rows':[{'workload':'pipe','metric':'instructions','accepted':[1000],'iterations':400},{'workload':'fork','metric':'instructions','accepted':[9]}]}");
    json_t *run = run_with("pipe", 1000), *more = load(members), *how = load(measured);
    json_object_update(run, more);
    if (json_object_size(how))
        json_object_set(baseline, "measured", how);
    char *why = baseline_misfit(baseline, run, "cloudos");
    assert_string_equal(why ? why : "", want);
    free(why);
    json_decref(how);
    json_decref(more);
    json_decref(run);
    json_decref(baseline);
}

// The rule is that of two runs; what the file does not say is the run's.
static void measured_otherwise(void **state)
{
    static const char plain[] = "{'scale':1,'rows_per_boot':1,'settings':['workloads.fork.det=7'],'knobs':''}", same[] = "'settings':['workloads.fork.det=7']";
    static const char *const cases[][2] = {
        {"{'scale':1,'rows_per_boot':1,%s}", ""},
        {"{'scale':0.1,'rows_per_boot':1,%s}", "scales (\"1\" and \"0.1\")"},
        {"{'rows_per_boot':24,%s}", "boots (\"each row alone\" and \"at most 24 rows\")"},
        {"{'rows_per_boot':1,'settings':['policy.keep.last=1']}", "settings (\"workloads.fork.det=7\" and \"none\")"},
        {"{'rows_per_boot':1,%s,'control':{'workload':'pipe','instructions':3,'every':64}}", "controls (\"none\" and \"pipe:3 instructions/64\")"},
        {"{'rows_per_boot':1,%s,'identity':{'qemu':{'version':'7.2'},'kernels':{'cloudos':{'knobs':'set:/x=3'},'linux':{'knobs':'set:/y=1'}}}}",
         "knobs (\"none\" and \"cloudos set:/x=3\")"},
        {"{'rows_per_boot':1,%s,'rows':[{'workload':'pipe','iterations':400},{'workload':'fork','iterations':3}]}", ""},
        {"{'rows_per_boot':1,%s,'rows':[{'workload':'pipe','iterations':800}]}", "iterations (\"pipe 400\" and \"pipe 800\")"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *members = x_printf(cases[i][0], same), *why = *cases[i][1] ? x_printf("the baseline and the run are of different %s", cases[i][1]) : NULL;
        otherwise_is(plain, members, why ? why : "");
        if (!strstr(members, "800"))
            otherwise_is("{}", members, "");
        free(members);
        free(why);
    }
}

// What is accepted says how it was measured, and so refuses what is not; an old file says it from then on.
static void accepting_says_how(void **state)
{
    json_t *old = load("{" HEAD ",'rows':[{'workload':'pipe','metric':'instructions','accepted':[1000]}]}"), *run = run_with("pipe", 1000), *more;
    char *why;
    (void)state;
    more = load("{'scale':0.5,'rows_per_boot':1,'settings':['policy.keep.last=1','workloads.pipe.pad=3','workloads.fork.det=7']}");
    json_object_update(run, more);
    json_object_set_new(json_array_get(json_object_get(run, "rows"), 0), "iterations", json_integer(200));
    assert_false(baseline_says_how(old));
    json_t *next = baseline_accept(old, run, "cloudos", &why), *want = load("{'scale':0.5,'rows_per_boot':1,'settings':['workloads.fork.det=7'],'knobs':''}");
    assert_non_null(next);
    assert_true(baseline_says_how(next) && json_equal(json_object_get(next, "measured"), want));
    assert_int_equal(json_integer_value(json_object_get(baseline_row(next, "pipe", "instructions"), "iterations")), 200);
    json_object_set_new(run, "scale", json_real(1));
    assert_null(baseline_accept(next, run, "cloudos", &why));
    assert_string_equal(why, "the baseline and the run are of different scales (\"0.5\" and \"1\")");
    free(why);
    json_decref(want);
    json_decref(next);
    json_decref(more);
    json_decref(old);
    json_decref(run);
}

static void accepting(void **state)
{
    json_t *baseline = NULL;
    char *why;
    (void)state;
    for (int i = 1; i <= 25; i++) {
        json_t *run = run_with("pipe", i), *next = baseline_accept(baseline, run, "cloudos", &why);
        assert_non_null(next);
        json_decref(baseline);
        json_decref(run);
        baseline = next;
    }
    json_t *row = baseline_row(baseline, "pipe", "instructions");
    assert_int_equal(json_array_size(json_object_get(row, "accepted")), BASELINE_KEPT);
    near(baseline_newest(row), 25);
    near(baseline_best(row), 6);
    json_t *empty = load("{" RUN ",'rows':[]}");
    assert_null(baseline_accept(NULL, empty, "cloudos", &why));
    assert_non_null(strstr(why, "nothing to accept"));
    free(why);
    json_decref(empty);
    json_decref(baseline);
}

// One count of 0 does not keep the other rows out of the file, and what was accepted of it before stays.
static void a_zero_is_left_out(void **state)
{
    json_t *run = run_with("pipe", 1000), *zero = run_with("cyclic", 0), *empty, *first, *second;
    char *why;
    (void)state;
    json_array_append_new(json_object_get(run, "rows"), json_deep_copy(json_array_get(json_object_get(zero, "rows"), 0)));
    first = baseline_accept(NULL, run, "cloudos", &why);
    assert_non_null(first);
    assert_int_equal(json_array_size(json_object_get(first, "rows")), 1);
    json_object_set_new(json_array_get(json_object_get(run, "rows"), 1), "value", json_real(2));
    second = baseline_accept(first, run, "cloudos", &why);
    near(baseline_newest(baseline_row(second, "cyclic", "instructions")), 2);
    json_t *third = baseline_accept(second, zero, "cloudos", &why);
    near(baseline_newest(baseline_row(third, "cyclic", "instructions")), 2);
    empty = baseline_accept(NULL, zero, "cloudos", &why);
    assert_null(empty);
    assert_non_null(strstr(why, "nothing to accept"));
    free(why);
    json_decref(first);
    json_decref(second);
    json_decref(third);
    json_decref(run);
    json_decref(zero);
}

static void damaged_files(void **state)
{
    static const char *const bad[] = {
        "{", "[]", "{\"schema\":\"cloudbench-baseline/2\"}", "{\"schema\":\"cloudbench-baseline/1\"}",
        "{\"schema\":\"cloudbench-baseline/1\",\"tier\":\"det\",\"topology\":\"1\",\"kernel\":\"c\","
        "\"qemu\":\"7\",\"rows\":[{\"workload\":\"w\",\"metric\":\"m\",\"accepted\":[]}]}",
        "{\"schema\":\"cloudbench-baseline/1\",\"tier\":\"det\",\"topology\":\"1\",\"kernel\":\"c\","
        "\"qemu\":\"7\",\"rows\":[{\"workload\":\"w\",\"metric\":\"m\",\"accepted\":[-1]}]}",
        "{\"schema\":\"cloudbench-baseline/1\",\"tier\":\"det\",\"topology\":\"1\",\"kernel\":\"c\","
        "\"qemu\":\"7\",\"rows\":[{\"workload\":\"w\",\"metric\":\"m\",\"accepted\":[1],\"since\":{\"value\":1}}]}",
        "{\"schema\":\"cloudbench-baseline/1\",\"tier\":\"det\",\"topology\":\"1\",\"kernel\":\"c\","
        "\"qemu\":\"7\",\"rows\":[{\"workload\":\"w\",\"metric\":\"m\",\"accepted\":[NaN]}]}",
        "{\"schema\":\"cloudbench-baseline/1\",\"tier\":\"det\",\"topology\":\"1\",\"kernel\":\"c\","
        "\"qemu\":\"7\",\"measured\":{\"scale\":1},\"rows\":[{\"workload\":\"w\",\"metric\":\"m\",\"accepted\":[1]}]}",
    };
    char path[] = "/tmp/gate-test-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    close(fd);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *why = NULL;
        assert_true(file_replace(path, bad[i], strlen(bad[i])));
        assert_null(baseline_load(path, &why));
        assert_non_null(strstr(why, path));
        free(why);
    }
    unlink(path);
}

static void reports(void **state)
{
    struct text_buf xml = {0}, md = {0};
    json_t *rows = load("[{'workload':'a<b&\\u0007','metric':'instructions','kernel':'k|x','a':1,"
                        "'b':2,'ratio':2,'verdict':'regressed','reason':'x > y'},"
                        "{'workload':'w','metric':'m','kernel':'k','a':1,'b':null,"
                        "'verdict':'missing','reason':''},"
                        "{'workload':'v','metric':'p99_ns','kernel':'k','a':1,'b':1,'ratio':1,"
                        "'verdict':'same','reason':''},"
                        "{'workload':'u','metric':'m','kernel':'k','a':1,'b':1.1,'ratio':1.1,"
                        "'verdict':'inconclusive','reason':'noise'}]");
    (void)state;
    gate_junit(&xml, rows, "n\"m");
    assert_non_null(strstr(xml.data, "tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""));
    assert_non_null(strstr(xml.data, "name=\"a&lt;b&amp;  instructions\""));
    assert_non_null(strstr(xml.data, "n&quot;m"));
    assert_non_null(strstr(xml.data, "x &gt; y"));
    assert_non_null(strstr(xml.data, "<skipped message=\"inconclusive: accepted 1.00, now 1.10; noise\"/>"));
    gate_markdown(&md, rows, "base");
    assert_non_null(strstr(md.data, "base: does not pass"));
    assert_non_null(strstr(md.data, "4 rows, 2 do not pass, 1 inconclusive"));
    assert_non_null(strstr(md.data, "k\\|x"));
    assert_non_null(strstr(md.data, "| v p99 |"));
    text_free(&xml);
    text_free(&md);
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts), cmocka_unit_test(a_drift_that_was_accepted), cmocka_unit_test(a_row_within_its_own_noise),      cmocka_unit_test(rows_that_are_not_in_both),
        cmocka_unit_test(rows_that_are_not_in_both_runs), cmocka_unit_test(a_run_is_not_its_own_baseline),
        cmocka_unit_test(another_program_does_not_fail),
        cmocka_unit_test(misfits),       cmocka_unit_test(measured_otherwise), cmocka_unit_test(accepting_says_how), cmocka_unit_test(accepting), cmocka_unit_test(a_zero_is_left_out),
        cmocka_unit_test(damaged_files), cmocka_unit_test(reports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
