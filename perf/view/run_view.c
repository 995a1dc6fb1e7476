// The rows of a run, its boot times, the report page.
#include "perf/view/run_view.h"

#include "perf/result/comparison.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/view/compare_view.h"
#include "perf/view/objects_view.h"
#include "perf/view/report_page.h"

#include <stdlib.h>
#include <string.h>

static void print_rows(json_t *run, enum table_format format)
{
    struct text_table t = {0};
    json_t *row;
    size_t i;
    char number[64];
    table_head(&t, "workload");
    table_head(&t, "kernel");
    table_head(&t, ">value");
    table_head(&t, "unit");
    table_head(&t, "note");
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        json_t *v = json_object_get(row, "value");
        table_row(&t, v ? NULL : TINT_RED);
        char *title = row_title(row);
        table_cell(&t, 0, "%s", title);
        free(title);
        table_cell(&t, 1, "%s", text_of(row, "kernel"));
        format_number(number, sizeof(number), json_number_value(v));
        table_cell(&t, 2, "%s", v ? number : text_of(row, "status"));
        table_cell(&t, 3, "%s", text_of(row, "unit"));
        table_cell(&t, 4, "%s", text_of(row, "reason"));
    }
    table_print(&t, format, stdout);
    table_free(&t);
}

void boot_times_view(json_t *run)
{
    json_t *boot, *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *k;
    const char *name;
    size_t i;
    printf("\nboot to init, seconds of QEMU's CPU time:");
    json_object_foreach (kernels, name, k) {
        double best = -1;
        json_array_foreach (json_object_get(run, "boots"), i, boot) {
            double s = json_number_value(json_object_get(boot, "init_cpu_seconds"));
            if (!strcmp(text_of(boot, "kernel"), name) && s >= 0 && (best < 0 || s < best))
                best = s;
        }
        if (best >= 0)
            printf("  %s %.2f", text_of(k, "label"), best);
        else
            printf("  %s did not get there", text_of(k, "label"));
    }
    puts("");
}

static void print_text(json_t *run, json_t *rows, const char *format)
{
    char *line = tier_line(run);
    if (rows) {
        compare_view(run, rows, format);
    } else {
        if (strcmp(format, "csv"))
            printf("%s\n\n", line);
        print_rows(run, table_format_of(format));
    }
    if (strcmp(format, "csv")) {
        boot_times_view(run);
        printf("%s\n", line);
    }
    free(line);
}

bool run_view(json_t *run, const char *dir, const char *format)
{
    char *why = NULL;
    bool several =
        json_object_size(json_object_get(json_object_get(run, "identity"), "kernels")) > 1;
    json_t *rows = several ? compare_kernels(run, &why) : NULL;
    if (why)
        say_error("%s", why);
    if (!strcmp(format, "json")) {
        json_dumpf(run, stdout, JSON_INDENT(1));
        puts("");
    } else {
        print_text(run, rows, format);
    }
    fflush(stdout);
    if (dir)
        say("results: %s/run.json", dir);
    bool ok = report_page_write(run, rows);
    json_decref(rows);
    free(why);
    return ok;
}
