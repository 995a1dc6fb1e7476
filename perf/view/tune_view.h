// A search for people and programs: whole trials with the best first, sensitivity, what the hold-out said.
#pragma once
#include "perf/tune/tune_search.h"

// What a finished search found, for result.json: {schema, space, objectives[], trials, whole[], sensitivity[], held_out[], held_out_share (of the iterations), winner}.
json_t *tune_result(const struct tune_search *s);
void tune_view(const struct tune_search *s, const char *format); // on stdout
