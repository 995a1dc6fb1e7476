// What `cloudbench lines` found, as a document that stays: RUNS/lines/ID.json, from which the site has its page.
#pragma once
#include <jansson.h>
#include <stdbool.h>

#define LINES_SCHEMA "cloudbench-lines/1"

// {schema, id, created, commit, settings, host, kernels: [label], rows, matrices, top}; settings: every --set and profile; rows and matrices name kernels by their labels. A
// new reference. qemu: its version, or NULL.
json_t *line_document(json_t *rows, json_t *matrices, json_t *top, const char *qemu);
// Written once, never over another. False after saying why.
bool line_document_keep(json_t *document, const char *base);
