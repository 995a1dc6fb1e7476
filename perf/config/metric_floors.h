// The floors of a policy, by metric: one of a metric that no row has would be kept and never used.
#pragma once
#include <jansson.h>

// NULL when each floor is of a metric that is, or of `other`; else what is wrong, the caller's. Without workloads that can be read nothing
// is known, and nothing refused.
char *metric_floors_check(const char *root, json_t *policy, json_t *origins);
