// Maps rows to benchmarks named KERNEL/WORKLOAD. det counts go into real_time too, with the unit in
// the label: the schema has no other place.
#include "perf/result/google_bench.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static json_t *benchmark(json_t *row)
{
    const char *workload = json_string_value(json_object_get(row, "workload"));
    const char *kernel = json_string_value(json_object_get(row, "kernel"));
    json_t *value = json_object_get(row, "value"), *samples = json_object_get(row, "samples");
    const char *metric = json_string_value(json_object_get(row, "metric"));
    bool percentile = metric && strcmp(metric, "instructions") && strcmp(metric, "mean_ns");
    char *name = x_printf("%s/%s%s%s", kernel, workload, percentile ? "/" : "", percentile ? metric : "");
    json_t *b = json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:I,s:s,s:O}", "name", name, "run_name", name,
                          "run_type", "iteration", "repetitions", 1, "repetition_index", 0,
                          "threads", 1, "iterations", (json_int_t)json_array_size(samples),
                          "time_unit", "ns", "label", json_object_get(row, "unit"));
    if (value) {
        json_object_set(b, "real_time", value);
        json_object_set(b, "cpu_time", value);
        json_object_set(b, json_string_value(json_object_get(row, "metric")), value);
    } else {
        json_object_set_new(b, "error_occurred", json_true());
        json_object_set(b, "error_message", json_object_get(row, "reason"));
    }
    free(name);
    return b;
}

json_t *google_bench_json(json_t *run)
{
    json_t *list = json_array(), *row;
    json_t *host = json_object_get(json_object_get(run, "identity"), "host");
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        json_array_append_new(list, benchmark(row));
    return json_pack("{s:{s:O,s:s,s:O?,s:s,s:O},s:o}", "context", "date",
                     json_object_get(run, "created"), "executable", "cloudbench", "num_cpus",
                     json_object_get(host, "cpus"), "library_build_type", "release", "run_id",
                     json_object_get(run, "id"), "benchmarks", list);
}
