// Named profiles of the scheduler: configs/sched/NAME.yaml, each knob by a name that configs/knobs.yaml knows.
#pragma once
#include <jansson.h>

// The profile as assignments for config_set(): `kernels.KERNEL.set=[PATH=VALUE, ...]` of every kernel there is, after what each
// sets already, or `kernels.KERNEL.refused=WHY` of one that lacks a knob which the profile sets for it: who boots that one is told why.
// NULL with *why (the caller's): no such profile, a knob that nobody knows, or that no kernel of the family it is set for has.
json_t *sched_profile(const char *root, const char *name, char **why);
