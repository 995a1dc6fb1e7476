// The runs below a folder as `cloudbench list runs` shows them, those that are not finished among them.
#pragma once
#include <jansson.h>

// [{run, created, tier, kernels, rows, state}], oldest first; state: "finished", "unfinished (N of M rounds)", "running" (measured into by
// a process of now) or "damaged" (its run.json cannot be read: said on stderr). unfinished: how many can be gone on with.
json_t *runs_list(const char *base, int *unfinished);
