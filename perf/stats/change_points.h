// Where a series of results changed its level: E-divisive (Matteson and James, JASA 2014), as used on
// benchmark histories by Hunter (Fleming et al., arXiv 2301.03034).
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CHANGE_WINDOW   50 // values looked at together; a longer series is looked at in halves of it
#define CHANGE_SEGMENT  3  // least values between two changes
#define CHANGE_SHUFFLES 1999
#define CHANGE_P        0.001

// The places (index of the first value after a change), ascending, into `at` (room for n); how many.
// The shuffles of the significance test are seeded.
size_t stats_change_points(const double *v, size_t n, uint64_t seed, size_t *at);
// The best place to divide v and its energy statistic; 0 when v is too short to divide.
size_t stats_best_division(const double *v, size_t n, double *energy);
