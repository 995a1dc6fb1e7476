// The bootstrap and what its levels need.
#include "perf/stats/resample.h"

#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>

uint64_t stats_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static double walsh_median(const double *v, size_t n, double *room)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            room[k++] = (v[i] + v[j]) / 2;
    return stats_median(room, k);
}

double stats_hodges_lehmann(const double *v, size_t n)
{
    double *room = x_alloc(n * (n + 1) / 2 * sizeof(*room));
    double m = walsh_median(v, n, room);
    free(room);
    return m;
}

// The share of |T| beyond t, as the finite series of the angle atan(t / sqrt(dof)).
double stats_student_cdf(double t, unsigned dof)
{
    double angle = atan(fabs(t) / sqrt(dof)), c = cos(angle), term = c, sum = 0;
    unsigned first = dof % 2 ? 3 : 2;
    if (dof % 2 == 0)
        term = 1;
    for (unsigned k = first; k <= dof; k += 2) {
        sum += term;
        term *= c * c * (k - 1) / k;
    }
    double within = dof % 2 ? 2 / M_PI * (angle + sin(angle) * sum) : sin(angle) * sum;
    return t < 0 ? (1 - within) / 2 : (1 + within) / 2;
}

double stats_student_quantile(double p, unsigned dof)
{
    double low = -1e6, high = 1e6;
    for (int i = 0; i < 200; i++) {
        double mid = (low + high) / 2;
        if (stats_student_cdf(mid, dof) < p)
            low = mid;
        else
            high = mid;
    }
    return (low + high) / 2;
}

static double outward_level(size_t n)
{
    double t = stats_student_quantile(0.975, n - 1) * sqrt(n / (n - 1.0));
    return erfc(t / sqrt(2)) / 2;
}

void stats_bootstrap95(const double *v, size_t n, size_t draws, uint64_t seed, double *low,
                       double *high)
{
    double *room = x_alloc(n * (n + 1) / 2 * sizeof(*room)), *pick = x_alloc(n * sizeof(*pick));
    double *estimate = x_alloc(draws * sizeof(*estimate)), level = outward_level(n);
    for (size_t d = 0; d < draws; d++) {
        for (size_t i = 0; i < n; i++)
            pick[i] = v[stats_random(&seed) % n];
        estimate[d] = walsh_median(pick, n, room);
    }
    stats_sort(estimate, draws);
    *low = stats_quantile(estimate, draws, level);
    *high = stats_quantile(estimate, draws, 1 - level);
    free(room);
    free(pick);
    free(estimate);
}
