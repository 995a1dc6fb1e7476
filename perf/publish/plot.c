// See plot.h. Coordinates have one digit behind the point: a tenth of a pixel.
#include "perf/publish/plot.h"

#include "perf/view/ratio_chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEFT   66.0
#define RIGHT  30.0
#define TOP    30.0
#define BOTTOM 42.0
#define TICKS  5

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

double plot_x(const struct plot *p, double v)
{
    return LEFT + (p->width - LEFT - RIGHT) * within(project(&p->x, v));
}

double plot_y(const struct plot *p, double v)
{
    return TOP + (p->height - TOP - BOTTOM) * (1 - within(project(&p->y, v)));
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

static void draw_axes(struct text_buf *t, const struct plot *p)
{
    double at[16], bottom = p->height - BOTTOM;
    char s[64];
    size_t n = ticks_of(&p->y, at, 16);
    for (size_t i = 0; i < n; i++) {
        double y = plot_y(p, at[i]);
        plot_value(s, sizeof(s), p->y.unit, at[i]);
        text_addf(t, "<line class=grid x1='%.0f' x2='%.0f' y1='%.1f' y2='%.1f'/><text class=dim text-anchor=end x='%.0f' y='%.1f'>%s</text>",
                  LEFT, p->width - RIGHT, y, y, LEFT - 7, y + 4, s);
    }
    n = ticks_of(&p->x, at, 16);
    for (size_t i = 0; i < n; i++) {
        double x = plot_x(p, at[i]);
        plot_value(s, sizeof(s), p->x.unit, at[i]);
        text_addf(t, "<line class=grid x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'/><text class=dim text-anchor=middle x='%.1f' y='%.0f'>%s</text>", x,
                  x, TOP, bottom, x, bottom + 17, s);
    }
    text_addf(t, "<text class=dim text-anchor=end x='%.0f' y='%.0f'>", p->width - RIGHT, p->height - 6);
    html_escape(t, p->x.title);
    text_addf(t, "</text><text class=dim x='%.0f' y='%.0f'>", 10.0, 18.0);
    html_escape(t, p->y.title);
    text_add(t, "</text>");
}

void plot_open(struct text_buf *t, struct plot *p, const char *label)
{
    widen(&p->x);
    widen(&p->y);
    text_addf(t, "<div class=scroll tabindex=0><svg class=chart viewBox='0 0 %.0f %.0f' style='min-width:%.0fpx' role=img aria-label='", p->width, p->height,
              p->width * 0.75);
    html_escape(t, label);
    text_add(t, "'>");
    draw_axes(t, p);
}

void plot_close(struct text_buf *t)
{
    text_add(t, "</svg></div>");
}

void plot_line(struct text_buf *t, const struct plot *p, const char *class, const double *x, const double *y, size_t n, bool step)
{
    double px = -9, py = -9;
    text_addf(t, "<polyline class='%s' points='", class);
    for (size_t i = 0; i < n; i++) {
        double a = plot_x(p, x[i]), b = plot_y(p, y[i]);
        if (i && i + 1 < n && fabs(a - px) < 1 && fabs(b - py) < 1)
            continue;
        if (step && i && fabs(a - px) >= 1)
            text_addf(t, "%.1f,%.1f ", a, py);
        text_addf(t, "%.1f,%.1f ", a, b);
        px = a;
        py = b;
    }
    text_add(t, "'/>");
}

void plot_band(struct text_buf *t, const struct plot *p, const char *class, const double *x, const double *low, const double *high,
               size_t n)
{
    text_addf(t, "<polygon class='%s' points='", class);
    for (size_t i = 0; i < n; i++)
        text_addf(t, "%.1f,%.1f ", plot_x(p, x[i]), plot_y(p, high[i]));
    for (size_t i = n; i-- > 0;)
        text_addf(t, "%.1f,%.1f ", plot_x(p, x[i]), plot_y(p, low[i]));
    text_add(t, "'/>");
}

void plot_dot(struct text_buf *t, const struct plot *p, const char *class, double x, double y, double radius, const char *title)
{
    text_addf(t, "<circle class='%s' r='%.1f' cx='%.1f' cy='%.1f'><title>", class, radius, plot_x(p, x), plot_y(p, y));
    html_escape(t, title);
    text_add(t, "</title></circle>");
}

void plot_mark(struct text_buf *t, const struct plot *p, const char *class, double x)
{
    text_addf(t, "<line class='%s' x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'/>", class, plot_x(p, x), plot_x(p, x), TOP, p->height - BOTTOM);
}
