// A search for people and programs: whole trials with the best first, sensitivity, what the hold-out said.
#pragma once
#include "perf/tune/tune_search.h"

void tune_view(const struct tune_search *s, const char *format); // on stdout
