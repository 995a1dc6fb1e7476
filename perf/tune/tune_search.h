// The search over a space, whatever measures it. Sobol's points start it, successive halving spends
// little on bad ones, neighbours of the best refine it, and a hold-out decides: the best are measured again,
// whole, and the winner is reported only when it beats the default there after Holm's correction.
// Sources: Sobol 1967 with Joe and Kuo's directions (2008); Jamieson and Talwalkar, AISTATS 2016; Holm 1979.
#pragma once
#include "perf/tune/tune_space.h"

#include <stdint.h>

#define TUNE_HELD_OUT 3
#define TUNE_ALPHA    0.05 // what a winner's p is below, after Holm

struct tune_trial {
    int level[TUNE_KNOBS_MAX];
    double fidelity;                    // 0.25, 0.5 or 1, in a hold-out the search's: the share of the iterations
    double ratio[TUNE_OBJECTIVES_MAX];  // to the default, measured beside it; below 1 is better
    double score;                       // geometric mean of the ratios; INFINITY when it failed
};

struct tune_evaluation {
    double ratio[TUNE_OBJECTIVES_MAX];
    double p; // that the geometric mean of the ratios is 1; exact counts: 0 when it lies farther from 1 than they differ from themselves, else 1
    double low, high; // its interval; of exact counts by how far they differ from themselves
};

struct tune_search {
    const struct tune_space *space;
    uint64_t seed;
    double floor; // a smaller gain is none
    double held_fidelity; // of the hold-out; 0: 1. Where a measurement repeats exactly only another one is a second one.
    // Measures one configuration beside the default. False: it failed (that trial is lost, the search
    // goes on) or, when *stop is set, the search must end now.
    bool (*measure)(void *ctx, const int *level, double fidelity, bool hold_out,
                    struct tune_evaluation *out, bool *stop);
    void (*on_trial)(void *ctx, const struct tune_trial *t, int done);
    void *ctx;

    struct tune_trial *trial; // in the order of the search
    int trials;
    struct tune_trial held[TUNE_HELD_OUT]; // the best, measured again
    struct tune_evaluation held_result[TUNE_HELD_OUT];
    double held_p[TUNE_HELD_OUT]; // after Holm
    int held_count, winner;       // winner: index into held, -1 for "no configuration beat the default"
    int held_failed;              // what looked better and could not be measured again
    bool stopped;
};

// How many trials there are of each share of the iterations, when none fails and each is better than those before it; `held`: the best, again.
struct tune_counts {
    int quarter, half, whole, held;
};
struct tune_counts tune_search_most(const struct tune_space *s);
void tune_search_run(struct tune_search *s);
void tune_search_free(struct tune_search *s);
// Is what it found an answer? Not when no whole trial has a number, or none of those that were to be measured again.
bool tune_search_judged(const struct tune_search *s);
// Is no other whole trial at least as good in each objective and better in one?
bool tune_is_pareto(const struct tune_search *s, int trial);
// Rank correlation (Spearman) of a knob's level with the score over the trials; 0 with fewer than 3.
double tune_sensitivity(const struct tune_search *s, int knob);
// The i-th point (from 0) of Sobol's sequence in d <= TUNE_KNOBS_MAX dimensions, each in [0, 1).
void tune_sobol(unsigned i, int d, double *out);
