// Draws histories as inline SVG. Colours are Okabe and Ito's, and every line also has its own dashes.
#include "perf/publish/site.h"

#include "perf/publish/plot.h"
#include "perf/stats/change_points.h"
#include "perf/util/json_get.h"
#include "perf/view/ratio_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  900.0
#define HEIGHT 270.0
#define LEFT   80.0
#define RIGHT  16.0
#define TOP    16.0
#define BOTTOM 34.0
#define SEED   20240101

#define LEAST_RANGE 0.04 // of a chart, as a share of its values: what moves by less than a per cent looks flat

struct frame {
    double low, high; // values at the bottom and the top
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

static void fit(struct frame *f, json_t *series)
{
    json_t *one, *p;
    size_t i, k;
    f->low = INFINITY;
    f->high = -INFINITY;
    json_array_foreach (series, i, one)
        json_array_foreach (json_object_get(one, "points"), k, p) {
            f->low = fmin(f->low, value_of(p));
            f->high = fmax(f->high, value_of(p));
        }
    double wanted = fmax(LEAST_RANGE * f->high, 1e-9), more = fmax(0, wanted - (f->high - f->low)) / 2;
    double room = more + 0.08 * (f->high - f->low);
    f->low = fmax(0, f->low - room);
    f->high += room;
}

static double x_of(const struct frame *f, size_t i)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * (f->points > 1 ? (double)i / (f->points - 1) : 0.5);
}

static double y_of(const struct frame *f, double v)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (v - f->low) / (f->high - f->low));
}

static void add_axis(struct text_buf *t, const struct frame *f)
{
    double at[16];
    char label[64];
    size_t n = plot_nice_ticks(f->low, f->high, 0, at, 16);
    for (size_t i = 0; i < n; i++) {
        double y = y_of(f, at[i]);
        plot_value(label, sizeof(label), PLOT_PLAIN, at[i]);
        text_addf(t,
                  "<line class=grid x1='%.0f' x2='%.0f' y1='%.1f' y2='%.1f'/><text class=dim "
                  "text-anchor=end x='%.0f' y='%.1f'>%s</text>",
                  LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, label);
    }
    if (!f->first)
        return;
    text_addf(t, "<text class=dim x='%.0f' y='%.0f'>", LEFT, HEIGHT - 8);
    html_escape(t, f->first);
    text_addf(t, "</text><text class=dim text-anchor=middle x='%.0f' y='%.0f'>%zu run%s, evenly spaced</text>", (LEFT + WIDTH - RIGHT) / 2,
              HEIGHT - 8, f->points, f->points == 1 ? "" : "s");
    text_addf(t, "<text class=dim text-anchor=end x='%.0f' y='%.0f'>", WIDTH - RIGHT, HEIGHT - 8);
    html_escape(t, f->last);
    text_add(t, "</text>");
}

static size_t index_of(const struct frame *f, json_t *point)
{
    return json_integer_value(json_object_get(f->run_at, text_of(point, "run")));
}

static void add_change(struct text_buf *t, const struct frame *f, json_t *points, size_t at)
{
    double x = (x_of(f, index_of(f, json_array_get(points, at))) +
                x_of(f, index_of(f, json_array_get(points, at - 1)))) /
               2;
    text_addf(t, "<line class=change x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'><title>level changed at ",
              x, x, TOP, HEIGHT - BOTTOM);
    html_escape(t, text_of(json_array_get(points, at), "run"));
    text_add(t, "</title></line>");
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

static void add_line(struct text_buf *t, const struct frame *f, json_t *points, int which)
{
    json_t *p;
    size_t i;
    text_addf(t, "<polyline class='line l%d' points='", which);
    json_array_foreach (points, i, p)
        text_addf(t, "%.1f,%.1f ", x_of(f, index_of(f, p)), y_of(f, value_of(p)));
    text_add(t, "'/>");
    json_array_foreach (points, i, p) {
        text_add(t, "<a href='../run/");
        html_escape(t, text_of(p, "run"));
        text_addf(t, ".html'><circle class='dot l%d' r=4 cx='%.1f' cy='%.1f'><title>", which,
                  x_of(f, index_of(f, p)), y_of(f, value_of(p)));
        html_escape(t, text_of(p, "run"));
        text_addf(t, ": %.6g</title></circle></a>", value_of(p));
    }
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
    struct frame f = {0};
    json_t *kernels = kernels_of(series), *one;
    size_t i;
    place_runs(&f, series);
    fit(&f, series);
    text_addf(t, "<div class=scroll tabindex=0><svg class=chart viewBox='0 0 %.0f %.0f' style='min-width:640px' role=img aria-label='history'>", WIDTH,
              HEIGHT);
    add_axis(t, &f);
    json_array_foreach (series, i, one) {
        add_changes(t, &f, one);
        add_line(t, &f, json_object_get(one, "points"), site_line_of(kernels, text_of(one, "kernel")));
    }
    json_decref(kernels);
    text_add(t, "</svg></div>");
    add_legend(t, series);
    json_decref(f.run_at);
    free(f.first);
    free(f.last);
}

void history_spark(struct text_buf *t, json_t *one)
{
    json_t *points = json_object_get(one, "points"), *p, *list = json_pack("[O]", one);
    size_t i, n = json_array_size(points), from = n > 30 ? n - 30 : 0;
    struct frame f = {0};
    fit(&f, list);
    text_add(t, "<svg class=spark viewBox='0 0 90 20' aria-hidden=true><polyline class='line l0' points='");
    json_array_foreach (points, i, p)
        if (i >= from)
            text_addf(t, "%.1f,%.1f ", 2 + 86.0 * (i - from) / (n - from > 1 ? n - from - 1 : 1),
                      18 - 16 * (value_of(p) - f.low) / (f.high - f.low));
    double x = n - from > 1 ? 88 : 2, y = 18 - 16 * (value_of(json_array_get(points, n - 1)) - f.low) / (f.high - f.low);
    text_addf(t, "'/><circle class='end l0' r=2 cx='%.1f' cy='%.1f' /></svg>", x, y);
    json_decref(list);
}
