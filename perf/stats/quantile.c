// Selection and sorting; nothing here allocates but stats_spread.
#include "perf/stats/quantile.h"

#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_sort(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_value);
}

double stats_quantile(const double *v, size_t n, double q)
{
    double at = q * (n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? v[i] + (at - i) * (v[i + 1] - v[i]) : v[n - 1];
}

static void swap(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

// One step: what is below the pivot goes left of *low, what is above it right of *high.
static void partition(double *v, double pivot, size_t *low, size_t *high)
{
    while (*low <= *high) {
        while (v[*low] < pivot)
            ++*low;
        while (v[*high] > pivot)
            --*high;
        if (*low > *high)
            return;
        swap(&v[*low], &v[*high]);
        ++*low;
        if (!*high)
            return;
        --*high;
    }
}

double stats_select(double *v, size_t n, size_t k)
{
    size_t left = 0, right = n - 1;
    while (left < right) {
        size_t low = left, high = right;
        partition(v, v[k], &low, &high);
        if (high < k)
            left = low;
        if (k < low)
            right = high;
    }
    return v[k];
}

double stats_median(double *v, size_t n)
{
    double upper = stats_select(v, n, n / 2);
    return n % 2 ? upper : (stats_select(v, n, n / 2 - 1) + upper) / 2;
}

double stats_spread(const double *v, size_t n)
{
    double *d = x_alloc(n * sizeof(*d));
    memcpy(d, v, n * sizeof(*d));
    double m = stats_median(d, n);
    for (size_t i = 0; i < n; i++)
        d[i] = fabs(v[i] - m);
    double spread = 1.4826 * stats_median(d, n);
    free(d);
    return spread;
}

size_t stats_samples_for(double q)
{
    return q > 0 && q < 1 ? (size_t)ceil(log(0.05) / log(q) - 1e-9) : 1;
}
