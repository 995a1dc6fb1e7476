// Instructions by call stack, "outermost;...;innermost" -> a number, from the plugin's lines "stack N PATH"
// (docs/result-protocol.md) and between two boots.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

// The lines of a count file as {path: instructions}; other lines are not looked at. NULL with *why when one is no such line.
json_t *folded_parse(const char *counts, char **why);
// {path: more - less} where that is above 0: what the additional iterations cost.
json_t *folded_slope(json_t *less, json_t *more);
// One line a path, "PATH N" with whole N, by path: what flame graph tools read.
void folded_write(struct text_buf *t, json_t *folded);
