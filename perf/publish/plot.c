// See plot.h. A chart is as wide as its place: dots, ticks and marks stand at percentages, lines are drawn in a nominal size and stretched without
// their strokes. So no chart scrolls and no letter shrinks. Of the ticks' labels `fine` ones are left out where there is little room.
#include "perf/publish/plot.h"

#include "perf/view/html_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TICKS  5
#define NARROW 270.0 // pixels between the axes on a narrow screen
#define GLYPH  7.0   // of a label's letter
#define GAP    12.0  // between labels

static double project(const struct plot_axis *a, double v)
{
    if (a->scale == PLOT_LOG)
        return log(v / a->low) / log(a->high / a->low);
    if (a->scale == PLOT_NINES)
        return log((1 - a->low) / (1 - v)) / log((1 - a->low) / (1 - a->high));
    return (v - a->low) / (a->high - a->low);
}

static double within(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

// From the left and from the top, shares of 1.
static double from_left(const struct plot *p, double v)
{
    return within(project(&p->x, v));
}

static double from_top(const struct plot *p, double v)
{
    return 1 - within(project(&p->y, v));
}

void plot_value(char *out, size_t n, enum plot_unit unit, double v)
{
    static const struct {
        double from;
        const char *name;
    } steps[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "&micro;s"}, {0, "ns"}};
    int i = 0;
    if (unit == PLOT_PERCENT)
        snprintf(out, n, "%.6g %%", 100 * v);
    else if ((unit == PLOT_PLAIN || unit == PLOT_WHOLE) && fabs(v) >= 1e6)
        snprintf(out, n, "%.6g M", v / 1e6);
    else if (unit == PLOT_PLAIN && fabs(v) >= 1e4)
        snprintf(out, n, "%.6g k", v / 1e3);
    else if (unit == PLOT_PLAIN || unit == PLOT_WHOLE)
        snprintf(out, n, "%.6g", v);
    while (unit == PLOT_NS && v < steps[i].from)
        i++;
    if (unit == PLOT_NS)
        snprintf(out, n, "%.4g %s", v / (steps[i].from ? steps[i].from : 1), steps[i].name);
}

size_t plot_nice_ticks(double low, double high, double least, double *out, size_t max)
{
    double raw = (high - low) / TICKS, power = pow(10, floor(log10(raw))), step = power;
    size_t n = 0;
    step = raw / power > 5 ? 10 * power : raw / power > 2 ? 5 * power : raw / power > 1 ? 2 * power : power;
    step = fmax(step, least);
    for (double v = ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step && n < max; v += step)
        out[n++] = fabs(v) < 1e-9 * step ? 0 : v;
    return n;
}

static size_t ticks_log(const struct plot_axis *a, double *out, size_t max)
{
    static const double of_ten[] = {1, 2, 5};
    bool few = a->high / a->low > 300;
    size_t n = 0;
    for (double ten = pow(10, floor(log10(a->low))); ten <= a->high; ten *= 10)
        for (int i = 0; i < (few ? 1 : 3); i++)
            if (of_ten[i] * ten >= a->low && of_ten[i] * ten <= a->high && n < max)
                out[n++] = of_ten[i] * ten;
    return n >= 2 || max < 3 ? n : plot_nice_ticks(a->low, a->high, a->unit == PLOT_WHOLE ? 1 : 0, out, max);
}

static size_t ticks_nines(const struct plot_axis *a, double *out, size_t max)
{
    static const double known[] = {0, 0.9, 0.99, 0.999, 0.9999, 0.99999};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (known[i] >= a->low && known[i] <= a->high && n < max)
            out[n++] = known[i];
    return n;
}

static size_t ticks_of(const struct plot_axis *a, double *out, size_t max)
{
    if (a->scale == PLOT_BARE)
        return 0;
    return a->scale == PLOT_LOG ? ticks_log(a, out, max) : a->scale == PLOT_NINES ? ticks_nines(a, out, max) : plot_nice_ticks(a->low, a->high, a->unit == PLOT_WHOLE ? 1 : 0, out, max);
}

static void widen(struct plot_axis *a)
{
    if (a->high > a->low)
        return;
    double room = a->low != 0 ? fabs(a->low) * 0.1 : 1;
    a->high = a->low + room;
    a->low -= a->scale == PLOT_LOG ? 0 : room;
}

// Is there room for all labels on a narrow screen? Those of nines crowd to the right.
static bool all_have_room(const struct plot_axis *a, const double *at, size_t n)
{
    double room = 0;
    char s[64];
    for (size_t i = 0; i < n; i++) {
        plot_value(s, sizeof(s), a->unit, at[i]);
        room += GLYPH * strlen(s) + GAP;
    }
    return room <= NARROW && a->scale != PLOT_NINES;
}

// What is left out there: of a logarithmic axis with more than two powers of ten what is none, of others every second one.
static bool is_fine(const struct plot_axis *a, double v, size_t i)
{
    double ten = log10(v);
    if (a->scale == PLOT_LOG && a->high / a->low > 100)
        return fabs(ten - round(ten)) > 1e-6;
    return i % 2;
}

static void draw_y_axis(struct text_buf *t, const struct plot *p)
{
    double at[16];
    char s[64];
    size_t n = ticks_of(&p->y, at, 16);
    for (size_t i = 0; i < n; i++) {
        double y = 100 * from_top(p, at[i]);
        plot_value(s, sizeof(s), p->y.unit, at[i]);
        text_addf(t, "<line class=grid x2='100%%' y1='%.2f%%' y2='%.2f%%'/><text class=dim text-anchor=end x=-7 dy=4 y='%.2f%%'>%s</text>", y, y, y, s);
    }
    if (*p->y.title)
        text_add(t, "<text class=dim x=-52 y=-20>");
    html_escape(t, p->y.title);
    text_add(t, *p->y.title ? "</text>" : "");
}

static void draw_x_axis(struct text_buf *t, const struct plot *p)
{
    double at[16];
    char s[64];
    size_t n = ticks_of(&p->x, at, 16);
    bool all = all_have_room(&p->x, at, n);
    for (size_t i = 0; i < n; i++) {
        plot_value(s, sizeof(s), p->x.unit, at[i]);
        double x = 100 * from_left(p, at[i]);
        text_addf(t, "<line class=grid x1='%.2f%%' x2='%.2f%%' y2='100%%'/>", x, x);
        text_addf(t, "<text class='dim%s' text-anchor=middle x='%.2f%%' y='100%%' dy=17>%s</text>", !all && is_fine(&p->x, at[i], i) ? " fine" : "", x, s);
    }
    if (*p->x.title)
        text_add(t, "<text class=dim text-anchor=end x='100%' y='100%' dy=35>");
    html_escape(t, p->x.title);
    text_add(t, *p->x.title ? "</text>" : "");
}

// The margins are those of .chart in perf/publish/site.c.
void plot_open(struct text_buf *t, struct plot *p, const char *label)
{
    widen(&p->x);
    widen(&p->y);
    text_addf(t, "<div class='chart%s%s'><svg class=plot style='height:%.0fpx' role=%s aria-label='", *p->x.title ? " titled" : "", *p->y.title ? " headed" : "",
              p->height, p->links ? "group" : "img");
    html_escape(t, label);
    text_add(t, "'>");
    draw_y_axis(t, p);
    draw_x_axis(t, p);
}

void plot_close(struct text_buf *t)
{
    text_add(t, "</svg></div>");
}

// What is stretched with the chart.
static void open_stretched(struct text_buf *t, const struct plot *p)
{
    text_addf(t, "<svg viewBox='0 0 %.0f %.0f' preserveAspectRatio=none>", p->width, p->height);
}

void plot_line(struct text_buf *t, const struct plot *p, const char *class, const double *x, const double *y, size_t n, bool step)
{
    double px = -9, py = -9;
    open_stretched(t, p);
    text_addf(t, "<polyline class='%s' points='", class);
    for (size_t i = 0; i < n; i++) {
        double a = p->width * from_left(p, x[i]), b = p->height * from_top(p, y[i]);
        if (i && i + 1 < n && fabs(a - px) < 1 && fabs(b - py) < 1)
            continue;
        if (step && i && fabs(a - px) >= 1)
            text_addf(t, "%.1f,%.1f ", a, py);
        text_addf(t, "%.1f,%.1f ", a, b);
        px = a;
        py = b;
    }
    text_add(t, "'/></svg>");
}

void plot_band(struct text_buf *t, const struct plot *p, const char *class, const double *x, const double *low, const double *high,
               size_t n)
{
    open_stretched(t, p);
    text_addf(t, "<polygon class='%s' points='", class);
    for (size_t i = 0; i < n; i++)
        text_addf(t, "%.1f,%.1f ", p->width * from_left(p, x[i]), p->height * from_top(p, high[i]));
    for (size_t i = n; i-- > 0;)
        text_addf(t, "%.1f,%.1f ", p->width * from_left(p, x[i]), p->height * from_top(p, low[i]));
    text_add(t, "'/></svg>");
}

void plot_dot(struct text_buf *t, const struct plot *p, const char *class, double x, double y, double radius, const char *title)
{
    text_addf(t, "<circle class='%s' r='%.3g' cx='%.2f%%' cy='%.2f%%'><title>", class, radius, 100 * from_left(p, x), 100 * from_top(p, y));
    html_escape(t, title);
    text_add(t, "</title></circle>");
}

void plot_mark(struct text_buf *t, const struct plot *p, const char *class, double x, const char *title)
{
    double at = 100 * from_left(p, x);
    text_addf(t, "<line class='%s' x1='%.2f%%' x2='%.2f%%' y2='100%%'><title>", class, at, at);
    html_escape(t, title);
    text_add(t, "</title></line>");
}

void plot_below(struct text_buf *t, int percent, const char *text, const char *fine)
{
    text_addf(t, "<text class=dim text-anchor=%s x='%d%%' y='100%%' dy=19>", percent == 0 ? "start" : percent == 100 ? "end" : "middle", percent);
    html_escape(t, text);
    text_addf(t, *fine ? "<tspan class=fine>%s</tspan></text>" : "</text>", fine);
}
