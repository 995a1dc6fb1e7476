// Order statistics of a sample: quantiles, median, spread; and how many samples a percentile needs.
#pragma once
#include <stddef.h>

void stats_sort(double *v, size_t n);
// Of sorted v, n > 0, 0 <= q <= 1: linear between order statistics (Hyndman and Fan 1996, type 7).
double stats_quantile(const double *v, size_t n, double q);
double stats_median(double *v, size_t n); // reorders v; n > 0
// The k-th smallest (from 0), k < n; reorders v. Hoare 1961.
double stats_select(double *v, size_t n, size_t k);
// Median absolute deviation from the median, times 1.4826 (the deviation of normal data). n > 0.
double stats_spread(const double *v, size_t n);
// The least number of samples of which the largest lies above the q-quantile with 95 % confidence:
// ceil(log 0.05 / log q): 5 for p50, 299 for p99, 2,995 for p99.9. Below that a percentile is no
// more than a guess at the maximum, and is not printed.
size_t stats_samples_for(double q);
