// How long a run will take, from the newest run that is there of the same tier.
#pragma once
#include "perf/result/run_session.h"

struct run_estimate {
    double seconds; // 0: no earlier run to say it
    char *from;     // that run's id, the caller's; NULL without one
};

void run_estimate(struct run_estimate *e, const struct run_options *o, const struct run_plan *plan);
