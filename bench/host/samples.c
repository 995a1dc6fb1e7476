/* samples.c: see samples.h. */
#include "bench/host/samples.h"
#include <math.h>
#include <stdlib.h>

#define FLOOR 0.02 /* smaller differences are never called ones */
#define FLOOR_NS 0.1

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double samples_median(double *v, unsigned n)
{
    qsort(v, n, sizeof(*v), by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double samples_mad(double *v, unsigned n, double median)
{
    double *away = malloc(n * sizeof(*away)), mad;

    for (unsigned i = 0; i < n; i++)
        away[i] = fabs(v[i] - median);
    mad = samples_median(away, n);
    free(away);
    return mad;
}

double samples_geometric_mean(const double *v, unsigned n)
{
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += log(v[i]);
    return exp(sum / n);
}

/* How many times the two MADs, by the repetitions. Derived by simulation: 1,000,000 pairs of so many normal values each (splitmix64 from
 * seed 1, Box and Muller), the quantile of |difference of medians| / root of the MADs' squares' sum that is 2 at ten (0.9921), rounded
 * up. At 2 the shares told apart were 24.6, 12.0, 9.0, 4.5, 3.7, 1.9, 1.5 and 0.8 % of 3 to 10. samples_test.c checks it. */
static double mads(unsigned taken)
{
    static const double of[] = {[3] = 16.0, 5.4, 4.8, 3.3, 3.1, 2.5, 2.4};

    return taken < sizeof(of) / sizeof(*of) ? of[taken] : 2.0;
}

enum samples_verdict samples_compare(double ours, double ours_mad, double peer, double peer_mad, unsigned taken)
{
    double noise;

    if (taken < SAMPLES_LEAST)
        return VERDICT_FEW;
    noise = fmax(fmax(FLOOR * peer, FLOOR_NS), mads(taken) * hypot(ours_mad, peer_mad));
    if (fabs(ours - peer) <= noise)
        return VERDICT_SAME;
    return ours < peer ? VERDICT_AHEAD : VERDICT_LOST;
}
