// Progress on stderr: a bar with the time left on a terminal, one line an event otherwise. Never on
// stdout. Whatever is said meanwhile (perf/util/say.h) takes the bar's place, and the bar comes again below it.
// A verb whose parts are runs of their own (perf/verbs/self_run.h) hands its bar on to each: the run then shows the whole.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    bool bar, quiet;
    double started, drawn;
    double from, share; // of the whole bar: all of it, or the part that was handed on to this process
    double done, total; // in units of work
    char what[96];
    FILE *relay; // another process shows it; or NULL
};

void progress_start(struct progress *p, double total, bool quiet);
// Is there a bar to be seen?
bool progress_has_bar(const struct progress *p);
// The bar's caption; no line where there is no bar.
void progress_caption(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// The next run that is started shows the bar, and itself as the next `units` of it; taken back by progress_add() of them.
void progress_hand_on(struct progress *p, double units);
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
