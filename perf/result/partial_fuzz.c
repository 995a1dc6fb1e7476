// Fuzz target (ci/fuzz): any JSON as what an interrupted run left. What is taken has as many samples as rounds, and each figure is a number; what is refused says why.
#include "perf/result/partial_check.h"
#include "perf/util/json_get.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

static bool is_canary(const char *row)
{
    return !strcmp(row, "canary") || !strcmp(row, "canary@end");
}

static size_t judge_row(json_t *samples)
{
    json_t *s;
    size_t i;
    json_array_foreach (samples, i, s) {
        double v = number_of(s, "value"), p50 = number_of(s, "p50_ns");
        need(!strcmp(text_of(s, "status"), "ok") ? isfinite(v) && v >= 0 && isfinite(p50) && p50 >= 0 : *text_of(s, "status") && !json_object_get(s, "value"));
    }
    return json_array_size(samples);
}

// How many samples each row has; the canary has at least so many.
static size_t judge_rows(json_t *rows)
{
    const char *name;
    json_t *list;
    size_t each = 0, canary = SIZE_MAX;
    json_object_foreach (rows, name, list) {
        size_t n = judge_row(list);
        need(n && (is_canary(name) || !each || n == each));
        if (is_canary(name))
            canary = n < canary ? n : canary;
        else
            each = n;
    }
    need(canary == SIZE_MAX || canary >= each);
    return each ? each : canary == SIZE_MAX ? 0 : canary;
}

static void judge_begun(json_t *round)
{
    json_t *boot;
    size_t i;
    need(judge_rows(json_object_get(round, "samples")) <= 1 && number_of(round, "failed_boots") >= 0);
    json_array_foreach (json_object_get(round, "boots"), i, boot)
        need(*text_of(boot, "kernel") && number_of(boot, "boot") == i);
}

// Everything that run_partial.c and run_document.c read without asking.
static void judge(json_t *partial)
{
    json_t *rows, *list, *v;
    size_t i, k, all = 0;
    json_array_foreach (json_object_get(partial, "samples"), i, rows)
        all += judge_rows(rows);
    json_array_foreach (json_object_get(partial, "begun"), i, v)
        judge_begun(v);
    need(number_of(partial, "rounds") == all && all <= number_of(partial, "rounds_asked") && number_of(partial, "boot_number") <= 0x7fffffff);
    json_array_foreach (json_object_get(partial, "argv"), i, list)
        json_array_foreach (list, k, v)
            need(json_string_value(v) != NULL);
    json_array_foreach (json_object_get(partial, "arguments"), i, v)
        need(json_string_value(v) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *j = json_loadb((const char *)data, len, 0, NULL);
    char *fault = j ? partial_fault(j) : NULL;
    if (j && !fault)
        judge(j);
    need(!fault || *fault);
    free(fault);
    json_decref(j);
    return 0;
}
