/* samples.h: the arithmetic of the table: median, MAD, geometric mean, verdict. No state. */
#pragma once

/* Both sort `v`. */
double samples_median(double *v, unsigned n);
double samples_mad(double *v, unsigned n, double median);
double samples_geometric_mean(const double *v, unsigned n);

enum samples_verdict { VERDICT_LOST, VERDICT_FEW, VERDICT_SAME, VERDICT_AHEAD };
#define SAMPLES_LEAST 3 /* fewer say nothing of how far they differ from themselves: VERDICT_FEW */
/* Two medians of times with their MADs, each of `taken` or more repetitions: in ns, the same when they differ by less than 2 %, 0.1 ns
 * (a fraction of a cycle) or so many times the two MADs (the root of their squares' sum) that of equal normal times 0.8 % are told
 * apart: twice for ten repetitions (some three standard errors of a median), more for fewer. */
enum samples_verdict samples_compare(double ours, double ours_mad, double peer, double peer_mad, unsigned taken);
