// What a search has measured so far: DIR/trials.jsonl, one line a trial, and DIR/search.json, which says what was
// searched. An interrupted search starts again from the beginning and finds its trials here, so it takes the
// same way; another space, seed or tier is refused, and what is made of another kernel, QEMU or workload (`inputs` of the identity).
#pragma once
#include "perf/tune/tune_search.h"

struct tune_log {
    const struct tune_space *space;
    char *path;
    json_t *trials; // array of lines
};

// A new log (DIR must hold none) or, to resume, the one that is there. False with *why (the caller's).
bool tune_log_open(struct tune_log *l, const char *dir, const struct tune_space *space,
                   json_t *identity, bool resume, char **why);
void tune_log_close(struct tune_log *l);
// True when that trial was measured: *out and *ok are what was seen.
bool tune_log_find(const struct tune_log *l, const int *level, double fidelity, bool hold_out,
                   struct tune_evaluation *out, bool *ok);
// why: of one without a number, NULL of others. False with errno when the line could not be kept.
bool tune_log_add(struct tune_log *l, const int *level, double fidelity, bool hold_out,
                  const struct tune_evaluation *e, const char *why);
// Why the last trial that has no number has none; "" when each has one.
const char *tune_log_why(const struct tune_log *l);
