// What the site's writers share while it is written: site.c fills it, the pages that need all runs read it.
#pragma once
#include "perf/publish/site.h"
#include "perf/view/progress.h"

struct history;

struct site {
    const char *base, *tune, *dir;
    struct history *history;
    json_t *runs, *series, *commits; // commits: run id -> commit
    json_t *notes;                   // of perf/store/triage.h; those that were shown have "used"
    int pages;
    bool quiet;
    struct progress progress; // begun when the number of runs is known; in runs that are read, and as many that are written
};

// A board is what may be compared: tier, topology, host. Runs and series name theirs.
bool site_same_board(json_t *a, json_t *b);
void site_board_title(struct text_buf *t, json_t *board);
// The page of a workload's history on a board, relative to the site; the caller frees it.
char *site_history_path(json_t *board, const char *workload);
void site_show_note(struct text_buf *t, json_t *note);
// compare.html: for each board its newest run beside the one before.
void compare_page(struct text_buf *t, struct site *s);
// index.html: for each board its newest comparisons, then the runs.
void overview_page(struct text_buf *t, struct site *s);
