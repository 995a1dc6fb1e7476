// Tests that look at ranks only. Each returns a two-sided p; 1 where the data say nothing.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Signed rank of paired differences (Wilcoxon 1945); zeros are dropped. Exact for up to 30 values,
// ties included; above that the normal approximation with corrections for ties and continuity.
double stats_wilcoxon(const double *v, size_t n);
// Rank sum of two samples (Mann and Whitney 1947). Exact without ties and with n * m <= 2,500, else
// the normal approximation with both corrections. *u, when not NULL, gets the first sample's U.
double stats_mann_whitney(const double *a, size_t n, const double *b, size_t m, double *u);
// Greatest distance of the two empirical distributions (Kolmogorov, Smirnov). Exact by counting
// lattice paths for n * m <= 250,000, else Kolmogorov's limit. *d, when not NULL, gets the distance.
double stats_kolmogorov_smirnov(const double *a, size_t n, const double *b, size_t m, double *d);
// Adjust m p-values in place: expected share of false findings (Benjamini and Hochberg 1995), chance
// of any false finding (Holm 1979).
void stats_bh_adjust(double *p, size_t m);
void stats_holm_adjust(double *p, size_t m);
