// Which runs may go: policy.keep of the configuration (configs/policy.yaml) over the index of runs. Removes nothing itself.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <time.h>

struct retention {
    int last; // newest runs of each tier, topology and host that stay
    int days; // younger ones stay too
};

// runs: history_runs(), oldest first. Adds to *gone the ids of those that no rule keeps. A run whose time is not understood stays, and
// one whose folder below base holds a file "keep".
void retention_choose(const struct retention *r, json_t *runs, const char *base, time_t now, struct str_list *gone);
// The folders of unfinished runs (perf/result/run_partial.h), also of those that were killed before there was anything to go on with, in which nothing was
// written for r->days, that nobody measures into and that are not marked.
void retention_unfinished(const struct retention *r, const char *base, time_t now, struct str_list *gone);
