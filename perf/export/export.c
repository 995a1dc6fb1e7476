// See export.h.
#include "perf/export/export.h"

#include "perf/store/run_likeness.h"
#include "perf/util/json_get.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct column {
    const char *name, *of; // of: "run" or "row"
};

static const struct column columns[] = {{"id", "run"},       {"created", "run"}, {"tier", "run"},   {"workload", "row"},
                                        {"kernel", "row"},   {"metric", "row"},  {"unit", "row"},   {"status", "row"},
                                        {"reason", "row"}};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

static void csv_field(struct text_buf *t, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        text_add(t, s);
        return;
    }
    text_add(t, "\"");
    for (; *s; s++)
        text_add(t, *s == '"' ? "\"\"" : (char[]){*s, 0});
    text_add(t, "\"");
}

static const char *topology_of(json_t *run)
{
    return text_of(json_object_get(run, "topology"), "name");
}

static void csv_row(struct text_buf *t, json_t *run, const char *host, json_t *row)
{
    json_t *v = json_object_get(row, "value");
    for (size_t i = 0; i < COLUMNS; i++) {
        csv_field(t, text_of(columns[i].of[1] == 'u' ? run : row, columns[i].name));
        text_add(t, ",");
    }
    csv_field(t, topology_of(run));
    text_add(t, ",");
    csv_field(t, host);
    text_add(t, ",");
    csv_field(t, text_of(json_object_get(run, "imported"), "tool"));
    text_addf(t, ",%zu,", json_array_size(json_object_get(row, "samples")));
    if (json_is_number(v))
        text_addf(t, "%.17g", json_number_value(v));
    text_add(t, "\n");
}

void export_csv(struct text_buf *t, json_t *runs)
{
    json_t *run, *row;
    size_t i, k;
    for (i = 0; i < COLUMNS; i++)
        text_addf(t, "%s,", strcmp(columns[i].name, "id") ? columns[i].name : "run");
    text_add(t, "topology,host,imported,samples,value\n");
    json_array_foreach (runs, i, run) {
        char *host = run_fingerprint(run);
        json_array_foreach (json_object_get(run, "rows"), k, row)
            csv_row(t, run, host, row);
        free(host);
    }
}

static void label(struct text_buf *t, const char *name, const char *value)
{
    text_addf(t, "%s%s=\"", t->data[t->len - 1] == '{' ? "" : ",", name);
    for (; *value; value++)
        text_add(t, *value == '\n'   ? "\\n"
                    : *value == '"'  ? "\\\""
                    : *value == '\\' ? "\\\\"
                                     : (char[]){*value, 0});
    text_add(t, "\"");
}

static void metric(struct text_buf *t, const char *name, json_t *run, const char *host, json_t *row, double value)
{
    struct tm tm = {0};
    const char *end = strptime(text_of(run, "created"), "%Y-%m-%dT%H:%M:%SZ", &tm);
    text_addf(t, "%s{", name);
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *of = columns[i].name;
        if (strcmp(of, "created") && strcmp(of, "status") && strcmp(of, "reason"))
            label(t, strcmp(of, "id") ? of : "run", text_of(columns[i].of[1] == 'u' ? run : row, of));
    }
    label(t, "topology", topology_of(run));
    label(t, "host", host);
    text_addf(t, "} %.17g", value);
    if (end && !*end)
        text_addf(t, " %lld", (long long)timegm(&tm));
    text_add(t, "\n");
}

// The rows with a number, or those without.
static void family(struct text_buf *t, const char *name, json_t *runs, bool with_number)
{
    json_t *run, *row;
    size_t i, k;
    json_array_foreach (runs, i, run) {
        char *host = run_fingerprint(run);
        json_array_foreach (json_object_get(run, "rows"), k, row) {
            json_t *v = json_object_get(row, "value");
            if (json_is_number(v) == with_number)
                metric(t, name, run, host, row, with_number ? json_number_value(v) : 1);
        }
        free(host);
    }
}

void export_openmetrics(struct text_buf *t, json_t *runs)
{
    text_add(t, "# TYPE cloudbench_result gauge\n"
                "# HELP cloudbench_result The row's value, the median over fresh boots, in the unit of the label.\n");
    family(t, "cloudbench_result", runs, true);
    text_add(t, "# TYPE cloudbench_failed gauge\n# HELP cloudbench_failed 1: the row has no number.\n");
    family(t, "cloudbench_failed", runs, false);
    text_add(t, "# EOF\n");
}
