// How long a run will take, from the newest run that is there of the same tier.
#pragma once
#include "perf/result/run_session.h"

struct run_estimate {
    double seconds; // 0: no earlier run to say it
    char *from;     // that run's id, the caller's; NULL without one
};

void run_estimate(struct run_estimate *e, const struct run_options *o, const struct run_plan *plan);
// Of boots that are no run: so many of that machine, with so many steps in all of them together. The turns of its CPUs are not looked at.
void run_estimate_boots(struct run_estimate *e, const char *base, const struct vm_spec *spec, int boots, double steps);
