// lines.html: lines of memory that move between CPUs, from the documents that `cloudbench lines` keeps (RUNS/lines/*.json), the newest first:
// transfers an operation against the number of CPUs, which pairs of operations on unrelated objects share lines, which places meet.
#include "perf/publish/site.h"

#include "perf/publish/html_table.h"
#include "perf/lines/lines_view.h"
#include "perf/publish/plot.h"
#include "perf/util/json_get.h"
#include "perf/view/html_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS 20 // that are shown
#define SIZES     64
#define KERNELS   4

static bool is_of(json_t *one, const char *key, const char *value)
{
    return !strcmp(text_of(one, key), value);
}

static const char *kernel_at(json_t *document, size_t i)
{
    return text_at(json_object_get(document, "kernels"), i);
}

static void workloads_of(json_t *document, struct str_list *out)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(document, "rows"), i, row)
        if (!list_has(out, text_of(row, "workload")))
            list_add(out, text_of(row, "workload"));
}

// The sizes of the machine and the transfers on each, of one workload and kernel; nodes make no other size.
static size_t points_of(json_t *document, const char *workload, const char *kernel, double x[SIZES], double y[SIZES])
{
    json_t *row;
    size_t i, n = 0;
    json_array_foreach (json_object_get(document, "rows"), i, row)
        if (n < SIZES && is_of(row, "workload", workload) && is_of(row, "kernel", kernel) &&
            json_is_number(json_object_get(row, "transfers"))) {
            x[n] = number_of(row, "cpus");
            y[n++] = number_of(row, "transfers");
        }
    return n;
}

static void draw_kernel(struct text_buf *t, struct plot *p, json_t *document, const char *workload, size_t kernel)
{
    double x[SIZES], y[SIZES];
    char class[16];
    size_t n = points_of(document, workload, kernel_at(document, kernel), x, y);
    int line = site_line_of(json_object_get(document, "kernels"), kernel_at(document, kernel));
    snprintf(class, sizeof(class), "line l%d", line);
    plot_line(t, p, class, x, y, n, false);
    snprintf(class, sizeof(class), "dot l%d", line);
    for (size_t i = 0; i < n; i++) {
        char *title = x_printf("%s, %.0f CPUs: %.4g transfers an operation", kernel_at(document, kernel), x[i], y[i]);
        plot_dot(t, p, class, x[i], y[i], 4, title);
        free(title);
    }
}

// A small chart each: what matters is the shape, and which of the two is lower.
static void chart(struct text_buf *t, json_t *document, const char *workload)
{
    struct plot p = {.x = {"CPUs", PLOT_LINEAR, PLOT_WHOLE, HUGE_VAL, 0},
                     .y = {"transfers an operation", PLOT_LINEAR, PLOT_PLAIN, 0, 0},
                     .width = 340,
                     .height = 158};
    size_t kernels = json_array_size(json_object_get(document, "kernels"));
    for (size_t k = 0; k < kernels; k++) {
        double x[SIZES], y[SIZES];
        size_t n = points_of(document, workload, kernel_at(document, k), x, y);
        for (size_t i = 0; i < n; i++) {
            p.x.low = fmin(p.x.low, x[i]);
            p.x.high = fmax(p.x.high, x[i]);
            p.y.high = fmax(p.y.high, 1.1 * y[i]);
        }
    }
    if (!(p.x.high > p.x.low))
        return;
    p.y.high = fmax(p.y.high, 1);
    text_add(t, "<div><h3>");
    html_escape(t, workload);
    text_add(t, "</h3>");
    plot_open(t, &p, "transfers an operation against the number of CPUs");
    for (size_t k = 0; k < kernels && k < KERNELS; k++)
        draw_kernel(t, &p, document, workload, k);
    plot_close(t);
    text_add(t, "</div>");
}

static void charts(struct text_buf *t, json_t *document)
{
    struct str_list workloads = {0};
    workloads_of(document, &workloads);
    text_add(t, "<p class=legend>");
    for (size_t k = 0; k < json_array_size(json_object_get(document, "kernels")) && k < KERNELS; k++)
        site_key(t, site_line_of(json_object_get(document, "kernels"), kernel_at(document, k)), kernel_at(document, k));
    text_add(t, "</p><div class=pair>");
    for (size_t i = 0; i < workloads.count; i++)
        chart(t, document, workloads.items[i]);
    text_add(t, "</div>");
    list_free(&workloads);
}

static void rows_table(struct text_buf *t, json_t *document)
{
    static const char *const keys[] = {"transfers", "user_transfers", "far", "invalidations", "locked", "instructions"};
    json_t *row;
    size_t i;
    html_folded_table_open(t, "Figures, an operation", true, "workload|machine|kernel|>transfers|>in user code|>between nodes|>invalidations|>locked|>instructions");
    json_array_foreach (json_object_get(document, "rows"), i, row) {
        html_table_row(t, text_of(row, "workload"));
        html_text_cell(t, text_of(row, "topology"));
        html_text_cell(t, text_of(row, "kernel"));
        if (*text_of(row, "reason"))
            html_reason_cell(t, 6, text_of(row, "reason"));
        for (int k = 0; k < 6 && !*text_of(row, "reason"); k++)
            html_number_cell(t, row, keys[k]);
    }
    html_folded_table_close(t);
}

static json_t *cell_of(json_t *matrix, const char *a, const char *b)
{
    json_t *c;
    size_t i;
    json_array_foreach (json_object_get(matrix, "cells"), i, c)
        if (is_of(c, "a", a) && is_of(c, "b", b))
            return c;
    return NULL;
}

// Three steps of colour; what shares nothing has none and no number.
static void heat_cell(struct text_buf *t, json_t *c)
{
    json_t *v = json_object_get(c, "transfers");
    double n = json_number_value(v);
    if (!c) {
        text_add(t, "<td>");
    } else if (!json_is_number(v)) {
        text_add(t, "<td title='");
        html_escape(t, text_of(c, "reason"));
        text_add(t, "'>?");
    } else if (n < CONFLICT_FLOOR) {
        text_add(t, "<td class=dim>&middot;");
    } else {
        text_addf(t, "<td class=s%d>", n < 2 ? 1 : n < 10 ? 2 : 3);
        site_number(t, n);
    }
}

static void matrix_section(struct text_buf *t, json_t *matrix)
{
    json_t *names = json_object_get(matrix, "operations");
    size_t i, k, n = json_array_size(names);
    char *heading = lines_matrix_heading(matrix);
    text_add(t, "<h3>");
    html_escape(t, heading);
    free(heading);
    text_add(t, "</h3><div class=wide tabindex=0><table class=heat><thead><tr><th>");
    for (i = 0; i < n; i++) {
        text_add(t, "<th class=n>");
        html_escape(t, text_at(names, i));
    }
    text_add(t, "</tr></thead><tbody>");
    for (i = 0; i < n; i++) {
        text_add(t, "<tr><th>");
        html_escape(t, text_at(names, i));
        for (k = 0; k < n; k++)
            heat_cell(t, k < i ? NULL : cell_of(matrix, text_at(names, i), text_at(names, k)));
        text_add(t, "</tr>");
    }
    text_add(t, "</tbody></table></div>");
}

static void place(struct text_buf *t, json_t *site, const char *bytes, const char *code)
{
    json_t *b = json_object_get(site, bytes);
    double from = json_number_value(json_array_get(b, 0)), size = json_number_value(json_array_get(b, 1));
    html_code_cell(t, text_of(site, code));
    text_addf(t, " <span class=dim>bytes %.0f-%.0f</span>", from, from + size - 1);
}

static void top_section(struct text_buf *t, json_t *one)
{
    json_t *site;
    size_t i;
    if (!json_array_size(json_object_get(one, "sites")))
        return;
    char *summary = x_printf("Places that meet: %s", text_of(one, "title"));
    html_folded_table_open(t, summary, false, ">transfers an operation|access|met|data");
    free(summary);
    json_array_foreach (json_object_get(one, "sites"), i, site) {
        text_add(t, "<tr>");
        html_exact_cell(t, site, "per_op");
        place(t, site, "bytes", "code");
        place(t, site, "met_bytes", "met_code");
        html_code_cell(t, text_of(site, "data"));
        text_add(t, json_is_true(json_object_get(site, "apart")) ? " <span class=note>other bytes</span>" : "");
    }
    html_folded_table_close(t);
}

static void document_section(struct text_buf *t, json_t *document)
{
    json_t *one;
    size_t i;
    text_add(t, "<h2>");
    html_escape(t, text_of(document, "id"));
    text_add(t, "</h2><p class=dim>");
    html_escape(t, text_of(document, "host"));
    if (*text_of(document, "commit")) {
        char *commit = x_printf(", commit %.12s", text_of(document, "commit"));
        html_escape(t, commit);
        free(commit);
    }
    text_add(t, "</p>");
    if (json_array_size(json_object_get(document, "rows"))) {
        charts(t, document);
        rows_table(t, document);
    }
    json_array_foreach (json_object_get(document, "matrices"), i, one)
        matrix_section(t, one);
    json_array_foreach (json_object_get(document, "top"), i, one)
        top_section(t, one);
}

void lines_page(struct text_buf *t, json_t *documents)
{
    size_t n = json_array_size(documents);
    site_main_page_open(t, "Lines of memory between CPUs", "lines.html");
    if (!n)
        text_add(t, "<p>Nothing yet: <code>cloudbench lines fork exec -k cloudos -k linux -t 2,4,8</code> counts how often a 64-byte line moves from one "
                    "CPU to another while unrelated processes work; <code>--conflicts</code> which pairs of operations share lines.</p>");
    else
        text_add(t, "<p>How often a 64-byte line of memory moves from one CPU to another, an operation, counted under instruction counting: exact, the same "
                    "in every run. Processes that share nothing but the kernel do the same on every CPU; NAME@PLACEMENT is a workload of two parties. Fewer is "
                    "better; a curve that rises with the number of CPUs does not scale.</p>");
    for (size_t i = 0; i < n && i < DOCUMENTS; i++)
        document_section(t, json_array_get(documents, n - 1 - i));
    site_page_close(t);
}
