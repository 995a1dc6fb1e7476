// The static site: overview, a page for each workload's history, a page for each run, the method.
// Opens from a file, needs no network and no script; every number is a <data value=...> with the exact figure of a
// result file or a ratio of two.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

// Writes the site of all runs below `base` into `dir`. Pages of runs that are there already stay:
// runs never change. False after saying why; *pages counts what was written.
bool site_write(const char *base, const char *dir, int *pages);

// For the pages: head with style and navigation, foot; `up` leads from the page to the site's root ("", "../").
void site_page_open(struct text_buf *t, const char *title, const char *up);
void site_page_close(struct text_buf *t);
// "fork/64M" -> "fork_64M", for names of files.
char *site_file_name(const char *name);
// <data value=EXACT>ROUNDED</data>
void site_number(struct text_buf *t, double v);

// A chart of one workload and metric: one line a kernel, changes of level marked. `series` are of one
// board, workload and metric.
void history_chart(struct text_buf *t, json_t *series);
// Where a series changed its level: indices into its points, kept in the series.
json_t *history_changes(json_t *one);
// A small line of a series without axes.
void history_spark(struct text_buf *t, json_t *one);
