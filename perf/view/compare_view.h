// A comparison for people and programs: text, Markdown, JSON, CSV.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

// Says which formats there are when it is none of them.
bool format_known(const char *format);
// run: the (first) run, for labels and the tier's line; rows: of compare_kernels or compare_runs.
// On stdout.
void compare_view(json_t *run, json_t *rows, const char *format);
// A number as people read it: "355", "6,576,775", "0.52".
void format_number(char *out, size_t n, double v);
// "tier det: ...; 2048 MiB, 1 CPU" for the head of a table. The caller frees it.
char *tier_line(json_t *run);
// "pipe", or "pipe p99" for a percentile. The caller frees it.
// Of rows that are compared with several kernels: the name of the row's own, when it is not the first row's; else "".
const char *row_other_a(json_t *rows, json_t *c);
// " linux-612 failed" for each kernel that a could have been and that has no number in the row.
void html_failed_kernels(struct text_buf *t, json_t *c);
char *row_title(json_t *c);
// Is b more than one kernel, so that a row must name its own?
bool rows_of_several_kernels(json_t *rows);
// "a: Linux, the fastest in each row; b: CloudOS", or the kernels that the run compares.
void html_sides(struct text_buf *t, json_t *run);
// The row's verdict as people read it: "ahead", "lost", "same", ...
const char *verdict_word(json_t *c);
