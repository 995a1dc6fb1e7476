/* compare.h: from rows to comparisons: one for every structure of ours alone, one over its contended cells. No printing. */
#pragma once
#include "bench/host/rows.h"
#include "bench/host/samples.h"

struct bench_figure {
    const struct bench_subject *subject;
    unsigned cells;
    unsigned taken; /* repetitions: of the cell that has the fewest */
    double ns;      /* median alone; geometric mean of the medians over the cells otherwise */
    double spread;  /* MAD, or what the cells' MADs make of the geometric mean */
    bool failed;
};

struct bench_comparison {
    bool contended;
    struct bench_figure ours, peer; /* peer: the best one of the same contract; its subject is NULL when there is none */
    double ratio;                   /* ours by peer, or ours by the limit: below 1 ours is faster */
    const struct bench_row *worst, *worst_peer; /* contended: the cell with the largest ratio */
    double worst_ratio;
    enum samples_verdict verdict;
};

struct bench_comparisons {
    struct bench_comparison *c;
    unsigned count;
};

/* Lost first, then what had too few repetitions, then the same, then ahead; within each by ratio, the worst first. */
struct bench_comparisons compare_rows(void);
/* One subject's figure alone or contended; cells is 0 when it has none. `beside`: only over the cells that this one has too. */
struct bench_figure compare_figure(const struct bench_subject *s, bool contended, const struct bench_subject *beside);
