// Fuzz target (ci/fuzz): any bytes as a baseline file, or as the rows of one. What is taken has finite values above 0, a scale above 0 where it has one, is its own fit, and takes a run's value;
// what is refused is said with its place.
#include "perf/gate/baseline.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

static void judge_rows(json_t *baseline)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(baseline, "rows"), i, row) {
        need(baseline_row(baseline, text_of(row, "workload"), text_of(row, "metric")) != NULL);
        double newest = baseline_newest(row), best = baseline_best(row);
        need(isfinite(newest) && best > 0 && best <= newest);
    }
}

// A run that has the first row with another value, measured as the baseline says.
static json_t *run_like(json_t *baseline)
{
    json_t *row = json_array_get(json_object_get(baseline, "rows"), 0), *measured = json_object_get(baseline, "measured");
    const char *kernel = text_of(baseline, "kernel");
    json_t *run = json_pack("{s:s,s:{s:s},s:{s:{s:s},s:{s:{s:s}},s:f},s:[{s:s,s:s,s:s,s:f,s:O*}]}", "tier", text_of(baseline, "tier"), "topology", "name",
                            text_of(baseline, "topology"), "identity", "qemu", "version", text_of(baseline, "qemu"), "kernels", kernel, "knobs",
                            text_of(measured, "knobs"), "turn_ns", number_of(baseline, "turn_ns"), "rows", "workload", text_of(row, "workload"), "metric",
                            text_of(row, "metric"), "kernel", kernel, "value", 7.0, "iterations", json_object_get(row, "iterations"));
    json_object_update(run, measured);
    return run;
}

static void judge_accept(json_t *baseline)
{
    json_t *run = run_like(baseline);
    char *misfit = baseline_misfit(baseline, run, text_of(baseline, "kernel")), *why = NULL;
    json_t *next = baseline_accept(baseline, run, text_of(baseline, "kernel"), &why);
    need(!next == !!misfit && !next == !!why);
    judge_rows(next);
    json_decref(next);
    json_decref(run);
    free(misfit);
    free(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char head[] = "{\"schema\":\"" BASELINE_SCHEMA "\",\"tier\":\"det\",\"topology\":\"1\",\"kernel\":\"k\",\"qemu\":\"7\",\"rows\":";
    char *why = NULL;
    struct text_buf text = {0};
    bool rows = len && data[0] == '[';
    if (rows)
        text_add(&text, head);
    text_add_bytes(&text, data, len);
    if (rows)
        text_add(&text, "}");
    json_t *baseline = baseline_parse("f", text_str(&text), text.len, &why);
    need(!baseline == !!why && (!why || !strncmp(why, "f: ", 3)));
    if (baseline) {
        need(!baseline_says_how(baseline) || number_of(json_object_get(baseline, "measured"), "scale") > 0);
        judge_rows(baseline);
        judge_accept(baseline);
    }
    json_decref(baseline);
    text_free(&text);
    free(why);
    return 0;
}
