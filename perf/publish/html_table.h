// The tables of the site's pages: a head, rows of texts and numbers. Cells need no end: the next one is it.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

// heads: "kernel|>CPUs|unit"; a column after '>' holds numbers. Escaped.
void html_table_open(struct text_buf *t, const char *heads);
void html_table_close(struct text_buf *t);
// The same within a section that folds; its summary is escaped.
void html_folded_table_open(struct text_buf *t, const char *summary, bool unfolded, const char *heads);
void html_folded_table_close(struct text_buf *t);
// A row begins with its name.
void html_table_row(struct text_buf *t, const char *name);
void html_text_cell(struct text_buf *t, const char *text);
void html_code_cell(struct text_buf *t, const char *code);
// Across n columns: why there are no numbers.
void html_reason_cell(struct text_buf *t, int n, const char *reason);
// The member as a <data> of six digits, or rounded; nothing where there is no number.
void html_exact_cell(struct text_buf *t, json_t *object, const char *key);
void html_number_cell(struct text_buf *t, json_t *object, const char *key);
