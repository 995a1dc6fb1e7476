// Draws the chart. Bars grow from 1: to the left CloudOS needs less, to the right more. Colours
// come from the page's style.
#include "perf/view/ratio_chart.h"

#include "perf/util/json_get.h"
#include "perf/view/compare_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 900.0
#define NAME  7.0  // of a letter
#define VALUE 60.0 // column of the ratios, between names and bars
#define RIGHT 24.0
#define ROW   24.0
#define TOP   34.0

struct axis {
    double low, high; // powers of two that hold every ratio and target
    double names, left; // where names end, and bars begin
};

static double at(const struct axis *x, double ratio)
{
    double r = ratio < x->low ? x->low : ratio > x->high ? x->high : ratio;
    return x->left + (WIDTH - x->left - RIGHT) * log(r / x->low) / log(x->high / x->low);
}

static struct axis find_axis(json_t *rows)
{
    struct axis x = {0.125, 2, 0, 0};
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c) {
        double r = json_number_value(json_object_get(c, "ratio"));
        char *title = row_title(c);
        x.names = fmax(x.names, 10 + NAME * strlen(title));
        free(title);
        while (r > 0 && r < x.low && x.low > 1e-4)
            x.low /= 2;
        while (r > x.high && x.high < 1e4)
            x.high *= 2;
    }
    x.left = x.names + VALUE;
    return x;
}

static void line(struct text_buf *t, const char *class, double x, double y1, double y2)
{
    text_addf(t, "<line class=%s x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>", class, x, x, y1, y2);
}

static void add_grid(struct text_buf *t, const struct axis *x, double bottom)
{
    for (double v = x->low; v <= x->high * 1.001; v *= 2) {
        line(t, v == 1 ? "one" : "grid", at(x, v), TOP - 6, bottom);
        text_addf(t, "<text class=dim text-anchor=middle x='%.1f' y='%.1f'>%s%g</text>", at(x, v),
                  TOP - 12, v < 1 ? "1/" : "", v < 1 ? 1 / v : v);
    }
}

static void add_targets(struct text_buf *t, const struct axis *x, json_t *c, double y)
{
    json_t *first = json_object_get(c, "target"), *last = json_object_get(c, "target_final");
    if (json_is_number(first))
        line(t, "target", at(x, json_number_value(first)), y + 2, y + ROW - 4);
    if (json_is_number(last))
        line(t, "final", at(x, json_number_value(last)), y + 2, y + ROW - 4);
}

static void add_bar(struct text_buf *t, const struct axis *x, json_t *c, double y)
{
    json_t *ratio = json_object_get(c, "ratio");
    double r = json_number_value(ratio), one = at(x, 1), end = at(x, r);
    text_addf(t, "<text text-anchor=end x='%.1f' y='%.1f'>", x->names, y + 16);
    char *title = row_title(c);
    html_escape(t, title);
    free(title);
    text_add(t, "</text>");
    if (!json_is_number(ratio)) {
        text_addf(t, "<text class=lost x='%.1f' y='%.1f'>", one + 6, y + 16);
        html_escape(t, text_of(c, "verdict"));
        text_add(t, "</text>");
        return;
    }
    const char *v = text_of(c, "verdict");
    const char *class = !strcmp(v, "regressed")  ? "lost"
                        : !strcmp(v, "improved") ? "ahead"
                                                 : "none";
    text_addf(t, "<rect class=%s x='%.1f' y='%.1f' width='%.1f' height='%.1f'><title>", class,
              r < 1 ? end : one, y + 5, fabs(end - one) < 1 ? 1 : fabs(end - one), ROW - 10);
    html_escape(t, text_of(c, "workload"));
    text_addf(t, ": %.3f</title></rect>", r);
    add_targets(t, x, c, y);
    text_addf(t, "<text class=value text-anchor=end x='%.1f' y='%.1f'>%.3f</text>", x->left - 10, y + 16, r);
}

void ratio_chart(struct text_buf *t, json_t *rows)
{
    struct axis x = find_axis(rows);
    double bottom = TOP + ROW * json_array_size(rows);
    json_t *c;
    size_t i;
    text_addf(t,
              "<h2>Ratio b / a, below 1 is ahead</h2><div class=scroll tabindex=0><svg viewBox='0 0 %.0f %.0f' style='min-width:640px' role=img "
              "aria-label='Ratio to Linux of every workload'>",
              WIDTH, bottom + 10);
    add_grid(t, &x, bottom);
    json_array_foreach (rows, i, c)
        add_bar(t, &x, c, TOP + ROW * i);
    text_add(t, "</svg></div><p class=dim>Logarithmic. Blue: ahead, orange: lost, grey: neither. Solid tick: first "
                "target, dashed: final one.</p>");
}
