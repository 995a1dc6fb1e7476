// index.html. A board shows each row by the newest run that compares it, so that a run of one workload does not hide the
// suite that was measured before; the boards with most rows come first. Where CloudOS was measured beside Linux, what other kernels
// are to each other is not shown. Copies (cloudbench scale) have their own page.
#include "perf/publish/site_state.h"

#include "perf/publish/html_table.h"
#include "perf/result/comparison.h"
#include "perf/result/run_plan.h"
#include "perf/result/run_store.h"
#include "perf/store/triage.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/view/compare_view.h"
#include "perf/view/html_text.h"
#include "perf/vm/kernel_image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_RUNS  50 // that are listed
#define BOARD_RUNS 20 // of a board that are looked through, the newest first
#define LOST_NAMES 8  // of a banner
#define FULL_BAR   1.5 // ratio whose bar is full

struct board {
    json_t *of;     // tier, topology, host
    json_t *rows;   // each with "run"
    json_t *newest; // the document of the newest run that is shown, or NULL
    bool families;  // rows are CloudOS's beside Linux's; else those of one family's kernels
};

static json_t *find_series(struct site *s, json_t *board, json_t *row, const char *kernel)
{
    json_t *one;
    size_t i;
    json_array_foreach (s->series, i, one)
        if (site_same_board(one, board) && !strcmp(text_of(one, "workload"), text_of(row, "workload")) &&
            !strcmp(text_of(one, "metric"), text_of(row, "metric")) &&
            !strcmp(text_of(one, "kernel"), kernel))
            return one;
    return NULL;
}

static bool has_row(json_t *rows, json_t *row)
{
    json_t *r;
    size_t i;
    json_array_foreach (rows, i, r)
        if (!strcmp(text_of(r, "workload"), text_of(row, "workload")) && !strcmp(text_of(r, "metric"), text_of(row, "metric")) &&
            !strcmp(text_of(r, "kernel_b"), text_of(row, "kernel_b")))
            return true;
    return false;
}

static json_t *kernels_of(json_t *run)
{
    return json_object_get(json_object_get(run, "identity"), "kernels");
}

// A kernel measured against itself (run --aa) says nothing of two kernels.
static bool has_second_arm(json_t *run)
{
    const char *name;
    json_t *k;
    json_object_foreach (kernels_of(run), name, k)
        if (kernel_is_second_arm(name))
            return true;
    return false;
}

// True when the run has a row that no newer one has.
static bool add_run(struct site *s, struct board *b, json_t *run, const char *id)
{
    char *why = NULL;
    size_t before = json_array_size(b->rows);
    bool other = has_second_arm(run) || (b->families && !compare_has_families(run));
    json_t *rows = other ? NULL : compare_kernels(run, &why), *row;
    size_t i;
    if (rows)
        triage_attach(s->notes, rows, NULL, run);
    json_array_foreach (rows, i, row)
        if (strncmp(text_of(row, "workload"), COPIES, strlen(COPIES)) && !has_row(b->rows, row)) {
            json_object_set_new(row, "run", json_string(id));
            json_array_append(b->rows, row);
        }
    json_decref(rows);
    free(why);
    return json_array_size(b->rows) > before;
}

static bool is_bad(json_t *row)
{
    const char *v = text_of(row, "verdict");
    return !strcmp(v, "regressed") || !strcmp(v, "failed") || !strcmp(v, "unsupported");
}

static bool is_ahead(json_t *row)
{
    return !strcmp(text_of(row, "verdict"), "improved");
}

// What is lost or has no number first, as in each run's own table.
static void bad_first(struct board *b)
{
    json_t *sorted = json_array(), *row;
    size_t i;
    for (int bad = 1; bad >= 0; bad--)
        json_array_foreach (b->rows, i, row)
            if (is_bad(row) == (bad == 1))
                json_array_append(sorted, row);
    json_decref(b->rows);
    b->rows = sorted;
}

// The documents of the board's runs that are looked through, the newest first; *families: is CloudOS beside Linux in one?
static json_t *load_runs(struct site *s, json_t *board, bool *families)
{
    json_t *out = json_array(), *run;
    for (size_t i = json_array_size(s->runs); i-- > 0 && json_array_size(out) < BOARD_RUNS;) {
        json_t *r = json_array_get(s->runs, i);
        if (!site_same_board(r, board) || !(run = run_store_load(s->base, text_of(r, "run"))))
            continue;
        json_array_append_new(out, run);
        *families |= compare_has_families(run);
    }
    return out;
}

static void fill_board(struct site *s, struct board *b)
{
    json_t *runs = load_runs(s, b->of, &b->families), *run;
    size_t i;
    json_array_foreach (runs, i, run) {
        bool first = !json_array_size(b->rows);
        if (add_run(s, b, run, text_of(run, "id")) && first) {
            json_decref(b->newest);
            b->newest = NULL;
        }
        if (!b->newest)
            b->newest = json_incref(run);
    }
    json_decref(runs);
    bad_first(b);
}

static void lost_names(struct text_buf *t, json_t *rows)
{
    json_t *row;
    size_t i, n = 0;
    json_array_foreach (rows, i, row) {
        if (!is_bad(row) || n == LOST_NAMES)
            continue;
        char *title = row_title(row);
        text_add(t, n++ ? ", " : " Not ahead: ");
        html_escape(t, title);
        free(title);
    }
    text_add(t, n ? "." : "");
}

static void banner(struct text_buf *t, json_t *rows)
{
    struct comparison_summary sum;
    comparison_summarise(rows, &sum);
    text_addf(t, "<p class='banner%s'><b>%d of %d rows ahead</b>; %d unsupported, %d failed, %d lost, %d same, %d inconclusive.",
              sum.unsupported + sum.failed + sum.lost ? " bad" : "", sum.improved, sum.rows, sum.unsupported, sum.failed,
              sum.lost, sum.same, sum.inconclusive);
    lost_names(t, rows);
    if (sum.absent)
        text_addf(t, " In %d a kernel failed, and a is the best of the others.", sum.absent);
    text_add(t, "</p>");
}

static void value_cell(struct text_buf *t, json_t *v, const char *beside)
{
    text_add(t, "<td class='n extra'>");
    if (json_is_number(v))
        site_number(t, json_number_value(v));
    if (*beside) {
        text_add(t, " <span class=dim>");
        html_escape(t, beside);
        text_add(t, "</span>");
    }
}

// A bar as long as the ratio, with a mark at 1.
static void ratio_cell(struct text_buf *t, json_t *c)
{
    json_t *ratio = json_object_get(c, "ratio");
    double part = fmin(1, json_number_value(ratio) / FULL_BAR);
    text_addf(t, "<td class='n r%s' style='--w:%.3f'>", is_ahead(c) ? " good" : is_bad(c) ? " worse" : "", part);
    if (json_is_number(ratio))
        text_addf(t, "<data value='%.12g'>%.3f</data>", json_number_value(ratio), json_number_value(ratio));
}

static void interval_cell(struct text_buf *t, json_t *c)
{
    json_t *interval = json_object_get(c, "interval");
    text_add(t, "<td class='n dim extra'>");
    for (size_t i = 0; i < json_array_size(interval); i++) {
        char three[32];
        double v = json_number_value(json_array_get(interval, i));
        snprintf(three, sizeof(three), "%.3f", v);
        text_add(t, i ? " to " : "");
        html_data(t, v, three);
    }
}

static void notes_cell(struct text_buf *t, struct board *b, json_t *c)
{
    json_t *note;
    size_t i;
    text_addf(t, "<td class='v%s'>", is_ahead(c) ? " good" : "");
    html_escape(t, verdict_word(c));
    html_failed_kernels(t, c);
    json_array_foreach (json_object_get(c, "notes"), i, note) {
        text_add(t, " ");
        site_show_note(t, note);
    }
    if (strcmp(text_of(c, "run"), text_of(b->newest, "id"))) {
        text_add(t, " <a class=extra title='");
        html_escape(t, text_of(c, "run"));
        text_add(t, "' href='run/");
        html_escape(t, text_of(c, "run"));
        text_add(t, ".html'>earlier</a>");
    }
}

// The name of a's kernel where it is not the one that the section's head, or the first row, leads to expect.
static const char *other_a(struct board *b, json_t *c)
{
    const char *first = json_object_iter_key(json_object_iter(kernels_of(b->newest))), *own = text_of(c, "kernel_a");
    if (b->families)
        return row_other_a(b->rows, c);
    return strcmp(first, own) ? own : "";
}

static void row(struct text_buf *t, struct site *s, struct board *b, json_t *c, bool several)
{
    char *path = site_history_path(b->of, text_of(c, "workload")), *title = row_title(c);
    json_t *series = find_series(s, b->of, c, text_of(c, "kernel_b"));
    text_addf(t, "<tr%s><td><a href='%s'>", is_bad(c) ? " class=bad" : "", path);
    html_escape(t, title);
    text_add(t, "</a>");
    if (several)
        html_text_cell(t, text_of(c, "kernel_b"));
    text_add(t, "<td class=extra>");
    html_escape(t, text_of(c, "unit"));
    value_cell(t, json_object_get(c, "a"), other_a(b, c));
    value_cell(t, json_object_get(c, "b"), "");
    ratio_cell(t, c);
    if (comparison_has_intervals(b->rows))
        interval_cell(t, c);
    html_noise_floor_cell(t, c);
    notes_cell(t, b, c);
    text_add(t, "<td class=extra>");
    if (series)
        history_spark(t, series);
    text_add(t, "</tr>");
    free(path);
    free(title);
}

static void table(struct text_buf *t, struct site *s, struct board *b)
{
    json_t *c;
    size_t i;
    bool several = rows_of_several_kernels(b->rows);
    text_addf(t, "<div class=wide tabindex=0><table><thead><tr><th>workload%s", several ? "<th>kernel" : "");
    text_add(t, "<th class=extra>unit<th class='n extra'>a<th class='n extra'>b<th class=n>b/a");
    text_add(t, comparison_has_intervals(b->rows) ? "<th class='n extra'>95 % interval" : "");
    text_add(t, "<th class='n extra'>noise floor<th>verdict<th class=extra>history of b</tr></thead><tbody>");
    json_array_foreach (b->rows, i, c)
        row(t, s, b, c, several);
    text_add(t, "</tbody></table></div>");
}

// What a and b are: in the newest run, and in all when they are CloudOS and Linux.
static void add_sides(struct text_buf *t, json_t *run)
{
    text_add(t, ". ");
    html_sides(t, run);
    text_add(t, "; below 1 b is ahead. A row that it does not have is that of an earlier run.</p>");
}

static void newest_link(struct text_buf *t, struct site *s, struct board *b)
{
    const char *id = text_of(b->newest, "id");
    char *relative = x_printf("dist/%s.html", id), *path = x_printf("%s/%s", s->dir, relative);
    site_run_link(t, id, "");
    if (file_exists(path)) {
        text_add(t, " (<a href='");
        html_escape(t, relative);
        text_add(t, "'>distribution</a>)");
    }
    free(relative);
    free(path);
}

static void section(struct text_buf *t, struct site *s, struct board *b)
{
    text_add(t, "<h2>");
    site_board_title(t, b->of);
    text_add(t, "</h2>");
    text_add(t, "<p>Newest run: ");
    newest_link(t, s, b);
    add_sides(t, b->newest);
    banner(t, b->rows);
    table(t, s, b);
}

// What was measured, but not beside another kernel.
static void others_list(struct text_buf *t, struct site *s, struct board *board, size_t boards)
{
    bool any = false;
    for (size_t i = 0; i < boards; i++) {
        if (!board[i].newest || json_array_size(board[i].rows))
            continue;
        text_add(t, any ? "<li>" : "<h2>Measured without another kernel to compare</h2><ul><li>");
        any = true;
        site_board_title(t, board[i].of);
        text_add(t, ": ");
        newest_link(t, s, &board[i]);
        text_add(t, "</li>");
    }
    text_add(t, any ? "</ul>" : "");
}

// The boards of the runs, the one with the newest run first.
static size_t find_boards(struct site *s, struct board *board)
{
    size_t boards = 0, k;
    for (size_t i = json_array_size(s->runs); i-- > 0;) {
        json_t *r = json_array_get(s->runs, i);
        for (k = 0; k < boards && !site_same_board(board[k].of, r); k++)
            ;
        if (k == boards)
            board[boards++] = (struct board){.of = r, .rows = json_array()};
    }
    return boards;
}

static int by_rows(const void *a, const void *b)
{
    const struct board *x = a, *y = b;
    size_t n = json_array_size(x->rows), m = json_array_size(y->rows);
    return n != m ? (n < m ? 1 : -1) : strcmp(text_of(y->of, "run"), text_of(x->of, "run"));
}

static void runs_list(struct text_buf *t, struct site *s)
{
    size_t n = json_array_size(s->runs), from = n > LAST_RUNS ? n - LAST_RUNS : 0;
    text_addf(t, from ? "<h2>Runs</h2><p>%zu in all, the last %zu:</p><ul>" : "<h2>Runs</h2><p>%zu in all:</p><ul>", n, n - from);
    for (size_t i = n; i-- > from;) {
        json_t *r = json_array_get(s->runs, i);
        text_add(t, "<li>");
        site_run_link(t, text_of(r, "run"), "");
        text_add(t, " <span class=dim>");
        site_board_title(t, r);
        text_add(t, "</span></li>");
    }
    text_add(t, "</ul>");
}

void overview_page(struct text_buf *t, struct site *s)
{
    struct board *board = x_alloc((json_array_size(s->runs) + 1) * sizeof(*board));
    size_t boards = find_boards(s, board);
    for (size_t i = 0; i < boards; i++)
        fill_board(s, &board[i]);
    qsort(board, boards, sizeof(*board), by_rows);
    site_main_page_open(t, "CloudOS and Linux in the same virtual machine", "index.html");
    for (size_t i = 0; i < boards; i++)
        if (board[i].newest && json_array_size(board[i].rows))
            section(t, s, &board[i]);
    others_list(t, s, board, boards);
    runs_list(t, s);
    site_page_close(t);
    for (size_t i = 0; i < boards; i++) {
        json_decref(board[i].rows);
        json_decref(board[i].newest);
    }
    free(board);
}
