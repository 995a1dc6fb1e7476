// A gate's rows for people, for JUnit readers and for a merge request's comment.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

void gate_view(json_t *rows, const char *format);           // on stdout
void gate_junit(struct text_buf *t, json_t *rows, const char *name);
void compare_junit(struct text_buf *t, json_t *rows, const char *name); // of a comparison's rows: a lost one fails, one that is inconclusive or of one run is skipped
void gate_markdown(struct text_buf *t, json_t *rows, const char *name);
