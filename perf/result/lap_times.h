// The timings of single iterations that a boot sent (docs/result-protocol.md, "laps"): percentiles in
// nanoseconds an operation, the cost of the timer, whether the window was steady.
#pragma once
#include <jansson.h>
#include <stdbool.h>

struct lap_metric {
    const char *name; // member of a sample
    double quantile;  // 1: the largest
    bool row;         // also a row of its own in the run
};
extern const struct lap_metric lap_metrics[]; // ends with a NULL name

// Adds the metrics that have enough samples, and laps, timer_ns, warmup_slices, steady, to a sample. The
// result record without laps adds nothing. False when its laps are malformed: then the sample is no good.
bool lap_times_add(json_t *sample, json_t *result);
// "WORKLOAD NS_PER_TICK OPS_PER_LAP HISTOGRAM" for the boot's file, or NULL; the caller frees it.
char *lap_times_line(const char *row, json_t *result);
