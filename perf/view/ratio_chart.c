// Draws the chart. Bars grow from 1: to the left CloudOS needs less, to the right more. Names and numbers are cells of a grid, bars SVG that is as
// wide as its cell, so that on a narrow screen the name stands above its bar and nothing scrolls. Colours come from the page's style.
#include "perf/view/ratio_chart.h"

#include "perf/result/comparison.h"
#include "perf/util/json_get.h"
#include "perf/view/compare_view.h"
#include "perf/view/html_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct axis {
    double low, high; // powers of two that hold every ratio and target
};

// A share of the width, in per cent.
static double at(const struct axis *x, double ratio)
{
    double r = ratio < x->low ? x->low : ratio > x->high ? x->high : ratio;
    return 100 * log(r / x->low) / log(x->high / x->low);
}

static void hold(struct axis *x, json_t *ratio)
{
    double r = json_number_value(ratio);
    while (r > 0 && r < x->low && x->low > 1e-4)
        x->low /= 2;
    while (r > x->high && x->high < 1e4)
        x->high *= 2;
}

static struct axis find_axis(json_t *rows)
{
    struct axis x = {0.5, 2};
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c) {
        hold(&x, json_object_get(c, "ratio"));
        hold(&x, json_object_get(c, "target"));
        hold(&x, json_object_get(c, "target_final"));
    }
    return x;
}

static void line(struct text_buf *t, const char *class, double percent)
{
    text_addf(t, "<line class=%s x1='%.2f%%' x2='%.2f%%' y2='100%%'/>", class, percent, percent);
}

// Every second power of two has a label where there is little room, and 1 always.
static void add_scale(struct text_buf *t, const struct axis *x)
{
    text_add(t, "<span class=name></span><span></span><svg aria-hidden=true>");
    for (double v = x->low; v <= x->high * 1.001; v *= 2) {
        bool fine = (int)round(log2(v)) % 2;
        text_addf(t, "<text class='dim%s' text-anchor=middle x='%.2f%%' y=17>%s%g</text>", fine ? " fine" : "", at(x, v), v < 1 ? "1/" : "",
                  v < 1 ? 1 / v : v);
    }
    text_add(t, "</svg>");
}

static void add_grid(struct text_buf *t, const struct axis *x)
{
    for (double v = x->low; v <= x->high * 1.001; v *= 2)
        line(t, v == 1 ? "one" : "grid", at(x, v));
}

static void add_targets(struct text_buf *t, const struct axis *x, json_t *c)
{
    json_t *first = json_object_get(c, "target"), *last = json_object_get(c, "target_final");
    if (json_is_number(first))
        line(t, "target", at(x, json_number_value(first)));
    if (json_is_number(last))
        line(t, "final", at(x, json_number_value(last)));
}

static const char *colour_of(json_t *c)
{
    const char *v = text_of(c, "verdict");
    return !strcmp(v, "regressed") ? "lost" : !strcmp(v, "improved") ? "ahead" : "none";
}

// The name, of several kernels also whose row it is; the ratio or what stands in its place.
static void add_words(struct text_buf *t, json_t *c, bool several)
{
    json_t *ratio = json_object_get(c, "ratio");
    char *title = row_title(c), three[32];
    text_add(t, "<span class=name>");
    html_escape(t, title);
    if (several) {
        text_add(t, " <span class=dim>");
        html_escape(t, row_kernel(c));
        text_add(t, "</span>");
    }
    text_add(t, json_is_number(ratio) ? "</span><span>" : "</span><span class=word>");
    free(title);
    snprintf(three, sizeof(three), "%.3f", json_number_value(ratio));
    if (json_is_number(ratio))
        html_data(t, json_number_value(ratio), three);
    else
        html_escape(t, text_of(c, "verdict"));
    text_add(t, "</span>");
}

static void add_row(struct text_buf *t, const struct axis *x, json_t *c, bool several)
{
    double r = json_number_value(json_object_get(c, "ratio")), one = at(x, 1), end = at(x, r);
    add_words(t, c, several);
    text_add(t, "<svg aria-hidden=true>");
    add_grid(t, x);
    if (r > 0)
        text_addf(t, "<rect class=%s x='%.2f%%' y=5 width='%.2f%%' height=14 />", colour_of(c), r < 1 ? end : one, fmax(fabs(end - one), 0.2));
    add_targets(t, x, c);
    text_add(t, "</svg>");
}

void ratio_chart(struct text_buf *t, json_t *rows)
{
    struct axis x = find_axis(rows);
    bool several = rows_of_several_kernels(rows);
    json_t *c;
    size_t i;
    text_add(t, "<h2>Ratio b / a, below 1 is ahead</h2><div class=ratios>");
    add_scale(t, &x);
    json_array_foreach (rows, i, c)
        add_row(t, &x, c, several);
    text_add(t, "</div><p class=dim>Logarithmic. Blue: ahead, orange: lost, grey: neither. Solid tick: first "
                "target, dashed: final one.</p>");
}
