// `run --dry-run`: what would be booted, how often, where on the host, and about how long it takes.
#pragma once
#include "perf/result/run_session.h"

// text, md, json or csv on stdout. 0, or EXIT_USAGE after saying what of the plan is wrong.
int dry_run_view(struct run_options *o, const char *format);
