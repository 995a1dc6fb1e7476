// A run in Google Benchmark's JSON (schema 1): {context, benchmarks[]}, for tools that read that.
#pragma once
#include <jansson.h>

// Only rows with a number are benchmarks; a failed one has error_occurred and error_message.
json_t *google_bench_json(json_t *run);
