// Where a knob of configs/knobs.yaml is on a kernel: its file, by the kernel's family and, where the name changed, by its series.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// "6.1" is older than "6.12": by each number. Both are texts of numbers and dots.
bool series_is_older(const char *series, const char *than);
// Is the kernel (an entry of configs/kernels.yaml) earlier than `limit`, or `limit` NULL? False with *why (the caller's): the kernel has no
// series, so nobody knows.
bool kernel_is_before(json_t *kernel, const char *limit, char **why);
// The file of the knob (an entry of configs/knobs.yaml); NULL: this kernel has none; *why as above.
const char *knob_file(json_t *knob, json_t *kernel, char **why);
