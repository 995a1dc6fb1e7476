// compare.html: of each tier, topology and host the newest run beside the newest before it that has rows of it, kernel by kernel: what became slower,
// what faster, and the rows that did not move. Copies (cloudbench scale) have their own page.
#include "perf/publish/site_state.h"

#include "perf/publish/html_table.h"
#include "perf/result/comparison.h"
#include "perf/result/run_plan.h"
#include "perf/result/run_store.h"
#include "perf/util/json_get.h"
#include "perf/view/compare_view.h"
#include "perf/view/html_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_THROUGH 20 // older runs of a board

static bool has_both(json_t *c)
{
    return json_is_number(json_object_get(c, "a")) && json_is_number(json_object_get(c, "b"));
}

// Rows that both runs have, and those of the newer one that have no number any more.
static json_t *common_rows(json_t *before, json_t *now)
{
    char *why = NULL;
    json_t *all = compare_runs(before, now, &why), *kept = json_array(), *c;
    size_t i;
    json_array_foreach (all, i, c) {
        bool worked = json_is_number(json_object_get(c, "a")) && *text_of(c, "kernel_b");
        if (strncmp(text_of(c, "workload"), COPIES, strlen(COPIES)) && (has_both(c) || worked))
            json_array_append(kept, c);
    }
    json_decref(all);
    free(why);
    return kept;
}

// The rows of the run at `newest` with the first before it that has any of them; NULL without one. *before: its id.
static json_t *find_rows(struct site *s, size_t newest, json_t *now, const char **before)
{
    json_t *board = json_array_get(s->runs, newest);
    int looked = 0;
    for (size_t i = newest; i-- > 0 && looked < LOOKED_THROUGH;) {
        json_t *r = json_array_get(s->runs, i);
        json_t *old = site_same_board(r, board) ? run_store_load(s->base, text_of(r, "run")) : NULL;
        json_t *rows = old ? common_rows(old, now) : NULL;
        looked += old != NULL;
        json_decref(old);
        if (json_array_size(rows)) {
            *before = text_of(r, "run");
            return rows;
        }
        json_decref(rows);
    }
    return NULL;
}

static bool is_verdict(json_t *c, const char *verdict)
{
    return !strcmp(text_of(c, "verdict"), verdict);
}

// Worked before, and now not.
static bool has_no_number(json_t *c)
{
    return is_verdict(c, "failed") || is_verdict(c, "unsupported");
}

// Slower, faster, and what has no number; the others are folded.
static bool moved(json_t *c)
{
    return !is_verdict(c, "same") && !is_verdict(c, "inconclusive");
}

static void three_digits(struct text_buf *t, json_t *v)
{
    char shown[32];
    snprintf(shown, sizeof(shown), "%.3f", json_number_value(v));
    if (json_is_number(v))
        html_data(t, json_number_value(v), shown);
}

static void value_cell(struct text_buf *t, json_t *v)
{
    text_add(t, "<td class='n extra'>");
    if (json_is_number(v))
        site_number(t, json_number_value(v));
}

static void interval_cell(struct text_buf *t, json_t *c)
{
    json_t *interval = json_object_get(c, "interval");
    text_add(t, "<td class='n dim extra'>");
    three_digits(t, json_array_get(interval, 0));
    text_add(t, json_is_array(interval) ? " to " : "");
    three_digits(t, json_array_get(interval, 1));
}

static void row(struct text_buf *t, json_t *board, json_t *c, bool intervals)
{
    char *path = site_history_path(board, text_of(c, "workload")), *title = row_title(c);
    text_addf(t, "<tr%s><td><a href='%s'>", is_verdict(c, "regressed") || has_no_number(c) ? " class=bad" : "", path);
    html_escape(t, title);
    text_add(t, "</a>");
    html_text_cell(t, text_of(c, "kernel_b"));
    text_add(t, "<td class=extra>");
    html_escape(t, text_of(c, "unit"));
    value_cell(t, json_object_get(c, "a"));
    value_cell(t, json_object_get(c, "b"));
    text_add(t, "<td class=n>");
    three_digits(t, json_object_get(c, "ratio"));
    if (intervals)
        interval_cell(t, c);
    html_noise_floor_cell(t, c);
    text_addf(t, "<td class='%s'>", has_no_number(c) ? "v note-text" : is_verdict(c, "improved") ? "v good" : "v");
    html_escape(t, is_verdict(c, "regressed") ? "slower" : is_verdict(c, "improved") ? "faster" : text_of(c, "verdict"));
    text_add(t, has_no_number(c) ? ": " : "");
    html_escape(t, has_no_number(c) ? text_of(c, "reason") : "");
    free(path);
    free(title);
}

static void table(struct text_buf *t, json_t *board, json_t *rows, bool of_moved)
{
    json_t *c;
    size_t i;
    bool intervals = comparison_has_intervals(rows);
    text_addf(t, "<div class=wide tabindex=0><table><thead><tr><th>workload<th>kernel<th class=extra>unit<th class='n extra'>before<th class='n extra'>now<th "
                 "class=n>now/before%s<th class='n extra'>noise floor<th>verdict</tr></thead><tbody>",
              intervals ? "<th class='n extra'>95 % interval" : "");
    json_array_foreach (rows, i, c)
        if (moved(c) == of_moved)
            row(t, board, c, intervals);
    text_add(t, "</tbody></table></div>");
}

static void section(struct text_buf *t, json_t *board, json_t *rows, const char *before)
{
    struct comparison_summary sum;
    size_t still = 0, i, n = json_array_size(rows);
    json_t *c;
    comparison_summarise(rows, &sum);
    json_array_foreach (rows, i, c)
        still += !moved(c);
    text_add(t, "<h2>");
    site_board_title(t, board);
    text_add(t, "</h2><p>Before: ");
    site_run_link(t, before, "");
    text_add(t, ", now: ");
    site_run_link(t, text_of(board, "run"), "");
    text_addf(t, "</p><p class='banner%s'><b>%d of %zu rows slower</b>, %d faster, %d the same, %d inconclusive, %d without a number.</p>",
              sum.lost + sum.failed + sum.unsupported ? " bad" : "", sum.lost, n, sum.improved, sum.same, sum.inconclusive, sum.failed + sum.unsupported);
    if (still < n)
        table(t, board, rows, true);
    text_addf(t, still ? "<details><summary>Rows that did not move: %zu</summary>" : "", still);
    if (still)
        table(t, board, rows, false);
    text_add(t, still ? "</details>" : "");
}

static bool is_newest(struct site *s, size_t at)
{
    for (size_t i = at + 1; i < json_array_size(s->runs); i++)
        if (site_same_board(json_array_get(s->runs, i), json_array_get(s->runs, at)))
            return false;
    return true;
}

void compare_page(struct text_buf *t, struct site *s)
{
    bool any = false;
    site_main_page_open(t, "The newest run and the one before", "compare.html");
    text_add(t, "<p class=dim>Of each tier, topology and host, kernel by kernel; below 1: less is needed now. What is called slower or faster: "
                "<a href='method.html'>method</a>.</p>");
    for (size_t i = json_array_size(s->runs); i-- > 0;) {
        const char *before = "";
        json_t *now = is_newest(s, i) ? run_store_load(s->base, text_of(json_array_get(s->runs, i), "run")) : NULL;
        json_t *rows = now ? find_rows(s, i, now, &before) : NULL;
        if (rows)
            section(t, json_array_get(s->runs, i), rows, before);
        any |= rows != NULL;
        json_decref(rows);
        json_decref(now);
    }
    text_add(t, any ? "" : "<p>Nothing yet: it wants two runs of the same tier, topology and host.</p>");
    site_page_close(t);
}
