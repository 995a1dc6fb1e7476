// The statistics of paired boots: Hodges-Lehmann estimate, bootstrap interval, Wilcoxon signed
// rank, Benjamini-Hochberg. Pure functions of their arguments; the bootstrap is seeded, so the same
// data give the same interval.
#pragma once
#include <stddef.h>
#include <stdint.h>

double stats_median(double *v, size_t n); // reorders v; n > 0
// Median of all pairwise means (i <= j). Hodges and Lehmann 1963. n > 0.
double stats_hodges_lehmann(const double *v, size_t n);
// 95 % percentile bootstrap of the Hodges-Lehmann estimate, 10,000 draws for small n. n > 0.
void stats_bootstrap95(const double *v, size_t n, uint64_t seed, double *low, double *high);
// Two-sided exact p of the signed-rank test (n <= 30 after zeros are dropped, normal approximation
// above); 1 for n = 0.
double stats_wilcoxon(const double *v, size_t n);
// Adjusts m p-values in place (Benjamini and Hochberg 1995).
void stats_bh_adjust(double *p, size_t m);
