// Google Benchmark's JSON (schema 1): repetitions of one name are samples of one row, aggregates are left out unless nothing else
// is there (then the median). Of cloudbench's own (perf/result/google_bench.c) the label is the unit.
#include "perf/import/imported.h"

#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

bool google_benchmark_knows(const char *text)
{
    return strstr(text, "\"benchmarks\"") && strstr(text, "\"context\"");
}

// Nanoseconds of a unit; 0 for none.
static double scale_of(const char *unit)
{
    static const struct {
        const char *unit;
        double ns;
    } known[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(unit, known[i].unit))
            return known[i].ns;
    return 0;
}

static bool is_aggregate(json_t *b)
{
    return !strcmp(text_of(b, "run_type"), "aggregate");
}

static bool has_iterations(json_t *benchmarks, const char *run_name)
{
    json_t *b;
    size_t i;
    json_array_foreach (benchmarks, i, b)
        if (!is_aggregate(b) && !strcmp(text_of(b, "run_name"), run_name))
            return true;
    return false;
}

// The unit that the number has in the row: of our own export that which stands in the label, whatever time_unit says.
static const char *unit_of(json_t *b, bool own)
{
    return own && *text_of(b, "label") ? text_of(b, "label") : "ns";
}

static void take(struct imported *im, int line, json_t *b, json_t *all, bool own)
{
    const char *name = *text_of(b, "run_name") ? text_of(b, "run_name") : text_of(b, "name");
    json_t *t = json_object_get(b, "real_time");
    double scale = scale_of(text_of(b, "time_unit"));
    if (is_aggregate(b) && (strcmp(text_of(b, "aggregate_name"), "median") || has_iterations(all, name))) {
        im->left_out++;
        return;
    }
    char *workload = import_workload(im, "benchmark", name);
    if (!*name)
        import_fault(im, line, "a benchmark without a name");
    else if (json_is_true(json_object_get(b, "error_occurred")))
        import_failed(im, workload, "mean_ns", *text_of(b, "error_message") ? text_of(b, "error_message") : "an error without a message");
    else if (!json_is_number(t) || json_number_value(t) < 0 || scale == 0)
        import_fault(im, line, "%s: no real_time that is a number with a time_unit of ns, us, ms or s", name);
    else {
        char *given = x_printf("%.12g %s", json_number_value(t), text_of(b, "time_unit"));
        import_sample(im, workload, "mean_ns", unit_of(b, own), json_number_value(t) * scale, given);
        free(given);
    }
    free(workload);
}

void google_benchmark_read(struct imported *im, const char *text)
{
    json_error_t err;
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &err), *b;
    json_t *all = json_object_get(j, "benchmarks"), *context = json_object_get(j, "context");
    json_t *schema = json_object_get(context, "json_schema_version");
    size_t i;
    if (!j)
        import_fault(im, err.line, "%s", err.text);
    else if (!json_is_array(all) || !json_is_object(context))
        import_fault(im, 1, "no object \"context\" with an array \"benchmarks\"");
    else if (schema && json_integer_value(schema) != 1)
        import_fault(im, import_line_of(text, "\"json_schema_version\"", 0), "json_schema_version is not 1, the only one that is known");
    json_array_foreach (all, i, b)
        if (!im->why)
            take(im, import_line_of(text, "\"name\":", i), b, all, !strcmp(text_of(context, "executable"), "cloudbench"));
    if (*text_of(context, "library_version"))
        im->version = x_strdup(text_of(context, "library_version"));
    if (*text_of(context, "host_name"))
        im->host = x_strdup(text_of(context, "host_name"));
    json_decref(j);
}
