// What `run` shows when it is done: the comparison when there are two kernels, otherwise the rows.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// On stdout; format is one of compare_view's. The report page is written too, its place said on
// stderr.
// dir: where it is kept, or NULL. False when the page could not be written, which is said.
bool run_view(json_t *run, const char *dir, const char *format);
// Boots beside each other: seconds of QEMU's CPU until init's first record. Text on stdout.
void boot_times_view(json_t *run);
