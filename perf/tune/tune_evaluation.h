// What a run of the default and a trial beside it says of the trial.
#pragma once
#include "perf/tune/tune_search.h"

// arm: the trial's kernel in the run, the default's is the space's. exact: counts of the det tier, which have no chance in them but differ
// from themselves (docs/statistics.md), and figures that workloads measure themselves, which have their metric's floor: low and high are as far
// from the ratio as that may be, and p is 0 only when 1 lies outside.
// False with *why (the caller's): an objective has no number, or 0, or they are times by different clock sources.
bool tune_evaluate(const struct tune_space *space, json_t *run, const char *arm, bool exact, struct tune_evaluation *out, char **why);
// The fewest boots of an arm with which times can name a winner of that many configurations that are measured again: the least p of the
// signed-rank test, after Holm's correction, is below TUNE_ALPHA.
int tune_least_boots(int held);
