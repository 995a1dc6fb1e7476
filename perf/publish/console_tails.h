// A run's consoles: the end of each boot's, in a section of the run's page.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

// Boots that failed come first. From the files beside run.json in `dir`, never through a link; of a boot whose file is gone or is none what run.json itself keeps,
// of one that keeps nothing nothing. What HTML or a terminal would take for its own is escaped or left out; all of them together stay far below the 2 MB of a page.
void console_tails(struct text_buf *t, json_t *run, const char *dir);
