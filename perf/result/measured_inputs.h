// What figures are made of: programs and images by their hash, the rest as it is. Who goes on with a half-done measurement asks whether
// they are still the same (run_partial.h, perf/verbs/tune_inputs.h): half of one kernel and half of another is no measurement.
#pragma once
#include "perf/vm/kernel_image.h"

#include <jansson.h>

// Notes the file's hash under that name; null when it cannot be read.
void inputs_note_file(json_t *in, const char *name, const char *path);
// Image, command line and settings of a kernel.
void inputs_note_kernel(json_t *in, const struct kernel_image *k);
// Why `now` is not what that (a "run", a "search") began with; NULL when it is. The caller frees it.
char *inputs_difference(json_t *before, json_t *now, const char *what);
