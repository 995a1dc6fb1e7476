// What was accepted before: a file with exact figures of one kernel in one shape of machine, the last
// 20 accepted values of each row, and how they were measured, in the words of a run. perf/baselines/ holds the project's own. Schema
// "cloudbench-baseline/1"; docs/gate.md explains it.
#pragma once
#include <jansson.h>
#include <stdbool.h>

#define BASELINE_SCHEMA "cloudbench-baseline/1"
#define BASELINE_KEPT   20

// The file as JSON, checked whole. NULL with *why (the caller's).
json_t *baseline_load(const char *path, char **why);
// The same of a text; `name` stands for the path.
json_t *baseline_parse(const char *name, const char *text, size_t len, char **why);
// Does the file's schema say that it is a baseline? (It may still be malformed.)
bool baseline_is(const char *path);
// The baseline's row, or NULL.
json_t *baseline_row(json_t *baseline, const char *workload, const char *metric);
double baseline_newest(json_t *row);
// Can a row of a run be accepted? A file holds ratios' denominators: numbers above 0 (a count of misses may be 0).
bool baseline_has_room(json_t *row);
// The least of the accepted values, from that of `since` on where the row has one: {"value": V, "why": TEXT}, a drift that was accepted.
double baseline_best(json_t *row);
// How far the newest lies above the best before `since`, and why; NULL where it does not (the caller's).
char *baseline_accepted_drift(json_t *row);
// Adds the values of the run's kernel to `old` (NULL: a first baseline): a new document. Rows without
// a number, or with 0, are left as they were. NULL with *why when the run does not fit.
json_t *baseline_accept(json_t *old, json_t *run, const char *kernel, char **why);
// Does it say how its values were measured (scale, rows of a boot, settings, control, knobs)? What an older one does not say is taken
// to be the run's; so are the iterations of a row that has none.
bool baseline_says_how(json_t *baseline);
// NULL when the run's kernel fits the baseline, else why not (the caller's): another kernel, tier, shape, QEMU or turns, or measured so
// that two runs would not be compared (perf/store/run_likeness.h).
char *baseline_misfit(json_t *baseline, json_t *run, const char *kernel);
