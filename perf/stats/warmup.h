// Where a series becomes steady.
#pragma once
#include <stddef.h>

// How many leading values to leave out so that the mean of the rest is known best: the marginal standard
// error rule (White 1997), at most half of them. Exactly half (n / 2) means that the series did not
// settle. 0 for fewer than 4 values.
size_t stats_warmup(const double *v, size_t n);
