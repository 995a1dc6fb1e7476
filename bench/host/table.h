/* table.h: what the run prints and writes: ours beside the best peer of the same contract, lost rows first. */
#pragma once
#include "bench/host/compare.h"

/* Prints the tables on stdout. False: a check of ours failed, or nothing was measured. */
bool table_print(const struct bench_comparisons *all);
/* Every row and every comparison as JSON. False: the file cannot be written. */
bool table_write_json(const struct bench_comparisons *all, const char *path);
