// Results of other hosts and other tools become runs below a folder of runs (perf/result/run_store.h). A run is copied whole and never
// changed; another tool's file becomes a run of the tier "import" that keeps the text it came from.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

struct import_request {
    const char *base, *tool, *kernel, *host, *version; // NULL: by the file itself
};

struct import_taken {
    struct str_list ids; // of what was made
    bool no_place;       // something could not be written below the base: no fault of a file
};

// What was made is added to *taken. False with *why (owned by the caller) when something was not understood, or not written: of that file
// nothing is taken. True with *why: it is there already.
// file: a run.json, a run's folder, a folder of runs, or a tool's output.
bool import_file(const struct import_request *q, const char *file, struct import_taken *taken, char **why);
// NULL when the document can be taken for a run by every reader, else what is wrong (owned by the caller). text: for lines, or NULL.
char *import_run_fault(const char *file, json_t *run, const char *text);
