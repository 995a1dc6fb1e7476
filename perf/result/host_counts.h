// What the host counted (perf/place/boot_watch.h) beside a row: per operation of its measured step.
#pragma once
#include "perf/result/step_result.h"

// Adds "host" to a sample that has a number: {exits, halt_exits, ..., instructions, cycles, waited_ns}, per operation, of
// the workload's process as a whole. Nothing when the boot was not watched.
void host_counts_add(json_t *sample, json_t *host, const struct run_plan *plan, const bool *left_out, const char *row);
// {NAME: [a, b]}: the medians of two rows' samples; empty when either has none.
json_t *host_counts_pair(json_t *row_a, json_t *row_b);
// The names in the order in which they are shown, NULL-terminated.
extern const char *const host_count_names[];
