// Draws the bar; estimates the time left from the share of the work that is done.
#include "perf/view/progress.h"

#include "perf/util/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_CELLS  24
#define MIN_REDRAW 0.1
#define USUAL_COLUMNS 80
#define PART       "CLOUDBENCH_PROGRESS_PART"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

// Of the whole bar.
static double share_done(const struct progress *p)
{
    return p->from + p->share * (p->total > 0 ? p->done / p->total : 0);
}

static void format_left(const struct progress *p, char *out, size_t n)
{
    double share = share_done(p), spent = now() - p->started;
    if (share < 0.02)
        snprintf(out, n, "--:-- left");
    else
        snprintf(out, n, "%d:%02d left", (int)(spent / share - spent) / 60,
                 (int)(spent / share - spent) % 60);
}

// What another process handed on: "FROM SHARE SPENT", seconds. Only once: what this one starts is no part of it.
static void take_part(struct progress *p)
{
    const char *part = getenv(PART);
    double from, share, spent;
    if (part && sscanf(part, "%lf %lf %lf", &from, &share, &spent) == 3 && from >= 0 && share >= 0 && from + share <= 1.001 && spent >= 0) {
        p->from = from;
        p->share = share;
        p->started -= spent;
    }
    unsetenv(PART);
}

void progress_start(struct progress *p, double total, bool quiet)
{
    *p = (struct progress){.bar = isatty(STDERR_FILENO), .quiet = quiet, .started = now(), .share = 1, .total = total};
    take_part(p);
}

bool progress_has_bar(const struct progress *p)
{
    return p->bar && !p->quiet && !p->relay;
}

void progress_hand_on(struct progress *p, double units)
{
    char part[96];
    if (!progress_has_bar(p) || !(p->total > 0))
        return;
    double left = 1 - p->done / p->total, share = units / p->total;
    snprintf(part, sizeof(part), "%.9f %.9f %.3f", share_done(p), p->share * (share < left ? share : left), now() - p->started);
    setenv(PART, part, 1);
}

// A bar that goes on in a second line could not be wiped.
static int room_for_caption(const char *left)
{
    struct winsize size;
    int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? USUAL_COLUMNS : size.ws_col;
    int room = columns - 1 - (BAR_CELLS + (int)strlen("[] 100 %  ") + (int)strlen(left));
    return room > 0 ? room : 0;
}

void progress_draw(struct progress *p)
{
    char left[32];
    double share = share_done(p), t = now();
    int filled = (int)(BAR_CELLS * share);
    if (!progress_has_bar(p) || t - p->drawn < MIN_REDRAW)
        return;
    p->drawn = t;
    format_left(p, left, sizeof(left));
    fprintf(stderr, "\r\033[K[");
    for (int i = 0; i < BAR_CELLS; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %3.0f %% %s %s%.*s%s", 100 * share, left, tint_err(TINT_DIM), room_for_caption(left), p->what, tint_err(TINT_OFF));
    fflush(stderr);
    say_bar_shown(true);
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
    say("[%3.0f %%, %s] %s", 100 * share_done(p), left, p->what);
}

void progress_caption(struct progress *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->what, sizeof(p->what), fmt, ap);
    va_end(ap);
    progress_draw(p);
}

void progress_skip(struct progress *p, double units)
{
    p->total = p->total > units ? p->total - units : 0;
}

void progress_add(struct progress *p, double units)
{
    if (p->relay)
        fprintf(p->relay, "+%.17g\n", units);
    p->done += units;
    if (p->done > p->total)
        p->done = p->total;
    unsetenv(PART);
    progress_draw(p);
}

void progress_clear(struct progress *p)
{
    say_wipe_bar();
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
