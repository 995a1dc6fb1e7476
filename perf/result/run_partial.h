// An unfinished run: its folder holds partial.json from the end of the first round of a kernel on until run.json is there. With it
// `cloudbench run --resume DIR` goes on at the round that was not whole; nothing that was measured is measured again.
#pragma once
#include "perf/result/partial_check.h"
#include "perf/result/session_state.h"

#define PARTIAL_FILE "partial.json"

// s->inputs: what must be the same when the run goes on, and when it ends.
void run_partial_note_inputs(struct session *s);
// Is everything still what the run began with? False after saying what is not.
bool run_partial_unchanged(const struct session *s);
// The state after s->rounds rounds, in place of the last one. False with errno.
bool run_partial_save(struct session *s);
// Takes up the state in s->dir. 0, or EXIT_USAGE after saying what of the run has changed since.
int run_partial_take(struct session *s);
// The document: {schema, arguments, settings, tier, ...}. NULL after saying why.
json_t *run_partial_read(const char *dir);
// The words of QEMU's command line for a kernel, as they were kept.
void run_partial_take_argv(struct session *s, int kernel, json_t *argv);
// Files of boots from that number on which nobody counts, as a round that was interrupted leaves them: of one kernel, or of all (NULL).
void run_partial_remove_files(const struct session *s, const char *kernel, int from);
