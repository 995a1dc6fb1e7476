// Throughput of a workload against the number of CPUs, from one run for each number, and the law that fits it.
// Each run measured "copies/W": W on every CPU at once.
#pragma once
#include <jansson.h>
#include <stdint.h>

// Adds the run's rows to the document: points[] of {workload, kernel, cpus, value, unit, throughput, latency, run} or of
// {..., status, reason} for a row without a number.
void scale_add_run(json_t *document, json_t *run);
// After the last run: efficiency of each point (its throughput over that of the fewest CPUs, by their numbers) and
// fits[] of {workload, kernel, lambda, sigma, kappa, knee, knee_low, knee_high, curve[] of [CPUs, throughput, low, high]}, or of {..., reason}.
// A fit without a band has null for its ends, and no_band says why.
void scale_finish(json_t *document, uint64_t seed);
// The document as tables.
void scale_print(json_t *document, const char *format);
