// Named profiles of the scheduler: configs/sched/NAME.yaml, each knob by a name that configs/knobs.yaml knows.
#pragma once
#include <jansson.h>

// The profile as assignments for config_set(): `kernels.KERNEL.set=[PATH=VALUE, ...]` of every kernel there is, after what each
// sets already. NULL with *why (the caller's): no such profile, a knob that nobody knows, or that the kernel it is set for lacks.
json_t *sched_profile(const char *root, const char *name, char **why);
