// Small-sample statistics, written from the papers named in the header.
#include "perf/result/stats.h"

#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS     10000
#define EXACT_MAX 30

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stats_median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
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

static uint64_t next_random(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void stats_bootstrap95(const double *v, size_t n, uint64_t seed, double *low, double *high)
{
    size_t draws = n <= 20 ? DRAWS : DRAWS / 10;
    double *room = x_alloc(n * (n + 1) / 2 * sizeof(*room)), *pick = x_alloc(n * sizeof(*pick));
    double *estimate = x_alloc(draws * sizeof(*estimate));
    for (size_t d = 0; d < draws; d++) {
        for (size_t i = 0; i < n; i++)
            pick[i] = v[next_random(&seed) % n];
        estimate[d] = walsh_median(pick, n, room);
    }
    qsort(estimate, draws, sizeof(*estimate), by_value);
    *low = estimate[draws * 25 / 1000];
    *high = estimate[draws * 975 / 1000 - 1];
    free(room);
    free(pick);
    free(estimate);
}

static int by_magnitude(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

// Sum of the ranks of the positive values, in halves (ties share the mean rank); v sorted by
// magnitude.
static long positive_ranks2(const double *v, size_t n, long *rank2)
{
    long sum = 0;
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && fabs(v[j]) == fabs(v[i]); j++)
            ;
        for (size_t k = i; k < j; k++) {
            rank2[k] = i + 1 + j;
            sum += v[k] > 0 ? rank2[k] : 0;
        }
    }
    return sum;
}

// Share of the 2^n sign choices whose rank sum is at most w (in halves).
static double share_at_most(const long *rank2, size_t n, long w)
{
    long total = 0;
    for (size_t i = 0; i < n; i++)
        total += rank2[i];
    double *ways = x_alloc((total + 1) * sizeof(*ways)), below = 0, all = 0;
    ways[0] = 1;
    for (size_t i = 0; i < n; i++)
        for (long s = total; s >= rank2[i]; s--)
            ways[s] += ways[s - rank2[i]];
    for (long s = 0; s <= total; s++) {
        all += ways[s];
        below += s <= w ? ways[s] : 0;
    }
    free(ways);
    return below / all;
}

static double normal_p(size_t n, double w)
{
    double mean = n * (n + 1) / 4.0, sd = sqrt(n * (n + 1) * (2.0 * n + 1) / 24);
    return erfc((fabs(w - mean) - 0.5) / sd / sqrt(2));
}

double stats_wilcoxon(const double *v, size_t n)
{
    double *d = x_alloc(n * sizeof(*d)), p = 1;
    long *rank2 = x_alloc(n * sizeof(*rank2)), total;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i] != 0)
            d[m++] = v[i];
    qsort(d, m, sizeof(*d), by_magnitude);
    long w = positive_ranks2(d, m, rank2);
    total = m * (m + 1);
    if (m && m <= EXACT_MAX)
        p = 2 * share_at_most(rank2, m, w < total - w ? w : total - w);
    else if (m)
        p = normal_p(m, w / 2.0);
    free(d);
    free(rank2);
    return p < 1 ? p : 1;
}

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    return by_value(&((const struct ranked *)a)->p, &((const struct ranked *)b)->p);
}

void stats_bh_adjust(double *p, size_t m)
{
    struct ranked *r = x_alloc(m * sizeof(*r));
    double least = 1;
    for (size_t i = 0; i < m; i++)
        r[i] = (struct ranked){p[i], i};
    qsort(r, m, sizeof(*r), by_p);
    for (size_t i = m; i-- > 0;) {
        double q = r[i].p * m / (i + 1);
        least = q < least ? q : least;
        p[r[i].at] = least;
    }
    free(r);
}
