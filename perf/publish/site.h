// The static site: overview, a page for each workload's history, a page for each run, the method.
// Opens from a file, needs no network and no script; every number is a <data value=...> with the exact figure of a
// result file or a ratio of two.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

// Writes the site of all runs below `base`, the documents of base/scale and base/lines and the searches of `tune` into `dir`. Pages of runs that
// are there already stay: runs never change. False after saying why; *pages counts what was written. An interrupt ends it
// early: then also false, with nothing said. On a terminal a bar shows how far it is, unless it is quiet.
bool site_write(const char *base, const char *tune, const char *dir, bool quiet, int *pages);

// For the pages: head with style and navigation, foot; `up` leads from the page to the site's root ("", "../").
void site_page_open(struct text_buf *t, const char *title, const char *up);
// The same of a page that the navigation leads to: its file ("scaling.html"), which is marked there.
void site_main_page_open(struct text_buf *t, const char *title, const char *file);
void site_page_close(struct text_buf *t);
// "fork/64M" and "-det-2-QEMU 7.2" -> "fork_64M-det-2-QEMU_7.2", for names of files. '_' is '/' in a usual workload's name, ' ' ", " or "(R)" in a
// usual board's. Where it is anything else ("fork_64M", "c++"), or the name too long for a file, it ends in digits of its digest: no two share a file.
char *site_file_name(const char *workload, const char *board);
// <data value=EXACT>ROUNDED</data>
void site_number(struct text_buf *t, double v);

// The same with six digits, for ratios and small numbers.
void site_exact(struct text_buf *t, double v);
// Keys of a legend: a line of the class lN, a dot of the class.
// The line of a kernel among the keys of an object or the texts of an array: the first CloudOS has 0 on every page, the others 1 to 5 in their order.
int site_line_of(json_t *kernels, const char *kernel);
void site_key(struct text_buf *t, int line, const char *label);
void site_dot(struct text_buf *t, const char *class, const char *label);
// The run's id, as a link where the site has its page.
void site_run_link(struct text_buf *t, const char *id, const char *up);

// The pages besides histories and runs. distribution_page: false when the run holds nothing to show; dir: the run's folder.
bool distribution_page(struct text_buf *t, json_t *run, const char *dir);
void scaling_page(struct text_buf *t, json_t *documents);
void tuning_page(struct text_buf *t, json_t *searches);
void lines_page(struct text_buf *t, json_t *documents);

// "p99, virtual ns"; counts of instructions are named by their unit. The caller frees it.
char *site_metric_name(const char *metric, const char *unit);
// A chart of one workload and metric: one line a kernel, changes of level marked. `series` are of one
// board, workload and metric.
void history_chart(struct text_buf *t, json_t *series);
// Where a series changed its level: indices into its points, kept in the series.
json_t *history_changes(json_t *one);
// A small line of a series without axes.
void history_spark(struct text_buf *t, json_t *one);
