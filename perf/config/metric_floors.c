// A metric is a cost, a percentile of laps or of an imported result, or one of the `values` of a workload.
#include "perf/config/metric_floors.h"

#include "perf/config/config.h"
#include "perf/config/config_schema.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static const char *const plain[] = {"other",  "instructions", "mean_ns", "min_ns",  "p50_ns",  "p75_ns",
                                    "p90_ns", "p95_ns",       "p99_ns",  "p995_ns", "p999_ns", "max_ns"};

static void take_known(json_t *workloads, struct str_list *known)
{
    const char *name;
    json_t *w, *v;
    size_t i;
    for (i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        list_add(known, plain[i]);
    json_object_foreach (workloads, name, w)
        json_array_foreach (json_object_get(w, "values"), i, v)
            if (!list_has(known, json_string_value(v)))
                list_add(known, json_string_value(v));
}

static char *unknown(const char *path, const struct str_list *known, json_t *origins)
{
    struct text_buf t = {0};
    const char *origin = config_origin(origins, path);
    text_addf(&t, "%s%s%s: there is no such metric; known are: ", origin, *origin ? ": " : "", path);
    for (size_t i = 0; i < known->count; i++)
        text_addf(&t, "%s%s", i ? ", " : "", known->items[i]);
    return t.data;
}

static char *check(json_t *policy, const char *part, const struct str_list *known, json_t *origins)
{
    const char *metric;
    json_t *v;
    char *why = NULL;
    json_object_foreach (json_object_get(json_object_get(policy, part), "floors"), metric, v) {
        char *path = x_printf("policy.%s.floors.%s", part, metric);
        if (!why && !list_has(known, metric))
            why = unknown(path, known, origins);
        free(path);
    }
    return why;
}

char *metric_floors_check(const char *root, json_t *policy, json_t *origins)
{
    struct str_list known = {0};
    char *why = NULL;
    json_t *workloads = config_read(root, "workloads", NULL, &why);
    free(why);
    if (!workloads)
        return NULL;
    take_known(workloads, &known);
    why = check(policy, "verdict", &known, origins);
    why = why ? why : check(policy, "gate", &known, origins);
    list_free(&known);
    json_decref(workloads);
    return why;
}
