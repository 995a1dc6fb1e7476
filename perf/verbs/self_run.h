// Measures again by `cloudbench run` in a process of its own: the same program, its options taken from
// a run that is there.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

// Runs the program with these arguments after its own name, to our standard output. Its exit code, or
// EXIT_INTERNAL when it could not be started, EXIT_INTERRUPTED when an interrupt came meanwhile.
int self_run(const struct str_list *arguments);
// The same, with --format json: *said is what it said, or NULL.
int self_run_json(struct str_list *arguments, json_t **said);
// The same with the arguments of a `run` into `base`, whose tables are not shown: *run is the run that this one made (others may
// measure into that folder at the same time), or NULL.
int self_run_loaded(struct str_list *arguments, const char *base, json_t **run);
// The arguments of a `run` of the workloads as `run` was measured: its kernels, second arms and control, tier, topology, boots, scale, seed,
// placement, turns, settings, QEMU and initramfs. One of these two files that is gone, or no longer the one that was used, is said.
void self_run_as(json_t *run, const struct str_list *workloads, const char *base, struct str_list *arguments);
// That run made; *second is the new run, or NULL. Returns the exit code of `cloudbench run`.
int self_run_again(json_t *run, const struct str_list *workloads, const char *base,
                   json_t **second);
