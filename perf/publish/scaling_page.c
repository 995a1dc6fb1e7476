// scaling.html: throughput against the number of CPUs, from the documents that `cloudbench scale` keeps (RUNS/scale/*.json), the newest first: points,
// the law with its 95 % band, the ideal line, the knee.
#include "perf/publish/site.h"

#include "perf/publish/html_table.h"
#include "perf/publish/plot.h"
#include "perf/util/json_get.h"
#include "perf/view/html_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS 20 // that are shown
#define POINTS    64

static int line_of(json_t *document, const char *kernel)
{
    return site_line_of(json_object_get(document, "kernels"), kernel);
}

static bool is_of(json_t *one, const char *workload)
{
    return !strcmp(text_of(one, "workload"), workload);
}

static double number_at(json_t *array, size_t i)
{
    return json_number_value(json_array_get(array, i));
}

static struct plot frame_of(json_t *document, const char *workload)
{
    struct plot p = {.x = {"CPUs", PLOT_LINEAR, PLOT_WHOLE, 0, 0},
                     .y = {strcmp(text_of(document, "tier"), "det") ? "operations a second" : "operations in 10⁹ instructions of each CPU",
                           PLOT_LINEAR, PLOT_PLAIN, 0, 0},
                     .width = 800,
                     .height = 258};
    json_t *one, *c;
    size_t i, k;
    json_array_foreach (json_object_get(document, "points"), i, one)
        if (is_of(one, workload)) {
            p.x.high = fmax(p.x.high, number_of(one, "cpus"));
            p.y.high = fmax(p.y.high, 1.08 * number_of(one, "throughput"));
        }
    json_array_foreach (json_object_get(document, "fits"), i, one)
        json_array_foreach (json_object_get(one, "curve"), k, c)
            if (is_of(one, workload))
                p.y.high = fmax(p.y.high, fmin(1.05 * number_at(c, 3), 1.5 * number_at(c, 1)));
    return p;
}

// The law, and its band where it has one.
static void draw_law(struct text_buf *t, struct plot *p, json_t *fit, int line)
{
    double x[POINTS], y[POINTS], low[POINTS], high[POINTS];
    char class[24];
    json_t *c;
    size_t i, n = 0;
    json_array_foreach (json_object_get(fit, "curve"), i, c)
        if (n < POINTS && json_is_number(json_array_get(c, 1))) {
            x[n] = number_at(c, 0);
            y[n] = number_at(c, 1);
            low[n] = number_at(c, 2);
            high[n++] = number_at(c, 3);
        }
    if (!n)
        return;
    snprintf(class, sizeof(class), "band l%d", line);
    if (!*text_of(fit, "no_band"))
        plot_band(t, p, class, x, low, high, n);
    snprintf(class, sizeof(class), "line l%d", line);
    plot_line(t, p, class, x, y, n, false);
    if (json_is_number(json_object_get(fit, "knee")) && number_of(fit, "knee") < p->x.high)
        plot_mark(t, p, "change", number_of(fit, "knee"), "the knee: beyond it throughput falls");
}

// What as many times the smallest machine would do: from its point to the right edge or the top, whichever is first.
static void draw_ideal(struct text_buf *t, struct plot *p, json_t *document, const char *workload, const char *kernel)
{
    json_t *one, *first = NULL;
    size_t i;
    json_array_foreach (json_object_get(document, "points"), i, one)
        if (is_of(one, workload) && !strcmp(text_of(one, "kernel"), kernel) && number_of(one, "throughput") > 0 &&
            (!first || number_of(one, "cpus") < number_of(first, "cpus")))
            first = one;
    double each = first ? number_of(first, "throughput") / number_of(first, "cpus") : 0;
    if (!(each > 0))
        return;
    double end = fmin(p->x.high, p->y.high / each);
    double x[2] = {number_of(first, "cpus"), end}, y[2] = {number_of(first, "throughput"), each * end};
    plot_line(t, p, "line ideal", x, y, 2, false);
}

static void draw_points(struct text_buf *t, struct plot *p, json_t *document, const char *workload)
{
    json_t *one;
    size_t i;
    json_array_foreach (json_object_get(document, "points"), i, one) {
        char class[16], title[160];
        if (!is_of(one, workload) || !(number_of(one, "throughput") > 0))
            continue;
        snprintf(class, sizeof(class), "dot l%d", line_of(document, text_of(one, "kernel")));
        snprintf(title, sizeof(title), "%.60s, %.0f CPUs: %.6g, efficiency %.3f", text_of(one, "kernel"), number_of(one, "cpus"),
                 number_of(one, "throughput"), number_of(one, "efficiency"));
        plot_dot(t, p, class, number_of(one, "cpus"), number_of(one, "throughput"), 5, title);
    }
}

static void chart(struct text_buf *t, json_t *document, const char *workload)
{
    struct plot p = frame_of(document, workload);
    const char *name;
    json_t *fit, *label;
    size_t i;
    if (!(p.y.high > 0))
        return;
    plot_open(t, &p, "throughput against the number of CPUs");
    json_object_foreach (json_object_get(document, "kernels"), name, label)
        draw_ideal(t, &p, document, workload, name);
    json_array_foreach (json_object_get(document, "fits"), i, fit)
        if (is_of(fit, workload))
            draw_law(t, &p, fit, line_of(document, text_of(fit, "kernel")));
    draw_points(t, &p, document, workload);
    plot_close(t);
}

static const char *label_of(json_t *document, const char *kernel)
{
    const char *label = text_of(json_object_get(document, "kernels"), kernel);
    return *label ? label : kernel;
}

static void points_table(struct text_buf *t, json_t *document, const char *workload)
{
    json_t *one;
    size_t i;
    html_folded_table_open(t, "Points", false, "kernel|>CPUs|>an operation|unit|>throughput|>efficiency|>latency|run");
    json_array_foreach (json_object_get(document, "points"), i, one) {
        if (!is_of(one, workload))
            continue;
        html_table_row(t, label_of(document, text_of(one, "kernel")));
        html_exact_cell(t, one, "cpus");
        html_exact_cell(t, one, "value");
        html_text_cell(t, *text_of(one, "unit") ? text_of(one, "unit") : text_of(one, "reason"));
        html_exact_cell(t, one, "throughput");
        html_exact_cell(t, one, "efficiency");
        html_exact_cell(t, one, "latency");
        text_add(t, "<td>");
        site_run_link(t, text_of(one, "run"), "");
    }
    html_folded_table_close(t);
}

static void fits_table(struct text_buf *t, json_t *document, const char *workload)
{
    json_t *one;
    size_t i;
    html_table_open(t, "kernel|>lambda|>sigma|>kappa|>knee, CPUs|>95 % from|>95 % to");
    json_array_foreach (json_object_get(document, "fits"), i, one) {
        if (!is_of(one, workload))
            continue;
        html_table_row(t, label_of(document, text_of(one, "kernel")));
        if (*text_of(one, "reason")) {
            html_reason_cell(t, 6, "no law: ");
            html_escape(t, text_of(one, "reason"));
        } else {
            static const char *const keys[] = {"lambda", "sigma", "kappa", "knee", "knee_low", "knee_high"};
            for (size_t k = 0; k < 4 || (k < 6 && !*text_of(one, "no_band")); k++) {
                html_exact_cell(t, one, keys[k]);
                text_add(t, k >= 3 && !json_is_number(json_object_get(one, keys[k])) ? "none" : "");
            }
            if (*text_of(one, "no_band")) {
                html_reason_cell(t, 2, "no band: ");
                html_escape(t, text_of(one, "no_band"));
            }
        }
    }
    html_table_close(t);
}

static void document_section(struct text_buf *t, json_t *document)
{
    struct str_list workloads = {0};
    const char *name;
    json_t *one, *label;
    size_t i;
    text_add(t, "<h2>");
    html_escape(t, text_of(document, "id"));
    text_add(t, "</h2><p class=dim>tier ");
    html_escape(t, text_of(document, "tier"));
    text_add(t, ", ");
    html_escape(t, text_of(document, "host"));
    text_add(t, !strcmp(text_of(document, "tier"), "tcg") ? ". <b>All times are emulated.</b></p>" : "</p>");
    json_array_foreach (json_object_get(document, "points"), i, one)
        if (!list_has(&workloads, text_of(one, "workload")))
            list_add(&workloads, text_of(one, "workload"));
    for (i = 0; i < workloads.count; i++) {
        text_add(t, "<h3>");
        html_escape(t, workloads.items[i]);
        text_add(t, "</h3><p class=legend>");
        json_object_foreach (json_object_get(document, "kernels"), name, label)
            site_key(t, line_of(document, name), json_string_value(label) ? json_string_value(label) : name);
        text_add(t, "</p>");
        chart(t, document, workloads.items[i]);
        fits_table(t, document, workloads.items[i]);
        points_table(t, document, workloads.items[i]);
    }
    list_free(&workloads);
}

void scaling_page(struct text_buf *t, json_t *documents)
{
    size_t n = json_array_size(documents);
    site_main_page_open(t, "Scaling", "scaling.html");
    if (!n)
        text_add(t, "<p>Nothing yet: <code>cloudbench scale WORKLOAD --cpus 1,2,4,8</code> measures a workload on every CPU at once, on machines of each "
                    "size.</p>");
    else
        text_add(t, "<p>A workload on every CPU at once. Dots: measured; line: <code>X(n) = lambda n / (1 + sigma (n-1) + kappa n (n-1))</code>, the Universal Scalability "
                    "Law, with its 95 % band; thin line: as many times the smallest machine. An upright line is the knee: beyond it throughput falls. lambda: the throughput of one CPU; sigma: the share that is done one at a time; kappa: what CPUs ask of each other.</p>");
    for (size_t i = 0; i < n && i < DOCUMENTS; i++)
        document_section(t, json_array_get(documents, n - 1 - i));
    site_page_close(t);
}
