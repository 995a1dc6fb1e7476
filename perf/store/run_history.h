// Every run below a folder as series over time: an SQLite index beside the runs (history.db). The runs'
// JSON is the truth: the index is brought up to date when it is opened, and made anew when it is damaged or of
// another version.
#pragma once
#include <jansson.h>

struct history;

// Reads the runs that the index does not know, forgets those that are gone; what cannot be read is said
// and left out. An index that cannot be written (read-only folder, full disk) is kept in memory for this call.
// The folder is this call's own until it is closed: others wait. NULL with *why (the caller's) when there is no memory, with *why NULL when a signal came
// while it waited.
// on_run: after each of the `of` runs that are looked at, or NULL.
struct history *history_open(const char *base, void (*on_run)(void *ctx, size_t done, size_t of), void *ctx, char **why);
void history_close(struct history *h);

// [{run, created, tier, topology, host, commit}], oldest first; commit "" where none is known.
json_t *history_runs(struct history *h);
// [{tier, topology, host, workload, metric, unit, kernel, points: [{run, created, value}]}]: one series a
// combination, ordered by it, its points oldest first. Rows without a number are no points.
json_t *history_series(struct history *h);
