// Draws the bar; estimates the time left from the share of the work that is done.
#include "perf/view/progress.h"

#include "perf/util/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BAR_CELLS  24
#define MIN_REDRAW 0.1

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void format_left(const struct progress *p, char *out, size_t n)
{
    double share = p->total > 0 ? p->done / p->total : 0, spent = now() - p->started;
    if (share < 0.02)
        snprintf(out, n, "--:-- left");
    else
        snprintf(out, n, "%d:%02d left", (int)(spent / share - spent) / 60,
                 (int)(spent / share - spent) % 60);
}

void progress_start(struct progress *p, double total, bool quiet)
{
    *p = (struct progress){
        .bar = isatty(STDERR_FILENO), .quiet = quiet, .started = now(), .total = total};
}

void progress_draw(struct progress *p)
{
    char left[32];
    int filled = p->total > 0 ? (int)(BAR_CELLS * p->done / p->total) : 0;
    double t = now();
    if (!p->bar || p->quiet || p->relay || t - p->drawn < MIN_REDRAW)
        return;
    p->drawn = t;
    format_left(p, left, sizeof(left));
    fprintf(stderr, "\r\033[K[");
    for (int i = 0; i < BAR_CELLS; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %3.0f %% %s %s%s%s", p->total > 0 ? 100 * p->done / p->total : 0, left,
            tint_err(TINT_DIM), p->what, tint_err(TINT_OFF));
    fflush(stderr);
}

void progress_event(struct progress *p, const char *fmt, ...)
{
    char left[32];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->what, sizeof(p->what), fmt, ap);
    va_end(ap);
    if (p->relay)
        fprintf(p->relay, "e%s\n", p->what);
    if (p->relay || p->quiet)
        return;
    if (p->bar) {
        progress_draw(p);
        return;
    }
    format_left(p, left, sizeof(left));
    say("[%3.0f %%, %s] %s", p->total > 0 ? 100 * p->done / p->total : 0, left, p->what);
}

void progress_skip(struct progress *p, double units)
{
    p->total -= units;
}

void progress_add(struct progress *p, double units)
{
    if (p->relay)
        fprintf(p->relay, "+%.17g\n", units);
    p->done += units;
    if (p->done > p->total)
        p->done = p->total;
    progress_draw(p);
}

void progress_clear(struct progress *p)
{
    if (p->bar && !p->quiet && !p->relay)
        fprintf(stderr, "\r\033[K");
    if (p->relay)
        fflush(p->relay);
}

void progress_relay(struct progress *p, FILE *to)
{
    setvbuf(to, NULL, _IOLBF, BUFSIZ);
    p->relay = to;
}

bool progress_take(struct progress *p, const char *line)
{
    if (*line == '+')
        progress_add(p, strtod(line + 1, NULL));
    else if (*line == 'e')
        progress_event(p, "%s", line + 1);
    return *line == '+' || *line == 'e';
}
