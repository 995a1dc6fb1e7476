/* rows.h: every row of the run: a subject in a cell, and what its repetitions measured. Owns the rows. */
#pragma once
#include "bench/host/measure.h"

#define ROWS_MAX_REPETITIONS 64

struct bench_row {
    const struct bench_subject *subject;
    struct bench_cell cell;
    unsigned taken;
    double ns[ROWS_MAX_REPETITIONS];
    double instructions, cycles;
    bool failed; /* a check did not hold: no number */
    double median, mad;
};

struct bench_rows {
    struct bench_row *row;
    unsigned count;
};

#ifdef __cplusplus
extern "C" {
#endif
extern struct bench_rows bench_rows;
enum rows_extent { ROWS_ALL, ROWS_FEW /* one cell of the grid for each number of threads */, ROWS_ALONE };
/* Makes a row for every subject whose structure or name contains `filter` (NULL: all) in each of its cells. */
void rows_make(const char *filter, unsigned cpus, enum rows_extent extent);
/* "structure/name/threads:2/section:100/writers:10" */
void rows_name(const struct bench_row *row, char *name, unsigned long bytes);
/* From now on for so many seconds repetitions are measured; what comes later is left out. */
void rows_limit(double seconds);
unsigned rows_left_out(void);
/* One repetition: measures and keeps the figure. 0: it was left out. */
double rows_measure(struct bench_row *row);
/* Medians and MADs, after the last repetition. */
void rows_finish(void);
#ifdef __cplusplus
}
#endif
