// What a line of a search's log must be before its figures count as measured: text of whatever origin.
#pragma once
#include <jansson.h>

// Why the line is no trial of that many knobs and objectives, or NULL. What passes says ok with a ratio above 0 for each objective, a p within 0 to 1 and an
// interval (high null: without an end), or says why it has none.
const char *tune_trial_fault(json_t *line, int knobs, int objectives);
