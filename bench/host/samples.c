/* samples.c: see samples.h. */
#include "bench/host/samples.h"
#include <math.h>
#include <stdlib.h>

#define FLOOR 0.02 /* smaller differences are never called ones */
#define FLOOR_NS 0.1
#define MADS 2.0

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

enum samples_verdict samples_compare(double ours, double ours_mad, double peer, double peer_mad)
{
    double noise = fmax(fmax(FLOOR * peer, FLOOR_NS), MADS * hypot(ours_mad, peer_mad));

    if (fabs(ours - peer) <= noise)
        return VERDICT_SAME;
    return ours < peer ? VERDICT_AHEAD : VERDICT_LOST;
}
