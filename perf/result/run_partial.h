// An unfinished run: its folder holds partial.json from the end of its first boot on until run.json is there. With it
// `cloudbench run --resume DIR` goes on behind the last boot that ended; nothing that was measured is measured again.
#pragma once
#include "perf/result/partial_check.h"
#include "perf/result/session_state.h"

#define PARTIAL_FILE "partial.json"

// s->inputs: what must be the same when the run goes on, and when it ends.
void run_partial_note_inputs(struct session *s);
// Is everything still what the run began with? False after saying what is not.
bool run_partial_unchanged(const struct session *s);
// The state after s->rounds rounds and the boots of those that are begun, in place of the last one. False with errno.
bool run_partial_save(struct session *s);
// The same; a disk that is full ends the session after saying so: what follows could not be kept either.
bool run_partial_keep(struct session *s);
// What of so many rounds is there, as words: "1 of 4 rounds and 2 boots more". The caller frees them.
char *run_partial_words(int rounds, int asked, int boots);
// Takes up the state in s->dir. 0, or EXIT_USAGE after saying what of the run has changed since.
int run_partial_take(struct session *s);
// The document: {schema, arguments, settings, tier, ...}. NULL after saying why.
json_t *run_partial_read(const char *dir);
// The words of QEMU's command line for a kernel, in place of those that it had; none change nothing.
void run_partial_take_argv(struct session *s, int kernel, json_t *argv);
// When partial.json or run.json is written, before which the files of whole rounds must keep their first names (begun_names_end()): removes files of boots that no
// boot of the session names, those of a boot that was interrupted and those first names, and what a killed session left of a partial.json.
void run_partial_sweep(struct session *s);
