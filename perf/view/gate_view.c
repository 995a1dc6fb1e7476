// Three forms of one list. All text from runs is escaped for the form.
#include "perf/view/gate_view.h"

#include "perf/gate/gate.h"
#include "perf/result/comparison.h"
#include "perf/store/triage.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/view/compare_view.h"
#include "perf/view/objects_view.h"

#include <stdlib.h>
#include <string.h>

static void number(char *out, size_t n, json_t *v, bool ratio)
{
    *out = '\0';
    if (json_is_number(v) && ratio)
        snprintf(out, n, "%.4f", json_number_value(v));
    else if (json_is_number(v))
        format_number(out, n, json_number_value(v));
}

// Why, and what is known of it; the caller frees it.
static char *remark_of(json_t *row)
{
    char *note = triage_line(row);
    const char *reason = text_of(row, "reason");
    char *all = x_printf("%s%s%s", reason, *reason && *note ? "; " : "", note);
    free(note);
    return all;
}

static void fill(struct text_table *t, json_t *rows)
{
    static const char *const heads[] = {"workload", "kernel",  ">accepted", ">this run",
                                        ">ratio",   "verdict", "note"};
    json_t *row;
    size_t i;
    for (size_t k = 0; k < sizeof(heads) / sizeof(*heads); k++)
        table_head(t, heads[k]);
    json_array_foreach (rows, i, row) {
        char *title = row_title(row), s[64];
        table_row(t, gate_row_fails(row) ? TINT_RED : NULL);
        table_cell(t, 0, "%s", title);
        table_cell(t, 1, "%s", text_of(row, "kernel"));
        number(s, sizeof(s), json_object_get(row, "a"), false);
        table_cell(t, 2, "%s", s);
        number(s, sizeof(s), json_object_get(row, "b"), false);
        table_cell(t, 3, "%s", s);
        number(s, sizeof(s), json_object_get(row, "ratio"), true);
        table_cell(t, 4, "%s", s);
        table_cell(t, 5, "%s", text_of(row, "verdict"));
        char *remark = remark_of(row);
        table_cell(t, 6, "%s", remark);
        free(remark);
        free(title);
    }
}

void gate_view(json_t *rows, const char *format)
{
    struct text_table t = {0};
    struct gate_summary s;
    if (!strcmp(format, "json")) {
        objects_view(rows, format);
        return;
    }
    gate_summarise(rows, &s);
    fill(&t, rows);
    table_print(&t, table_format_of(format), stdout);
    if (strcmp(format, "csv"))
        printf("\ngate: %d rows, %d do not pass, %d inconclusive\n", s.rows, s.failing,
               s.inconclusive);
    table_free(&t);
}

// XML 1.0 has no place for control characters.
static void xml_escape(struct text_buf *t, const char *s)
{
    for (; *s; s++) {
        unsigned char c = *s;
        if (c == '<')
            text_add(t, "&lt;");
        else if (c == '>')
            text_add(t, "&gt;");
        else if (c == '&')
            text_add(t, "&amp;");
        else if (c == '"')
            text_add(t, "&quot;");
        else if (c < ' ')
            text_add(t, " ");
        else
            text_add_bytes(t, s, 1);
    }
}

static bool is_skipped(json_t *row)
{
    const char *v = text_of(row, "verdict");
    return !strcmp(v, "inconclusive") || !strcmp(v, ONLY_IN_A) || !strcmp(v, ONLY_IN_B);
}

// How the two values are called.
struct junit_words {
    const char *a, *b;
};

static void junit_case(struct text_buf *t, json_t *row, const struct junit_words *w)
{
    char a[64], b[64];
    bool no_number = !json_is_number(json_object_get(row, "b"));
    number(a, sizeof(a), json_object_get(row, "a"), false);
    number(b, sizeof(b), json_object_get(row, "b"), false);
    text_add(t, "  <testcase classname=\"");
    xml_escape(t, text_of(row, "kernel"));
    text_add(t, "\" name=\"");
    xml_escape(t, text_of(row, "workload"));
    text_add(t, " ");
    xml_escape(t, text_of(row, "metric"));
    text_add(t, "\">");
    if (gate_row_fails(row) || is_skipped(row)) {
        const char *tag = !gate_row_fails(row) ? "skipped" : no_number ? "error" : "failure";
        text_addf(t, "<%s message=\"%s: %s %s, %s %s", tag, text_of(row, "verdict"), w->a, a, w->b, b);
        char *remark = remark_of(row);
        text_add(t, *remark ? "; " : "");
        xml_escape(t, remark);
        free(remark);
        text_add(t, "\"/>");
    }
    text_add(t, "</testcase>\n");
}

static void junit(struct text_buf *t, json_t *rows, const char *name, const struct junit_words *w)
{
    int errors = 0, failures = 0, skipped = 0;
    json_t *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        bool no_number = !json_is_number(json_object_get(row, "b")), fails = gate_row_fails(row);
        errors += fails && no_number;
        failures += fails && !no_number;
        skipped += is_skipped(row);
    }
    text_add(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
    xml_escape(t, name);
    text_addf(t, "\" tests=\"%zu\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n",
              json_array_size(rows), failures, errors, skipped);
    json_array_foreach (rows, i, row)
        junit_case(t, row, w);
    text_add(t, "</testsuite>\n");
}

void gate_junit(struct text_buf *t, json_t *rows, const char *name)
{
    static const struct junit_words words = {"accepted", "now"};
    junit(t, rows, name, &words);
}

void compare_junit(struct text_buf *t, json_t *rows, const char *name)
{
    static const struct junit_words words = {"a", "b"};
    json_t *named = json_array(), *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *one = json_copy(row);
        json_object_set_new(one, "kernel", json_string(row_kernel(row)));
        json_array_append_new(named, one);
    }
    junit(t, named, name, &words);
    json_decref(named);
}

static void markdown_cell(struct text_buf *t, const char *s)
{
    for (; *s; s++)
        if (*s == '|' || *s == '<' || *s == '`' || *s == '\\')
            text_addf(t, "\\%c", *s);
        else
            text_addf(t, "%c", (unsigned char)*s < ' ' ? ' ' : *s);
}

void gate_markdown(struct text_buf *t, json_t *rows, const char *name)
{
    struct gate_summary s;
    json_t *row;
    size_t i;
    gate_summarise(rows, &s);
    text_add(t, "### ");
    markdown_cell(t, name);
    text_addf(t, ": %s\n\n%d rows, %d do not pass, %d inconclusive\n\n",
              s.failing ? "does not pass" : "passes", s.rows, s.failing, s.inconclusive);
    text_add(t, "| workload | kernel | accepted | this run | ratio | verdict | note |\n"
                "|---|---|---:|---:|---:|---|---|\n");
    json_array_foreach (rows, i, row) {
        char a[64], b[64], r[64], *title = row_title(row), *remark = remark_of(row);
        const char *cells[] = {title, text_of(row, "kernel"), a, b, r, text_of(row, "verdict"),
                               remark};
        number(a, sizeof(a), json_object_get(row, "a"), false);
        number(b, sizeof(b), json_object_get(row, "b"), false);
        number(r, sizeof(r), json_object_get(row, "ratio"), true);
        for (size_t k = 0; k < sizeof(cells) / sizeof(*cells); k++) {
            text_add(t, "| ");
            markdown_cell(t, cells[k]);
            text_add(t, " ");
        }
        text_add(t, "|\n");
        free(title);
        free(remark);
    }
}
