// Where runs live: one folder a run below out/runs (or -o DIR), with run.json,
// google-benchmark.json and the consoles. A run is written once and never changed.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

#define RUN_SCHEMA "cloudbench-run/1"

// A new empty folder; *id is its name. NULL with errno. Both are the caller's.
char *run_store_create(const char *base, const char *tier, char **id);
// run.json in dir; false with errno (EEXIST: there is one).
bool run_store_save(const char *dir, const char *file, json_t *run);
// A run by id, by folder, by file, or "latest". NULL after saying why.
json_t *run_store_load(const char *base, const char *name);
// The folders below base that hold a run.json, oldest first.
void run_store_list(const char *base, struct str_list *ids);
char *run_store_default_base(void);
// The newest run's run.json below base, or NULL; the caller frees it.
char *run_store_latest(const char *base);
