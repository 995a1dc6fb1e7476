/* samples.h: the arithmetic of the table: median, MAD, geometric mean, verdict. No state. */
#pragma once

/* Both sort `v`. */
double samples_median(double *v, unsigned n);
double samples_mad(double *v, unsigned n, double median);
double samples_geometric_mean(const double *v, unsigned n);

enum samples_verdict { VERDICT_LOST, VERDICT_SAME, VERDICT_AHEAD };
/* Two medians of times with their MADs: in ns, the same when they differ by less than 2 %, 0.1 ns (a
 * fraction of a cycle) or twice the two MADs (the root of their squares' sum): some
 * three standard errors of a median of ten. */
enum samples_verdict samples_compare(double ours, double ours_mad, double peer, double peer_mad);
