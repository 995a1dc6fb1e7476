// What a run of another host must be before any reader here sees it.
#include "perf/import/import_run.h"
#include "perf/import/imported.h"

#include "perf/result/run_store.h"
#include "perf/util/json_get.h"

#include <math.h>
#include <string.h>

#define ID_MAX 100

static bool id_is_name(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return *id && *id != '.' && !id[n] && n <= ID_MAX;
}

// A row that has no figure, for want of samples say, has boots that were well and gave none.
static const char *samples_fault(json_t *samples, bool row_is_ok)
{
    json_t *s;
    size_t i;
    if (!json_is_array(samples))
        return "no array \"samples\"";
    json_array_foreach (samples, i, s)
        if (!json_is_object(s) || !*text_of(s, "status") || (row_is_ok && !strcmp(text_of(s, "status"), "ok") && !json_is_number(json_object_get(s, "value"))))
            return "a sample that is \"ok\" without a value";
    return NULL;
}

// Nothing that is measured lies below 0, and no operation takes no instructions.
static const char *value_fault(json_t *v, const char *metric)
{
    double d = json_number_value(v);
    if (d < 0)
        return "a value lies below 0";
    return json_is_number(v) && d == 0 && !strcmp(metric, "instructions") ? "an operation of 0 instructions" : NULL;
}

static const char *values_fault(json_t *row)
{
    const char *metric = text_of(row, "metric"), *fault = value_fault(json_object_get(row, "value"), metric);
    json_t *s;
    size_t i;
    json_array_foreach (json_object_get(row, "samples"), i, s)
        fault = fault ? fault : value_fault(json_object_get(s, "value"), metric);
    return fault;
}

static const char *row_fault(json_t *row, json_t *kernels)
{
    static const char *const texts[] = {"workload", "kernel", "metric", "unit", "status"};
    json_t *v = json_object_get(row, "value");
    bool ok = !strcmp(text_of(row, "status"), "ok");
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (!*text_of(row, texts[i]))
            return "a text is missing among workload, kernel, metric, unit, status";
    if (!json_object_get(kernels, text_of(row, "kernel")))
        return "its kernel is none of identity.kernels";
    if (ok != json_is_number(v))
        return "a value must stand with the status \"ok\" and only there";
    const char *fault = samples_fault(json_object_get(row, "samples"), ok);
    return fault ? fault : values_fault(row);
}

char *import_run_fault(const char *file, json_t *run, const char *text)
{
    static const char *const texts[] = {"id", "created", "tier"};
    json_t *rows = json_object_get(run, "rows"), *row;
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels");
    const char *schema = text_of(run, "schema");
    size_t i;
    if (strcmp(schema, RUN_SCHEMA))
        return x_printf("%s:%d: schema \"%.40s\"; this program reads " RUN_SCHEMA, file,
                        text ? import_line_of(text, "\"schema\"", 0) : 1, schema);
    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (!*text_of(run, texts[i]))
            return x_printf("%s:1: no text \"%s\"", file, texts[i]);
    if (!id_is_name(text_of(run, "id")))
        return x_printf("%s:%d: the id is no name of a folder", file, text ? import_line_of(text, "\"id\"", 0) : 1);
    if (!json_is_object(kernels) || !json_is_array(rows))
        return x_printf("%s:1: no object identity.kernels or no array rows", file);
    json_array_foreach (rows, i, row) {
        const char *fault = row_fault(row, kernels);
        if (fault)
            return x_printf("%s:%d: rows[%zu]: %s", file, text ? import_line_of(text, "\"workload\"", i) : 1, i, fault);
    }
    return NULL;
}
