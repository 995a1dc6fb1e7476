// `tune --dry-run`.
#pragma once
#include "perf/tune/tune_space.h"

// stages: [{stage, share, trials, boots, estimate_seconds, estimated_from}]; text, md, json or csv on stdout.
void tune_dry_view(const struct tune_space *s, const char *tier, const char *topology, json_t *stages, const char *dir, const char *format);
