// Progress on stderr: a bar with the time left on a terminal, one line an event otherwise. Never on
// stdout.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    bool bar, quiet;
    double started, drawn;
    double done, total; // in units of work
    char what[96];
    FILE *relay; // another process shows it; or NULL
};

void progress_start(struct progress *p, double total, bool quiet);
// An event worth a line (no terminal) or the bar's new caption.
void progress_event(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Work that was done before the start: it says nothing of the time left.
void progress_skip(struct progress *p, double units);
void progress_add(struct progress *p, double units);
void progress_draw(struct progress *p); // at most ten times a second
void progress_clear(struct progress *p);
// From now on units and events go there, a line each, and nothing to stderr.
void progress_relay(struct progress *p, FILE *to);
// A line that another process relayed: shown as this one's own. False when it is none.
bool progress_take(struct progress *p, const char *line);
