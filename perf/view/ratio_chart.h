// The ratios as a chart for HTML: a bar a row on a logarithmic axis, a line at 1, ticks at the targets.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

void ratio_chart(struct text_buf *t, json_t *rows);
