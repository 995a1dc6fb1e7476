// Does a run pass? Each row of it against what was accepted, by the policy (configs/policy.yaml,
// "gate").
#pragma once
#include <jansson.h>
#include <stdbool.h>

// A new array of {workload, metric, kernel, a, b, ratio, best, floor, noise, verdict, reason}, those that do not
// pass first. a: the newest accepted value or the baseline run's, b: this run's. Verdicts: "failed"
// (no number), "missing" (in the baseline, not in the run), "regressed", "drifted" (slowly away from
// the best of the last 20), "inconclusive", "same", "improved", "new".
json_t *gate_against_file(json_t *baseline, json_t *run, const char *kernel);
// The same from two runs, by compare_runs. NULL with *why: they cannot be compared, or are one.
json_t *gate_against_run(json_t *baseline, json_t *run, char **why);
bool gate_row_fails(json_t *row);
struct gate_summary {
    int rows, failing, failed, inconclusive;
};
void gate_summarise(json_t *rows, struct gate_summary *s);
