// Tables of shared lines. Names of operations are the columns' heads and live in the JSON.
#include "perf/lines/lines_view.h"

#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/view/text_table.h"

#include <stdlib.h>
#include <string.h>

static enum table_format table_of(const char *format)
{
    return !strcmp(format, "md") ? TABLE_MD : !strcmp(format, "csv") ? TABLE_CSV : TABLE_TEXT;
}

static const char *text(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static double number(json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

void lines_view_rows(json_t *rows, const char *format)
{
    static const char *const keys[] = {"transfers",     "user_transfers", "far",
                                       "invalidations", "locked",         "instructions"};
    struct text_table t = {0};
    json_t *r;
    size_t i;
    table_head(&t, "workload");
    table_head(&t, "CPUs");
    table_head(&t, "kernel");
    table_head(&t, ">transfers/op");
    table_head(&t, ">in user code");
    table_head(&t, ">far");
    table_head(&t, ">invalidations");
    table_head(&t, ">locked");
    table_head(&t, ">instructions");
    table_head(&t, "note");
    json_array_foreach (rows, i, r) {
        bool good = !json_object_get(r, "reason");
        table_row(&t, good ? NULL : TINT_RED);
        table_cell(&t, 0, "%s", text(r, "workload"));
        table_cell(&t, 1, "%s", text(r, "topology"));
        table_cell(&t, 2, "%s", text(r, "kernel"));
        for (int k = 0; k < 6; k++)
            if (good)
                table_cell(&t, 3 + k, k == 5 ? "%.0f" : "%.2f", number(r, keys[k]));
            else
                table_cell(&t, 3 + k, "%s", "");
        table_cell(&t, 9, "%s", text(r, "reason"));
    }
    table_print(&t, table_of(format), stdout);
    table_free(&t);
}

static void cell_place(struct text_table *t, int column, json_t *site, const char *bytes,
                       const char *code)
{
    json_t *b = json_object_get(site, bytes);
    int from = json_integer_value(json_array_get(b, 0));
    int size = json_integer_value(json_array_get(b, 1));
    table_cell(t, column, "%d-%d", from, from + size - 1);
    table_cell(t, column + 1, "%s", text(site, code));
}

static void print_sites(json_t *sites, const char *format)
{
    static const char *const heads[] = {">transfers/op", ">lines", "bytes", "access", "met bytes", "met", "address", "data", ""};
    struct text_table t = {0};
    json_t *s;
    size_t i;
    for (int c = 0; c < 9; c++)
        table_head(&t, heads[c]);
    json_array_foreach (sites, i, s) {
        bool apart = json_is_true(json_object_get(s, "apart"));
        table_row(&t, NULL);
        table_cell(&t, 0, "%.2f", number(s, "per_op"));
        table_cell(&t, 1, "%.0f", number(s, "lines"));
        cell_place(&t, 2, s, "bytes", "code");
        cell_place(&t, 4, s, "met_bytes", "met_code");
        table_cell(&t, 6, "%s", text(s, "address"));
        table_cell(&t, 7, "%s", text(s, "data"));
        table_cell(&t, 8, "%s", apart ? "other bytes" : "");
    }
    table_print(&t, table_of(format), stdout);
    table_free(&t);
}

void lines_view_top(json_t *top, const char *format)
{
    json_t *one;
    size_t i;
    json_array_foreach (top, i, one) {
        printf("\n%s\n\n", text(one, "title"));
        print_sites(json_object_get(one, "sites"), format);
    }
}

static json_t *find_cell(json_t *matrix, const char *a, const char *b)
{
    json_t *c;
    size_t i;
    json_array_foreach (json_object_get(matrix, "cells"), i, c)
        if (!strcmp(text(c, "a"), a) && !strcmp(text(c, "b"), b))
            return c;
    return NULL;
}

static void matrix_cell(struct text_table *t, int column, json_t *c)
{
    json_t *v = json_object_get(c, "transfers");
    if (!c)
        table_cell(t, column, "%s", "");
    else if (!v)
        table_cell(t, column, "%s", "?");
    else if (json_number_value(v) < CONFLICT_FLOOR)
        table_cell(t, column, "%s", ".");
    else
        table_cell(t, column, "%.1f", json_number_value(v));
}

char *lines_matrix_heading(json_t *matrix)
{
    const char *topology = text(matrix, "topology");
    int measured = 0, missing = 0, conflicts = 0;
    struct text_buf t = {0};
    json_t *c;
    size_t i;
    json_array_foreach (json_object_get(matrix, "cells"), i, c) {
        bool known = json_is_number(json_object_get(c, "transfers"));
        measured += known;
        missing += !known;
        conflicts += known && number(c, "transfers") >= CONFLICT_FLOOR;
    }
    text_addf(&t, "%s%s%s%s: %d of %d pairs of operations on unrelated objects share lines", text(matrix, "kernel"), *topology ? ", " : "", topology,
              *topology ? " CPUs" : "", conflicts, measured);
    if (missing)
        text_addf(&t, "; %d not measured", missing);
    return t.data;
}

// Columns `from` to `to` of the matrix, and the rows that have something there.
static void matrix_part(json_t *matrix, size_t from, size_t to, const char *format)
{
    struct text_table t = {0};
    json_t *names = json_object_get(matrix, "operations"), *a;
    char heads[TABLE_COLUMNS_MAX][20];
    size_t i;
    table_head(&t, "");
    for (size_t k = from; k < to; k++) {
        snprintf(heads[k - from], sizeof(heads[0]), ">%s", json_string_value(json_array_get(names, k)));
        table_head(&t, heads[k - from]);
    }
    json_array_foreach (names, i, a) {
        if (i >= to)
            break;
        table_row(&t, NULL);
        table_cell(&t, 0, "%s", json_string_value(a));
        for (size_t k = from; k < to; k++)
            matrix_cell(&t, (int)(1 + k - from),
                        k < i ? NULL : find_cell(matrix, json_string_value(a), json_string_value(json_array_get(names, k))));
    }
    table_print(&t, table_of(format), stdout);
    table_free(&t);
}

void lines_view_matrix(json_t *matrix, const char *format)
{
    size_t n = json_array_size(json_object_get(matrix, "operations")), part = TABLE_COLUMNS_MAX - 1;
    char *heading = lines_matrix_heading(matrix);
    printf("\n%s\n\n", heading);
    free(heading);
    for (size_t from = 0; from < n; from += part) {
        if (from)
            puts("");
        matrix_part(matrix, from, n - from < part ? n : from + part, format);
    }
}
