// The readers of other tools' output: the numbers of texts as the tools print them; the same texts cut at every byte and with every
// byte damaged never give another number in silence where the text ends early, and never one that is not finite.
#include "perf/import/import_run.h"
#include "perf/import/imported.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/json_get.h"
#include "perf/util/test_near.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char hackbench[] = "Running in process mode with 10 groups using 40 file descriptors each (== 400 tasks)\n"
                                "Each sender will pass 100 messages of 100 bytes\nTime: 0.084\n"
                                "Running in process mode with 10 groups using 40 file descriptors each (== 400 tasks)\n"
                                "Each sender will pass 100 messages of 100 bytes\nTime: 0.09\n";
static const char lmbench[] = "[lmbench3.0 results for Linux box 6.1.0 x86_64]\n[LMBENCH_VER: 3.0-a9]\nSimple syscall: 0.0512 microseconds\n"
                              "Process fork+exit: 120.5 microseconds\nPipe bandwidth: 1250.00 MB/sec\n0.001024 2345.6 MB/sec\n\"size=16k ovr=1.02\n2 1.23\n8 2.34\n\n"
                              "Signal handler overhead: 900 nanoseconds\n";
static const char schbench[] = "Wakeup Latencies percentiles (usec) runtime 10 (s) (100 total samples)\n\t  50.0th: 1          (34 samples)\n"
                               "\t* 99.0th: 2          (3 samples)\n\t  min=1, max=9\n"
                               "Wakeup Latencies percentiles (usec) runtime 20 (s) (12345 total samples)\n\t  50.0th: 7          (3456 samples)\n"
                               "\t* 99.0th: 20         (345 samples)\n\t  99.9th: 35         (12 samples)\n\t  min=1, max=1234\n"
                               "Request Latencies percentiles (usec) runtime 20 (s) (12345 total samples)\n\t  50.0th: 7000       (3 samples)\n"
                               "\t  min=1, max=12340\nRPS percentiles (requests) runtime 20 (s) (31 total samples)\n\t  20.0th: 123\n"
                               "\t  min=1, max=2\naverage rps: 250.00\n";
static const char wis[] = "tasks,processes,processes_idle,threads,threads_idle,linear\n0,0,100,0,100,0\n1,1000000,50.00,500000,50.00,1000000\n"
                          "2,2000000,0.00,800000,0.00,2000000\n";
static const char wis_text[] = "testcase:Futex wake\nwarmup\nmin:1 max:2 total:3\nmeasurement\nmin:1 max:2 total:3\naverage:4000000\n";
static const char perf_bench[] = "# Running 'sched/messaging' benchmark:\n# 20 sender and receiver processes per group\n# 10 groups == 400 processes run\n\n"
                                 "     Total time: 0.308 [sec]\n\n# Running 'sched/pipe' benchmark:\n# Executed 1000000 pipe operations between two processes\n\n"
                                 "     Total time: 5.123 [sec]\n\n       5.125000 usecs/op\n         195121 ops/sec\n\n"
                                 "# Running 'futex/hash' benchmark:\nRun summary [PID 7]: 2 threads\n\nAveraged 2000000 operations/sec (+- 0.11%), total secs = 10\n\n"
                                 "# Running 'mem/memcpy' benchmark:\n# Copying 1MB bytes ...\n\n       12.345678 GB/sec\n";
static const char cyclic[] = "# /dev/cpu_dma_latency set to 0us\npolicy: fifo: loadavg: 0.00 0.01 0.05 1/200 1234\n\n"
                             "T: 0 ( 1234) P:80 I:1000 C:    100 Min:      9 Act:    8 Avg:   10 Max:      11\n"
                             "\033[1AT: 0 ( 1234) P:80 I:1000 C:  10000 Min:      5 Act:    8 Avg:    9 Max:      45\n";
static const char cyclic_json[] = "{\n \"file_version\": 1,\n \"cmdline\": \"cyclictest -q\",\n \"rt_test_version\": \"2.4\",\n \"sysinfo\": {\"release\": "
                                  "\"6.1.0-rt\", \"nodename\": \"box\"},\n \"resolution_in_ns\": 0,\n \"thread\": {\n  \"0\": {\"histogram\": {\"3\": 200, "
                                  "\"5\": 150, \"40\": 1, \"100\": 49}, \"cycles\": 400, \"min\": 3, \"max\": 100, \"avg\": 15.86}\n }\n}\n";
static const char google[] = "{\"context\": {\"host_name\": \"box\", \"library_version\": \"v1.7.1\"},\n\"benchmarks\": [\n"
                             "{\"name\": \"BM_x/8\", \"run_name\": \"BM_x/8\", \"run_type\": \"iteration\", \"real_time\": 1.5, \"time_unit\": \"us\"},\n"
                             "{\"name\": \"BM_x/8\", \"run_name\": \"BM_x/8\", \"run_type\": \"iteration\", \"real_time\": 2.5, \"time_unit\": \"us\"},\n"
                             "{\"name\": \"BM_x/8_mean\", \"run_name\": \"BM_x/8\", \"run_type\": \"aggregate\", \"aggregate_name\": \"mean\", \"real_time\": 2, "
                             "\"time_unit\": \"us\"},\n"
                             "{\"name\": \"BM_bad\", \"run_name\": \"BM_bad\", \"run_type\": \"iteration\", \"error_occurred\": true, \"error_message\": \"no\"}\n]}\n";
static const struct {
    const char *tool, *text;
    bool is_json;
} samples[] = {{"hackbench", hackbench, false}, {"lmbench", lmbench, false},    {"schbench", schbench, false},
               {"will-it-scale", wis, false},   {"will-it-scale", wis_text, false}, {"cyclictest", cyclic, false},
               {"cyclictest", cyclic_json, true}, {"google-benchmark", google, true}, {"perf-bench", perf_bench, false}};
#define SAMPLES (sizeof(samples) / sizeof(*samples))

static json_t *find(const struct imported *im, const char *workload, const char *metric)
{
    json_t *row;
    size_t i;
    json_array_foreach (im->rows, i, row)
        if (!strcmp(text_of(row, "workload"), workload) && !strcmp(text_of(row, "metric"), metric))
            return row;
    fail_msg("no row %s %s", workload, metric);
    return NULL;
}

static void has(const struct imported *im, const char *workload, const char *metric, size_t nth, double value)
{
    near(number_of(json_array_get(json_object_get(find(im, workload, metric), "samples"), nth), "value"), value);
}

static struct imported read_whole(const char *text)
{
    struct imported im = {.file = "f"};
    import_read(&im, text, strlen(text), NULL);
    if (im.why)
        fail_msg("%s", im.why);
    return im;
}

static void numbers_of_every_tool(void **state)
{
    struct imported im = read_whole(hackbench);
    (void)state;
    has(&im, "hackbench/process/10x40", "total_ns", 0, 84e6);
    has(&im, "hackbench/process/10x40", "total_ns", 1, 90e6);
    assert_null(im.version);
    imported_free(&im);
    im = read_whole(lmbench);
    has(&im, "lmbench/simple-syscall", "mean_ns", 0, 51.2);
    has(&im, "lmbench/process-fork-exit", "mean_ns", 0, 120500);
    has(&im, "lmbench/ctx/8x16k", "mean_ns", 0, 2340);
    has(&im, "lmbench/signal-handler-overhead", "mean_ns", 0, 900);
    assert_string_equal(im.version, "3.0-a9");
    has(&im, "lmbench/pipe-bandwidth", "mean_ns", 0, 8e5);
    assert_int_equal(im.left_out, 1);
    assert_int_equal(json_array_size(im.rows), 6);
    imported_free(&im);
    im = read_whole(schbench);
    has(&im, "schbench/wakeup", "p50_ns", 0, 7000);
    has(&im, "schbench/wakeup", "p999_ns", 0, 35000);
    has(&im, "schbench/wakeup", "max_ns", 0, 1234000);
    has(&im, "schbench/request", "p50_ns", 0, 7e6);
    has(&im, "schbench/requests", "mean_ns", 0, 4e6);
    imported_free(&im);
    im = read_whole(wis);
    has(&im, "will-it-scale/f/processes/2", "mean_ns", 0, 500);
    has(&im, "will-it-scale/f/threads/2", "mean_ns", 0, 1250);
    assert_int_equal(json_array_size(im.rows), 4);
    imported_free(&im);
    im = read_whole(wis_text);
    has(&im, "will-it-scale/futex-wake", "mean_ns", 0, 250);
    imported_free(&im);
    im = read_whole(perf_bench);
    has(&im, "perf-bench/sched/messaging", "total_ns", 0, 308e6);
    has(&im, "perf-bench/sched/pipe", "mean_ns", 0, 5125);
    has(&im, "perf-bench/futex/hash", "mean_ns", 0, 500);
    assert_int_equal(im.left_out, 1);
    assert_int_equal(json_array_size(im.rows), 3);
    imported_free(&im);
}

static void numbers_of_cyclictest_and_google(void **state)
{
    struct imported im = read_whole(cyclic);
    (void)state;
    has(&im, "cyclictest/0", "min_ns", 0, 5000);
    has(&im, "cyclictest/0", "max_ns", 0, 45000);
    imported_free(&im);
    im = read_whole(cyclic_json);
    has(&im, "cyclictest/0", "mean_ns", 0, 15860);
    has(&im, "cyclictest/0", "p50_ns", 0, 3000);
    has(&im, "cyclictest/0", "p99_ns", 0, 100000);
    assert_int_equal(json_array_size(im.rows), 5); // no p99.9 of 400
    assert_string_equal(im.version, "2.4");
    assert_string_equal(im.kernel, "6.1.0-rt");
    imported_free(&im);
    im = read_whole(google);
    has(&im, "benchmark/bm_x/8", "mean_ns", 1, 2500);
    assert_string_equal(text_of(find(&im, "benchmark/bm_bad", "mean_ns"), "reason"), "no");
    assert_int_equal(im.left_out, 1);
    imported_free(&im);
}

// One file, one benchmark: its name is the file's.
static void a_table_goes_by_its_files_name(void **state)
{
    struct imported im = {.file = "results/Open1.csv"};
    (void)state;
    import_read(&im, wis, strlen(wis), NULL);
    has(&im, "will-it-scale/open1/processes/2", "mean_ns", 0, 500);
    imported_free(&im);
}

#define NAMED(name, ns) "{\"name\": \"" name "\", \"real_time\": " ns ", \"time_unit\": \"ns\", \"label\": \"instructions/op\"}"

static void names_of_one_slug_are_rows_of_their_own(void **state)
{
    struct imported im = read_whole("{\"context\": {}, \"benchmarks\": [" NAMED("BM_Set<int*>", "1") ",\n" NAMED("BM_Set<int&>", "2") ",\n"
                                    NAMED("BM_Set<int*>", "3") ",\n" NAMED("BM_Set<int^>", "4") "]}\n");
    (void)state;
    has(&im, "benchmark/bm_set-int", "mean_ns", 0, 1);
    has(&im, "benchmark/bm_set-int", "mean_ns", 1, 3);
    has(&im, "benchmark/bm_set-int-2", "mean_ns", 0, 2);
    has(&im, "benchmark/bm_set-int-3", "mean_ns", 0, 4);
    assert_string_equal(text_of(find(&im, "benchmark/bm_set-int", "mean_ns"), "unit"), "ns");
    imported_free(&im);
}

static void the_label_of_an_own_export_is_the_unit(void **state)
{
    struct imported im = read_whole("{\"context\": {\"executable\": \"cloudbench\"}, \"benchmarks\": [" NAMED("cloudos/pipe", "400") "]}\n");
    (void)state;
    assert_string_equal(text_of(find(&im, "benchmark/cloudos/pipe", "mean_ns"), "unit"), "instructions/op");
    imported_free(&im);
}

static json_t *rows_of(const char *text, size_t len, const char *tool, char **why)
{
    struct imported im = {.file = "f"};
    json_t *row, *s, *rows;
    size_t i, k;
    import_read(&im, text, len, tool);
    json_array_foreach (im.rows, i, row)
        json_array_foreach (json_object_get(row, "samples"), k, s)
            assert_true(isfinite(number_of(s, "value")) && number_of(s, "value") >= 0);
    if (im.why)
        assert_int_equal(strncmp(im.why, "f:", 2), 0);
    *why = im.why ? x_strdup(im.why) : NULL;
    rows = json_incref(im.rows);
    imported_free(&im);
    return rows;
}

// A text that is cut is refused, or holds whole results only: each is one of the whole text's.
static void cut_texts_give_no_other_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        char *why, *all;
        json_t *whole = rows_of(samples[i].text, strlen(samples[i].text), samples[i].tool, &why);
        for (size_t len = 0; len < strlen(samples[i].text); len++) {
            char *cut = x_printf("%.*s", (int)len, samples[i].text);
            json_t *rows = rows_of(cut, len, samples[i].tool, &all), *row, *s;
            size_t r, k;
            bool in_line = len && cut[len - 1] != '\n';
            if (in_line && (!samples[i].is_json || len + 1 < strlen(samples[i].text)))
                assert_non_null(all);
            json_array_foreach (all || !strcmp(samples[i].tool, "schbench") || samples[i].text == cyclic ? NULL : rows, r, row)
                json_array_foreach (json_object_get(row, "samples"), k, s) {
                    struct imported of = {.rows = whole};
                    json_t *same = json_array_get(json_object_get(find(&of, text_of(row, "workload"), text_of(row, "metric")), "samples"), k);
                    assert_true(json_equal(s, same));
                }
            free(cut);
            free(all);
            json_decref(rows);
        }
        json_decref(whole);
        free(why);
    }
}

static void damaged_texts_are_survived(void **state)
{
    static const char put[] = {0, '\n', '-', 'x', '9', '"', '\x80', ' '};
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t at = 0; at < strlen(samples[i].text); at++)
            for (size_t p = 0; p < sizeof(put); p++) {
                size_t len = strlen(samples[i].text);
                char *text = x_strdup(samples[i].text), *why;
                text[at] = put[p];
                json_decref(rows_of(text, len, p & 1 ? samples[i].tool : NULL, &why));
                if (!put[p])
                    assert_non_null(why);
                free(why);
                free(text);
            }
}

static void refused(const char *text, const char *tool, const char *wanted)
{
    char *why;
    json_decref(rows_of(text, strlen(text), tool, &why));
    assert_non_null(why);
    if (strcmp(why, wanted))
        fail_msg("\"%s\" is not \"%s\"", why, wanted);
    free(why);
}

static void faults_name_their_line(void **state)
{
    (void)state;
    refused("", NULL, "f:1: no known tool's output (--from TOOL names the tool)");
    refused("x\n", "hackbench", "f:1: no result of hackbench is in it");
    refused("Running in process mode with 1 groups using 4 file\nTime: nan\n", NULL, "f:2: not a time in seconds: \"nan\"");
    refused("Running in process mode with 1 groups using 4 file\nTime: 1e999\n", NULL, "f:2: not a time in seconds: \"1e999\"");
    refused("Running in process mode with 1 groups using 4 file\nTime: 0x10\n", NULL, "f:2: not a time in seconds: \"0x10\"");
    refused("Simple syscall: 1 microseconds\nSimple fstat: -1 microseconds\n", NULL,
            "f:2: not \"NAME: NUMBER UNIT\": \"Simple fstat: -1 microseconds\"");
    refused("tasks,processes,x\n1,2,3,4,5\n", NULL, "f:2: not six numbers separated by commas: \"1,2,3,4,5\"");
    refused("testcase:a\nmin:1\n", "will-it-scale", "f:2: the text ends before \"average:\"");
    refused("Latency percentiles (usec)\n\nx\n", NULL, "f:1: the table of schbench/latency has no percentile");
    refused("T: 0 ( 1) P:80 C: 1 Min: 5 Avg: 9 Max:\n", NULL, "f:1: \"Max:\" and a number are missing: the line is cut or damaged");
    refused("{\"context\": {\"json_schema_version\": 2},\n \"benchmarks\": []}\n", NULL,
            "f:1: json_schema_version is not 1, the only one that is known");
    refused("{\"context\": {},\n \"benchmarks\": [{\"name\": \"a\",\n \"real_time\": \"NaN\"}]}\n", NULL,
            "f:2: a: no real_time that is a number with a time_unit of ns, us, ms or s");
    refused("{\"context\": {},\n \"benchmarks\": [{\"name\": \"a\",\n \"real_time\": NaN}]}\n", NULL, "f:3: invalid token near 'NaN'");
    refused("{\"rt_test_version\": \"3\", \"thread\": {},\n \"file_version\": 2}\n", NULL,
            "f:2: file_version is not 1, the only one that is known");
}

static void run_refused(const char *text, const char *part)
{
    json_t *run = json_loads(text, 0, NULL);
    char *why = import_run_fault("f", run, text);
    assert_non_null(run);
    assert_non_null(why);
    if (!strstr(why, part))
        fail_msg("\"%s\" does not say \"%s\"", why, part);
    free(why);
    json_decref(run);
}

#define RUN "{\"schema\": \"cloudbench-run/1\", \"id\": \"a\", \"created\": \"c\", \"tier\": \"det\",\n\"identity\": {\"kernels\": {\"k\": {}}},\n\"rows\": ["
#define ROW "{\"workload\": \"w\", \"kernel\": \"k\", \"metric\": \"m\", \"unit\": \"u\", "

static void runs_are_checked(void **state)
{
    json_t *run = json_loads(RUN ROW "\"status\": \"ok\", \"value\": 1, \"samples\": []}]}", 0, NULL);
    (void)state;
    assert_null(import_run_fault("f", run, NULL));
    json_decref(run);
    run_refused("{\n\"schema\": \"cloudbench-run/2\"}", "f:2: schema \"cloudbench-run/2\"; this program reads cloudbench-run/1");
    run_refused("{\"schema\": \"cloudbench-run/1\", \"id\": \"../x\", \"created\": \"c\", \"tier\": \"det\"}", "f:1: the id is no name of a folder");
    run_refused(RUN ROW "\"status\": \"ok\", \"samples\": []}]}", "f:3: rows[0]: a value must stand with");
    run_refused(RUN ROW "\"status\": \"failed\", \"value\": 1, \"samples\": []}]}", "rows[0]: a value must stand with");
    run_refused(RUN ROW "\"status\": \"ok\", \"value\": 1, \"samples\": [{\"status\": \"ok\"}]}]}", "a sample that is \"ok\" without a value");
    run_refused(RUN "{\"workload\": \"w\"}]}", "a text is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_tool),          cmocka_unit_test(numbers_of_cyclictest_and_google),
        cmocka_unit_test(cut_texts_give_no_other_number), cmocka_unit_test(damaged_texts_are_survived),
        cmocka_unit_test(a_table_goes_by_its_files_name), cmocka_unit_test(names_of_one_slug_are_rows_of_their_own),
        cmocka_unit_test(the_label_of_an_own_export_is_the_unit), cmocka_unit_test(faults_name_their_line),         cmocka_unit_test(runs_are_checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
