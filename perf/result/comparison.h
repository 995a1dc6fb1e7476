// Two sides of every row: a and b, ratio b/a, verdict. One run: a is its fastest Linux in that row,
// b is CloudOS. Two runs: a is the first, b the second, kernel by kernel.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// A new array of {workload, kernel_a, kernel_b, metric, unit, tier, a, b, ratio, interval, p,
// verdict, target, target_final, reached, reason, hidden, more, absent (Linux kernels that failed there)}, rows without a number and lost
// rows first. NULL with *why (owned).
json_t *compare_kernels(json_t *run, char **why);
// Has the run kernels of both families? Else a is its first kernel, and b each other one.
bool compare_has_families(json_t *run);
// NULL, too, where times of one kernel are by two clocks.
// Rows whose workload's program is another file in b have program_a and program_b, the hashes.
json_t *compare_runs(json_t *a, json_t *b, char **why);

// The clock source that the guest of a boot had, NULL where it did not say.
const char *boot_clock(json_t *boot);
// Verdicts of a row that the other side did not measure.
#define ONLY_IN_A "only in a"
#define ONLY_IN_B "only in b"
// Are the rows those of two runs, kernel by kernel, or one run's kernels?
bool rows_of_two_runs(json_t *rows);
// The kernel of b; of a row that b does not have the one of a.
const char *row_kernel(json_t *c);

// How far the windows of a counted row differ from each other, as a share of its value; 0 where each ran once.
double row_own_spread(json_t *row);

struct comparison_summary {
    int rows, unsupported, failed, lost, reached, with_target, improved, same, inconclusive, more, absent, only_a, only_b;
};
void comparison_summarise(json_t *rows, struct comparison_summary *s);
// Has any row of a comparison an interval? Counts of one boot have none.
bool comparison_has_intervals(json_t *rows);
