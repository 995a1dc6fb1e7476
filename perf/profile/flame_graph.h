// A flame graph (Gregg 2013) as one SVG file: no script, no font or address from outside, for light and dark.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

// folded: {path: instructions} (perf/profile/folded_stacks.h); ops: the operations they belong to. A frame's width is its part of the
// instructions, with all that it called; frames of less than 0.1 % are left out. Title and heading are escaped here.
void flame_graph(struct text_buf *t, json_t *folded, double ops, const char *title, const char *heading);
