// The points and the fits of a scale document as tables.
#include "perf/scale/scale_table.h"

#include "perf/util/json_get.h"
#include "perf/view/text_table.h"

#include <stdio.h>
#include <string.h>

static void point_row(struct text_table *t, json_t *p)
{
    table_row(t, NULL);
    table_cell(t, 0, "%s", text_of(p, "workload"));
    table_cell(t, 1, "%s", text_of(p, "kernel"));
    table_cell(t, 2, "%.0f", number_of(p, "cpus"));
    if (!json_object_get(p, "throughput")) {
        table_cell(t, 7, "%s: %s", text_of(p, "status"), text_of(p, "reason"));
        return;
    }
    table_cell(t, 3, "%.1f", number_of(p, "value"));
    table_cell(t, 4, "%.0f", number_of(p, "throughput"));
    table_cell(t, 5, "%.3f", number_of(p, "efficiency"));
    table_cell(t, 6, "%.1f", number_of(p, "latency"));
    table_cell(t, 7, "%s", text_of(p, "unit"));
}

static void knee_cell(struct text_table *t, int column, json_t *f)
{
    double knee = number_of(f, "knee"), low = number_of(f, "knee_low"), high = number_of(f, "knee_high");
    bool falls = json_is_number(json_object_get(f, "knee"));
    if (falls && *text_of(f, "no_band"))
        table_cell(t, column, "%.1f, no band: %s", knee, text_of(f, "no_band"));
    else if (!falls)
        table_cell(t, column, "none");
    else if (!json_is_number(json_object_get(f, "knee_high")))
        table_cell(t, column, "%.1f [%.1f, none]", knee, low);
    else
        table_cell(t, column, "%.1f [%.1f, %.1f]", knee, low, high);
}

static void fit_row(struct text_table *t, json_t *f)
{
    table_row(t, NULL);
    table_cell(t, 0, "%s", text_of(f, "workload"));
    table_cell(t, 1, "%s", text_of(f, "kernel"));
    if (json_object_get(f, "reason")) {
        table_cell(t, 5, "%s", text_of(f, "reason"));
        return;
    }
    table_cell(t, 2, "%.0f", number_of(f, "lambda"));
    table_cell(t, 3, "%.4f", number_of(f, "sigma"));
    table_cell(t, 4, "%.6f", number_of(f, "kappa"));
    knee_cell(t, 5, f);
}

static void print_list(json_t *list, const char *const *heads, void (*row)(struct text_table *t, json_t *one),
                       enum table_format format)
{
    struct text_table t = {0};
    json_t *one;
    size_t i;
    for (; *heads; heads++)
        table_head(&t, *heads);
    json_array_foreach (list, i, one)
        row(&t, one);
    table_print(&t, format, stdout);
    table_free(&t);
}

void scale_print(json_t *document, const char *format)
{
    static const char *const of_points[] = {"workload",     "kernel",      ">CPUs", ">an operation",
                                            ">throughput", ">efficiency", ">latency", "unit", NULL};
    static const char *const of_fits[] = {"workload", "kernel", ">lambda", ">sigma", ">kappa", "knee, CPUs [95 %]", NULL};
    enum table_format f = !strcmp(format, "md") ? TABLE_MD : !strcmp(format, "csv") ? TABLE_CSV : TABLE_TEXT;
    if (!strcmp(format, "json")) {
        json_dumpf(document, stdout, JSON_INDENT(1));
        puts("");
        return;
    }
    print_list(json_object_get(document, "points"), of_points, point_row, f);
    if (f == TABLE_CSV)
        return;
    puts("\nX(n) = lambda n / (1 + sigma (n-1) + kappa n (n-1)); sigma: what is done one at a time, kappa: what CPUs ask each other\n");
    print_list(json_object_get(document, "fits"), of_fits, fit_row, f);
}
