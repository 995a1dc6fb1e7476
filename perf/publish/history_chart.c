// Draws histories as inline SVG. Colours are Okabe and Ito's, and every line also has its own dashes.
#include "perf/publish/site.h"

#include "perf/publish/plot.h"
#include "perf/stats/change_points.h"
#include "perf/util/json_get.h"
#include "perf/view/html_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  804.0
#define HEIGHT 220.0
#define SEED   20240101

#define DOTS 100 // of a line with more points only the last have one: that many are told apart, and are few enough for who goes by keyboard
#define CROWD 30 // from so many runs on dots are small
#define LEAST_RANGE 0.04 // of a chart, as a share of its values: what moves by less than a per cent looks flat

struct frame {
    struct plot plot;
    size_t points;    // runs on the x axis
    json_t *run_at;   // run id -> index
    char *first, *last; // when the first and the last run were made
};

static double value_of(json_t *point)
{
    return json_number_value(json_object_get(point, "value"));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The x axis: every run of any of the series, by time and id.
static void place_runs(struct frame *f, json_t *series)
{
    json_t *one, *p;
    size_t i, k, n = 0, room = 0;
    json_array_foreach (series, i, one)
        room += json_array_size(json_object_get(one, "points"));
    char **key = x_alloc((room + 1) * sizeof(*key));
    json_array_foreach (series, i, one)
        json_array_foreach (json_object_get(one, "points"), k, p)
            key[n++] = x_printf("%s %s", text_of(p, "created"), text_of(p, "run"));
    qsort(key, n, sizeof(*key), by_text);
    f->run_at = json_object();
    for (i = 0; i < n; i++) {
        const char *run = strchr(key[i], ' ') + 1;
        if (!json_object_get(f->run_at, run))
            json_object_set_new(f->run_at, run, json_integer(f->points++));
    }
    f->first = n ? x_printf("%.10s", key[0]) : NULL;
    f->last = n ? x_printf("%.10s", key[n - 1]) : NULL;
    for (i = 0; i < n; i++)
        free(key[i]);
    free(key);
}

static void fit(struct plot_axis *a, json_t *series)
{
    json_t *one, *p;
    size_t i, k;
    a->low = INFINITY;
    a->high = -INFINITY;
    json_array_foreach (series, i, one)
        json_array_foreach (json_object_get(one, "points"), k, p) {
            a->low = fmin(a->low, value_of(p));
            a->high = fmax(a->high, value_of(p));
        }
    double wanted = fmax(LEAST_RANGE * a->high, 1e-9), more = fmax(0, wanted - (a->high - a->low)) / 2;
    double room = more + 0.08 * (a->high - a->low);
    a->low = fmax(0, a->low - room);
    a->high += room;
}

// When the runs were made.
static void add_times(struct text_buf *t, const struct frame *f)
{
    if (!f->first)
        return;
    char *runs = x_printf("%zu run%s", f->points, f->points == 1 ? "" : "s");
    plot_below(t, 0, f->first, "");
    plot_below(t, 50, runs, ", evenly spaced");
    plot_below(t, 100, f->last, "");
    free(runs);
}

static size_t index_of(const struct frame *f, json_t *point)
{
    return json_integer_value(json_object_get(f->run_at, text_of(point, "run")));
}

static void add_change(struct text_buf *t, const struct frame *f, json_t *points, size_t at)
{
    char *title = x_printf("level changed at %s", text_of(json_array_get(points, at), "run"));
    double x = (index_of(f, json_array_get(points, at)) + index_of(f, json_array_get(points, at - 1))) / 2.0;
    plot_mark(t, &f->plot, "change", x, title);
    free(title);
}

json_t *history_changes(json_t *one)
{
    json_t *points = json_object_get(one, "points"), *changes = json_object_get(one, "changes");
    size_t n = json_array_size(points), i;
    if (changes)
        return changes;
    double *v = x_alloc((n + 1) * sizeof(*v));
    size_t *at = x_alloc((n + 1) * sizeof(*at));
    for (i = 0; i < n; i++)
        v[i] = value_of(json_array_get(points, i));
    size_t found = stats_change_points(v, n, SEED, at);
    changes = json_array();
    for (i = 0; i < found; i++)
        json_array_append_new(changes, json_integer(at[i]));
    json_object_set_new(one, "changes", changes);
    free(at);
    free(v);
    return changes;
}

static void add_changes(struct text_buf *t, const struct frame *f, json_t *one)
{
    json_t *at;
    size_t i;
    json_array_foreach (history_changes(one), i, at)
        add_change(t, f, json_object_get(one, "points"), json_integer_value(at));
}

static void add_dot(struct text_buf *t, const struct frame *f, json_t *point, const char *class)
{
    char *title = x_printf("%s: %.6g", text_of(point, "run"), value_of(point));
    text_add(t, "<a href='../run/");
    html_escape(t, text_of(point, "run"));
    text_add(t, ".html'>");
    plot_dot(t, &f->plot, class, index_of(f, point), value_of(point), f->points > CROWD ? 2.5 : 4, title);
    text_add(t, "</a>");
    free(title);
}

static void add_line(struct text_buf *t, const struct frame *f, json_t *points, int which)
{
    size_t n = json_array_size(points), from = n > DOTS ? n - DOTS : 0, i;
    double *x = x_alloc((n + 1) * sizeof(*x)), *y = x_alloc((n + 1) * sizeof(*y));
    char class[16];
    for (i = 0; i < n; i++) {
        x[i] = index_of(f, json_array_get(points, i));
        y[i] = value_of(json_array_get(points, i));
    }
    snprintf(class, sizeof(class), "line l%d", which);
    plot_line(t, &f->plot, class, x, y, n, false);
    snprintf(class, sizeof(class), "dot l%d", which);
    for (i = from; i < n; i++)
        add_dot(t, f, json_array_get(points, i), class);
    free(x);
    free(y);
}

// Their kernels, an array of texts.
static json_t *kernels_of(json_t *series)
{
    json_t *names = json_array(), *one;
    size_t i;
    json_array_foreach (series, i, one)
        json_array_append(names, json_object_get(one, "kernel"));
    return names;
}

static void add_legend(struct text_buf *t, json_t *series)
{
    json_t *one;
    size_t i;
    json_t *kernels = kernels_of(series);
    text_add(t, "<p class=legend>");
    json_array_foreach (series, i, one)
        site_key(t, site_line_of(kernels, text_of(one, "kernel")), text_of(one, "kernel"));
    json_decref(kernels);
    text_add(t, "</p>");
}

void history_chart(struct text_buf *t, json_t *series)
{
    struct frame f = {.plot = {.x = {"", PLOT_BARE, PLOT_PLAIN, 0, 0}, .y = {"", PLOT_LINEAR, PLOT_PLAIN, 0, 0}, .width = WIDTH, .height = HEIGHT, .links = true}};
    json_t *kernels = kernels_of(series), *one;
    size_t i;
    place_runs(&f, series);
    fit(&f.plot.y, series);
    f.plot.x.high = f.points > 1 ? f.points - 1 : 1;
    f.plot.x.low = f.points > 1 ? 0 : -1; // one run stands in the middle
    char *name = site_metric_name(text_of(json_array_get(series, 0), "metric"), text_of(json_array_get(series, 0), "unit"));
    char *label = x_printf("history of %s", name);
    add_legend(t, series);
    plot_open(t, &f.plot, label);
    free(label);
    free(name);
    add_times(t, &f);
    json_array_foreach (series, i, one) {
        add_changes(t, &f, one);
        add_line(t, &f, json_object_get(one, "points"), site_line_of(kernels, text_of(one, "kernel")));
    }
    json_decref(kernels);
    plot_close(t);
    json_decref(f.run_at);
    free(f.first);
    free(f.last);
}

#define SPARK_LEFT 4 // the dot at the end has room on either side

void history_spark(struct text_buf *t, json_t *one)
{
    json_t *points = json_object_get(one, "points"), *p, *list = json_pack("[O]", one);
    size_t i, n = json_array_size(points), from = n > 30 ? n - 30 : 0;
    struct plot_axis a;
    fit(&a, list);
    text_add(t, "<svg class=spark viewBox='0 0 90 20' aria-hidden=true><polyline class='line l0' points='");
    json_array_foreach (points, i, p)
        if (i >= from)
            text_addf(t, "%.1f,%.1f ", SPARK_LEFT + 82.0 * (i - from) / (n - from > 1 ? n - from - 1 : 1), 18 - 16 * (value_of(p) - a.low) / (a.high - a.low));
    double x = n - from > 1 ? SPARK_LEFT + 82 : SPARK_LEFT, y = 18 - 16 * (value_of(json_array_get(points, n - 1)) - a.low) / (a.high - a.low);
    text_addf(t, "'/><circle class='end l0' r=2 cx='%.1f' cy='%.1f' /></svg>", x, y);
    json_decref(list);
}
