// Runs for other programs: CSV and OpenMetrics text. (Google Benchmark's JSON: perf/result/google_bench.h.)
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

// runs: an array of runs. One line a row, a head line first; fields that hold a comma, a quote or a line end are quoted (RFC 4180).
void export_csv(struct text_buf *t, json_t *runs);
// OpenMetrics 1.0: gauge cloudbench_result for rows with a number, cloudbench_failed (1) for those without; ends with "# EOF".
void export_openmetrics(struct text_buf *t, json_t *runs);
