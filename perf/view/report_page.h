// out/report/index.html: one self-contained page with the ratios as a chart, the table, the
// identity of what was compared and how each number was made. No network, no script needed, light
// and dark.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// rows: a comparison, or NULL when there is nothing to compare. Says the page's place on stderr, or
// why it could not be written: then false.
bool report_page_write(json_t *run, json_t *rows);
// The page itself; the caller frees it.
char *report_page_html(json_t *run, json_t *rows);
// The page's CSS, for other pages that should look like it.
extern const char report_style[];
