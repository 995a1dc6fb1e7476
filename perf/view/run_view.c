// The rows of a run as JSON lines of a document, or one line a row.
#include "perf/view/run_view.h"

#include "perf/util/say.h"

#include <stdio.h>
#include <string.h>

bool run_format_known(const char *format)
{
    if (!strcmp(format, "text") || !strcmp(format, "json"))
        return true;
    say_error("no format is called \"%s\": text or json", format);
    return false;
}

static void print_row(json_t *row)
{
    json_t *value = json_object_get(row, "value");
    printf("%-14s %-12s ", json_string_value(json_object_get(row, "workload")),
           json_string_value(json_object_get(row, "kernel")));
    if (value)
        printf("%14.1f %s\n", json_number_value(value), json_string_value(json_object_get(row, "unit")));
    else
        printf("%14s %s\n", json_string_value(json_object_get(row, "status")),
               json_string_value(json_object_get(row, "reason")));
}

void run_view(json_t *run, const char *dir, const char *format)
{
    json_t *row;
    size_t i;
    if (!strcmp(format, "json"))
        json_dumpf(run, stdout, JSON_INDENT(1));
    else
        json_array_foreach(json_object_get(run, "rows"), i, row)
            print_row(row);
    say("results: %s", dir);
}
