// Axes, lines and bands as inline SVG, for the site's pages. Knows no data; every chart of a page is drawn in one of these.
#pragma once
#include "perf/util/text_buf.h"

#include <stdbool.h>
#include <stddef.h>

// NINES: a share of 1, its distance to 1 on a logarithmic axis (0, 90, 99, 99.9 %); BARE: linear, without ticks.
enum plot_scale { PLOT_LINEAR, PLOT_LOG, PLOT_NINES, PLOT_BARE };
enum plot_unit { PLOT_PLAIN, PLOT_NS, PLOT_PERCENT, PLOT_WHOLE }; // WHOLE: what there is no half of

struct plot_axis {
    const char *title;
    enum plot_scale scale;
    enum plot_unit unit;
    double low, high;
};

// Of the area within the axes: height in pixels; width in pixels of a usual screen, by which points that fall together are told.
struct plot {
    struct plot_axis x, y;
    double width, height;
    bool links; // its dots are some: then it is a group of them, and no picture, for those who cannot see it
};

// low < high, above 0 on a logarithmic axis; widened a little where they are not. label: what the chart shows, for those who cannot see it.
void plot_open(struct text_buf *t, struct plot *p, const char *label);
void plot_close(struct text_buf *t);
// Points (x[i], y[i]); those closer than a pixel to the one before are left out. step: a staircase.
void plot_line(struct text_buf *t, const struct plot *p, const char *class, const double *x, const double *y, size_t n, bool step);
// Between (x, low) and (x, high).
void plot_band(struct text_buf *t, const struct plot *p, const char *class, const double *x, const double *low, const double *high,
               size_t n);
// One point with what it is; the title is escaped here.
void plot_dot(struct text_buf *t, const struct plot *p, const char *class, double x, double y, double radius, const char *title);
// An upright line from bottom to top, with what it is.
void plot_mark(struct text_buf *t, const struct plot *p, const char *class, double x, const char *title);
// A text below the axis, at 0, 50 or 100 per cent of the width; `fine` (HTML) follows it where there is room.
void plot_below(struct text_buf *t, int percent, const char *text, const char *fine);
// Round numbers between the two, `least` apart at least, about five and at most `max`; returns how many.
size_t plot_nice_ticks(double low, double high, double least, double *out, size_t max);
// "12.5 us" for 12500 of PLOT_NS.
void plot_value(char *out, size_t n, enum plot_unit unit, double v);
