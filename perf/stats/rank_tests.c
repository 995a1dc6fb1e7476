// Exact distributions are counted in doubles: relative error stays far below 1e-12 at these sizes.
#include "perf/stats/rank_tests.h"

#include "perf/stats/quantile.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WILCOXON_EXACT 30
#define WHITNEY_EXACT  2500
#define PATHS_EXACT    250000

static double two_sided_normal(double z)
{
    return erfc(z / sqrt(2));
}

static double at_most_one(double p)
{
    return p < 1 ? p : 1;
}

static int by_magnitude(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

// Sum of the ranks of the positive values, in halves (ties share the mean rank); v sorted by
// magnitude. *ties gets the sum of t^3 - t over groups of equal magnitude.
static long positive_ranks2(const double *v, size_t n, long *rank2, double *ties)
{
    long sum = 0;
    *ties = 0;
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && fabs(v[j]) == fabs(v[i]); j++)
            ;
        double t = j - i;
        *ties += t * t * t - t;
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

static double signed_rank_normal(size_t n, double w, double ties)
{
    double mean = n * (n + 1) / 4.0, var = n * (n + 1) * (2.0 * n + 1) / 24 - ties / 48;
    double beyond = fabs(w - mean) - 0.5;
    return two_sided_normal(beyond > 0 ? beyond / sqrt(var) : 0);
}

double stats_wilcoxon(const double *v, size_t n)
{
    double *d = x_alloc(n * sizeof(*d)), p = 1, ties;
    long *rank2 = x_alloc(n * sizeof(*rank2)), total;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i] != 0)
            d[m++] = v[i];
    qsort(d, m, sizeof(*d), by_magnitude);
    long w = positive_ranks2(d, m, rank2, &ties);
    total = m * (m + 1);
    if (m && m <= WILCOXON_EXACT)
        p = 2 * share_at_most(rank2, m, w < total - w ? w : total - w);
    else if (m)
        p = signed_rank_normal(m, w / 2.0, ties);
    free(d);
    free(rank2);
    return at_most_one(p);
}

struct labelled {
    double value;
    bool first; // of the first sample
};

static int by_label_value(const void *a, const void *b)
{
    double x = ((const struct labelled *)a)->value, y = ((const struct labelled *)b)->value;
    return (x > y) - (x < y);
}

static struct labelled *merge(const double *a, size_t n, const double *b, size_t m)
{
    struct labelled *all = x_alloc((n + m) * sizeof(*all));
    for (size_t i = 0; i < n + m; i++)
        all[i] = (struct labelled){i < n ? a[i] : b[i - n], i < n};
    qsort(all, n + m, sizeof(*all), by_label_value);
    return all;
}

static double rank_sum(const struct labelled *all, size_t n, double *ties)
{
    double sum = 0;
    *ties = 0;
    for (size_t i = 0, j; i < n; i = j) {
        size_t first = 0;
        for (j = i; j < n && all[j].value == all[i].value; j++)
            first += all[j].first;
        double t = j - i;
        *ties += t * t * t - t;
        sum += first * (i + 1 + j) / 2.0;
    }
    return sum;
}

// Share of the arrangements of n and m values whose U is at most u (Mann and Whitney's recurrence,
// as the generating function prod (1 - q^(m+i)) / (1 - q^i)).
static double whitney_at_most(size_t n, size_t m, double u)
{
    size_t top = n * m;
    double *ways = x_alloc((top + 1) * sizeof(*ways)), below = 0, all = 0;
    ways[0] = 1;
    for (size_t i = 1; i <= n; i++) {
        for (size_t s = top; s >= m + i; s--)
            ways[s] -= ways[s - m - i];
        for (size_t s = i; s <= top; s++)
            ways[s] += ways[s - i];
    }
    for (size_t s = 0; s <= top; s++) {
        all += ways[s];
        below += s <= u ? ways[s] : 0;
    }
    free(ways);
    return below / all;
}

static double whitney_normal(size_t n, size_t m, double u, double ties)
{
    double all = n + m, var = n * m / 12.0 * (all + 1 - ties / (all * (all - 1)));
    double beyond = fabs(u - n * m / 2.0) - 0.5;
    return var > 0 && beyond > 0 ? two_sided_normal(beyond / sqrt(var)) : 1;
}

double stats_mann_whitney(const double *a, size_t n, const double *b, size_t m, double *u)
{
    double ties, own;
    if (!n || !m)
        return 1;
    struct labelled *all = merge(a, n, b, m);
    own = rank_sum(all, n + m, &ties) - n * (n + 1) / 2.0;
    free(all);
    if (u)
        *u = own;
    double least = own < n * m - own ? own : n * m - own;
    if (ties == 0 && n * m <= WHITNEY_EXACT)
        return at_most_one(2 * whitney_at_most(n, m, least));
    return whitney_normal(n, m, own, ties);
}

// The distance as a whole number: |i * m - j * n| over the steps at which a value ends.
static size_t greatest_gap(const struct labelled *all, size_t n, size_t m)
{
    size_t i = 0, j = 0, gap = 0;
    for (size_t k = 0; k < n + m; k++) {
        i += all[k].first;
        j += !all[k].first;
        if (k + 1 < n + m && all[k + 1].value == all[k].value)
            continue;
        size_t x = i * m, y = j * n, g = x > y ? x - y : y - x;
        gap = g > gap ? g : gap;
    }
    return gap;
}

// Chance that a random path from (0,0) to (n,m) touches a gap of at least `gap`: the share of paths
// that stay inside, kept as chances of the step order so that nothing overflows.
static double path_chance(size_t n, size_t m, size_t gap)
{
    double *inside = x_alloc((m + 1) * sizeof(*inside));
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            size_t x = i * m, y = j * n, g = x > y ? x - y : y - x;
            double from_left = j ? inside[j - 1] * j / (i + j) : 0;
            double from_below = i ? inside[j] * i / (i + j) : 0;
            inside[j] = g >= gap ? 0 : i + j ? from_left + from_below : 1;
        }
    double p = 1 - inside[m];
    free(inside);
    return p > 0 ? p : 0;
}

static double kolmogorov_limit(double x)
{
    double p = 0;
    for (int k = 1; k < 200; k++)
        p += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    return x < 0.2 ? 1 : p;
}

double stats_kolmogorov_smirnov(const double *a, size_t n, const double *b, size_t m, double *d)
{
    if (!n || !m)
        return 1;
    struct labelled *all = merge(a, n, b, m);
    size_t gap = greatest_gap(all, n, m);
    double distance = gap / ((double)n * m);
    free(all);
    if (d)
        *d = distance;
    if (!gap)
        return 1;
    if (n * m <= PATHS_EXACT)
        return at_most_one(path_chance(n, m, gap));
    return at_most_one(kolmogorov_limit(distance * sqrt((double)n * m / (n + m))));
}

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->p, y = ((const struct ranked *)b)->p;
    return (x > y) - (x < y);
}

static struct ranked *rank_of_each(const double *p, size_t m)
{
    struct ranked *r = x_alloc(m * sizeof(*r));
    for (size_t i = 0; i < m; i++)
        r[i] = (struct ranked){p[i], i};
    qsort(r, m, sizeof(*r), by_p);
    return r;
}

void stats_bh_adjust(double *p, size_t m)
{
    struct ranked *r = rank_of_each(p, m);
    double least = 1;
    for (size_t i = m; i-- > 0;) {
        double q = r[i].p * m / (i + 1);
        least = q < least ? q : least;
        p[r[i].at] = least;
    }
    free(r);
}

void stats_holm_adjust(double *p, size_t m)
{
    struct ranked *r = rank_of_each(p, m);
    double most = 0;
    for (size_t i = 0; i < m; i++) {
        double q = at_most_one(r[i].p * (m - i));
        most = q > most ? q : most;
        p[r[i].at] = most;
    }
    free(r);
}
