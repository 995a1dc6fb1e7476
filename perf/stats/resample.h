// Location of paired differences and its interval: Hodges-Lehmann estimate, bootstrap. Pure functions
// of their arguments; the random numbers are seeded, so the same data give the same interval.
#pragma once
#include "perf/stats/quantile.h"

#include <stdint.h>

#define STATS_DRAWS 10000

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the next of the sequence that *state stands for.
uint64_t stats_random(uint64_t *state);
// Median of all pairwise means (i <= j). Hodges and Lehmann 1963. n > 0.
double stats_hodges_lehmann(const double *v, size_t n);
// 95 % bootstrap interval of the Hodges-Lehmann estimate. The percentiles are moved outward for
// small n (Hesterberg, The American Statistician 2015: the plain ones are too narrow by
// sqrt((n-1)/n) and use the normal instead of Student's distribution). n > 1.
void stats_bootstrap95(const double *v, size_t n, size_t draws, uint64_t seed, double *low,
                       double *high);
// Of Student's distribution with dof > 0 degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4).
double stats_student_cdf(double t, unsigned dof);
double stats_student_quantile(double p, unsigned dof); // 0 < p < 1
