/* measure.h: one repetition of one row. Alone: the fastest of a fixed number of batches (a batch that somebody else's program
 * interrupted is thus left out). Contended: all threads run for a window; the figure is the window's time by all operations done,
 * the fastest of four windows where every thread has a processor, one window of four times the length where they share. */
#pragma once
#include "bench/host/counters.h"
#include "bench/host/subject.h"

struct measure_result {
    double ns;                 /* per operation */
    double instructions, cycles; /* per operation; 0: not counted */
    bool ok;                   /* the subject's own check held */
};

struct measure_times {
    double batch_s;   /* one batch, alone */
    unsigned batches;
    double window_s;  /* contended: a repetition's windows together */
};

void measure_start(struct measure_times times);
/* The processor's own clock while it computes, in GHz. */
double measure_ghz(void);
struct measure_result measure_repetition(const struct bench_subject *s, const struct bench_cell *cell);
