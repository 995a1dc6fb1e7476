// A linear problem in disguise: n / X = (1 + s (n-1) + k n (n-1)) / l.
#include "perf/stats/usl.h"

#include "perf/stats/resample.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TERMS 3

double usl_throughput(const struct usl *u, double n)
{
    return u->lambda * n / (1 + u->sigma * (n - 1) + u->kappa * n * (n - 1));
}

static void terms_of(double n, double t[TERMS])
{
    t[0] = 1;
    t[1] = n - 1;
    t[2] = n * (n - 1);
}

static void swap_rows(double *a, double *b)
{
    for (int c = 0; c <= TERMS; c++) {
        double t = a[c];
        a[c] = b[c];
        b[c] = t;
    }
}

// Gauss with pivots on the equations of the terms in use; x of the others is 0. False when singular.
static bool solve(double m[TERMS][TERMS + 1], double x[TERMS])
{
    for (int c = 0; c < TERMS; c++) {
        int best = c;
        for (int r = c + 1; r < TERMS; r++)
            if (fabs(m[r][c]) > fabs(m[best][c]))
                best = r;
        if (fabs(m[best][c]) < 1e-12)
            return false;
        swap_rows(m[c], m[best]);
        for (int r = 0; r < TERMS; r++)
            for (int k = TERMS; r != c && k >= c; k--)
                m[r][k] -= m[c][k] * m[r][c] / m[c][c];
    }
    for (int c = 0; c < TERMS; c++)
        x[c] = m[c][TERMS] / m[c][c];
    return true;
}

static bool least_squares(const double *n, const double *x, size_t points, const bool used[TERMS],
                          double out[TERMS])
{
    double m[TERMS][TERMS + 1] = {0}, t[TERMS];
    for (size_t i = 0; i < points; i++) {
        double y = n[i] / x[i], w = 1 / (y * y);
        terms_of(n[i], t);
        for (int r = 0; r < TERMS; r++) {
            for (int c = 0; c < TERMS; c++)
                m[r][c] += used[r] && used[c] ? w * t[r] * t[c] : 0;
            m[r][TERMS] += used[r] ? w * t[r] * y : 0;
        }
    }
    for (int r = 0; r < TERMS; r++)
        m[r][r] += used[r] ? 0 : 1;
    return solve(m, out);
}

static double squares(const double *n, const double *x, size_t points, const double c[TERMS])
{
    double sum = 0, t[TERMS];
    for (size_t i = 0; i < points; i++) {
        terms_of(n[i], t);
        double y = c[0] * t[0] + c[1] * t[1] + c[2] * t[2], e = y * x[i] / n[i] - 1;
        sum += e * e;
    }
    return sum;
}

static size_t different(const double *n, size_t points)
{
    size_t found = 0;
    for (size_t i = 0; i < points; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen |= n[j] == n[i];
        found += !seen;
    }
    return found;
}

static void take(struct usl *u, const double c[TERMS], const bool used[TERMS])
{
    u->terms = used[0] + used[1] + used[2];
    u->lambda = 1 / c[0];
    u->sigma = c[1] / c[0];
    u->kappa = c[2] / c[0];
    u->knee = u->kappa > 0 ? sqrt((u->sigma < 1 ? 1 - u->sigma : 0) / u->kappa) : INFINITY;
    u->knee = u->knee < 1 ? 1 : u->knee;
}

// The best of the laws in which no coefficient is negative: with both terms, with one, with none.
bool usl_fit(struct usl *u, const double *cpus, const double *throughput, size_t points)
{
    static const bool subsets[][TERMS] = {
        {true, true, true}, {true, true, false}, {true, false, true}, {true, false, false}};
    double best = INFINITY, c[TERMS];
    for (size_t i = 0; i < points; i++)
        if (!(throughput[i] > 0) || !(cpus[i] >= 1))
            return false;
    if (different(cpus, points) < 3)
        return false;
    for (size_t s = 0; s < 4; s++) {
        if (!least_squares(cpus, throughput, points, subsets[s], c) || c[0] <= 0 || c[1] < 0 ||
            c[2] < 0)
            continue;
        double e = squares(cpus, throughput, points, c);
        if (e < best) {
            best = e;
            take(u, c, subsets[s]);
        }
    }
    return isfinite(best);
}

// A law of p coefficients comes nearer to its n points than the true one: the residuals are made as large as the noise is, by sqrt(n / (n - p)).
size_t usl_draws(const struct usl *u, const double *cpus, const double *throughput, size_t points, size_t draws, uint64_t seed,
                 struct usl *out)
{
    if (points <= u->terms)
        return 0;
    double *x = x_alloc(points * sizeof(*x)), grow = sqrt((double)points / (points - u->terms));
    size_t got = 0;
    for (size_t d = 0; d < draws; d++) {
        for (size_t i = 0; i < points; i++) {
            size_t k = stats_random(&seed) % points;
            x[i] = usl_throughput(u, cpus[i]) * pow(throughput[k] / usl_throughput(u, cpus[k]), grow);
        }
        got += usl_fit(&out[got], cpus, x, points);
    }
    free(x);
    return got;
}

// The 2.5 and 97.5 % quantiles; INFINITY when there is nothing. Sorts v.
static void band_of(double *v, size_t n, double *low, double *high)
{
    stats_sort(v, n);
    *low = n ? stats_quantile(v, n, 0.025) : INFINITY;
    *high = n ? stats_quantile(v, n, 0.975) : INFINITY;
}

// Ends that were drawn, the next outward: between a knee and none there is nothing to interpolate.
void usl_knee_band(const struct usl *drawn, size_t draws, double *low, double *high)
{
    double *knee = x_alloc((draws + 1) * sizeof(*knee));
    for (size_t i = 0; i < draws; i++)
        knee[i] = drawn[i].knee;
    stats_sort(knee, draws);
    *low = draws ? knee[(size_t)floor(0.025 * (draws - 1))] : INFINITY;
    *high = draws ? knee[(size_t)ceil(0.975 * (draws - 1))] : INFINITY;
    free(knee);
}

void usl_throughput_band(const struct usl *drawn, size_t draws, double n, double *low, double *high)
{
    double *x = x_alloc((draws + 1) * sizeof(*x));
    for (size_t i = 0; i < draws; i++)
        x[i] = usl_throughput(&drawn[i], n);
    band_of(x, draws, low, high);
    free(x);
}
