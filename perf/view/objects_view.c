// Lists of things as tables or JSON.
#include "perf/view/objects_view.h"

#include <string.h>

enum table_format table_format_of(const char *format)
{
    return !strcmp(format, "md") ? TABLE_MD : !strcmp(format, "csv") ? TABLE_CSV : TABLE_TEXT;
}

void objects_table(json_t *items, enum table_format format)
{
    struct text_table t = {0};
    json_t *item, *v;
    const char *name;
    size_t i;
    json_object_foreach (json_array_get(items, 0), name, v)
        table_head(&t, name);
    json_array_foreach (items, i, item) {
        int c = 0;
        table_row(&t, NULL);
        json_object_foreach (item, name, v) {
            if (json_is_string(v))
                table_cell(&t, c, "%s", json_string_value(v));
            else if (json_is_number(v))
                table_cell(&t, c, "%g", json_number_value(v));
            c++;
        }
    }
    if (t.columns)
        table_print(&t, format, stdout);
    table_free(&t);
}

void objects_view(json_t *items, const char *format)
{
    if (strcmp(format, "json")) {
        objects_table(items, table_format_of(format));
        return;
    }
    json_dumpf(items, stdout, JSON_INDENT(1));
    puts("");
}
