// The workloads that suites name: one that is none would be found only by the run that takes the suite.
#pragma once
#include <jansson.h>

// NULL when each is a workload, copies of one or "*"; else what is wrong, the caller's. Without workloads that can be read nothing is
// known, and nothing refused.
char *suite_names_check(const char *root, json_t *suites, json_t *origins);
