// configs/triage.yaml: what people know of changes and losses, laid beside the rows and the histories they are about. Notes inform;
// they never change a verdict.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

// [{name, workload, state, text, metric?, kernel?, tier?, from?, to?, link?, place, faulty}]; ends the program with EXIT_REFUSED when the file is
// broken, as every configuration does.
json_t *triage_read(void);

// A change, or a loss, of one series. Commits may be NULL or "": then that end is open.
struct triage_change {
    const char *workload, *metric, *kernel, *tier, *before, *after;
};
// A note with a fault applies to nothing.
bool triage_applies(json_t *note, const struct triage_change *c);

// Sets "notes" in each row that is neither "same" nor (with one run) ahead, to the notes that apply. run_a: the earlier run, or
// NULL when a and b are kernels of one run. row's kernel: "kernel", or "kernel_b".
void triage_attach(json_t *notes, json_t *rows, json_t *run_a, json_t *run_b);
// Of each note what is wrong with it, NULL or one line (owned by the caller): an unknown workload, a commit that the history does not have,
// a range that is none.
char *triage_fault(json_t *note);
// Says the faults of all.
void triage_say_faults(json_t *notes);
// "[bug] text (link)" of all notes of a row, joined by "; "; "" without. The caller frees it.
char *triage_line(json_t *row);
