// Vectors: by hand from the exact distributions, and from SciPy 1.10.1 (wilcoxon, mannwhitneyu,
// ks_2samp, kstwobign), named at each.
#include "perf/stats/rank_tests.h"
#include "perf/util/test_near.h"

static const double a[] = {1.1, 2.7, 3.9, 4.2, 5.8, 6.4, 7.7, 9.3};
static const double b[] = {2.1, 4.9, 5.1, 8.8, 10.2, 11.5, 12.6};
static const double tied_a[] = {1, 2, 2, 3, 5, 5, 6, 7, 9, 9};
static const double tied_b[] = {2, 4, 5, 6, 8, 8, 9, 10, 11, 12, 13};

static void long_samples(double *x, double *y)
{
    for (int i = 0; i < 60; i++)
        x[i] = i * 37 % 101 + 0.25 * i;
    for (int i = 0; i < 70; i++)
        y[i] = i * 53 % 103 + 0.3 * i + 3;
}

static void wilcoxon(void **state)
{
    const double all[] = {1, 2, 3, 4, 5, 6}, mixed[] = {-1, 2, 3, 4, 5, 6, 7, 8},
                 none[] = {0, 0, 0};
    const double balanced[] = {1, -1, 2, -2};
    const double ten[] = {0.3, -0.1, 0.8, 1.2, -0.4, 0.6, 2.1, 0.9, -0.2, 1.5};
    double many[45];
    (void)state;
    near(stats_wilcoxon(all, 6), 2.0 / 64);    // only the one extreme choice of signs, both sides
    near(stats_wilcoxon(mixed, 8), 4.0 / 256); // rank sums 0 and 1
    near(stats_wilcoxon(none, 3), 1);
    near(stats_wilcoxon(balanced, 4), 1);
    near(stats_wilcoxon(NULL, 0), 1);
    near(stats_wilcoxon(ten, 10), 0.037109375); // wilcoxon(mode='exact')
    for (int i = 0; i < 45; i++)
        many[i] = (i * 29 % 41 - 15) / 4.0;
    near(stats_wilcoxon(many, 45), 0.029048498050425246); // wilcoxon(mode='approx', correction=True)
}

static void mann_whitney(void **state)
{
    double u, x[60], y[70];
    (void)state;
    near(stats_mann_whitney(a, 8, b, 7, &u), 0.1892773892773893); // method='exact'
    near(u, 16);
    near(stats_mann_whitney(tied_a, 10, tied_b, 11, &u), 0.05613523456870151); // 'asymptotic'
    near(u, 27.5);
    long_samples(x, y);
    near(stats_mann_whitney(x, 60, y, 70, &u), 0.209866056808386); // 'asymptotic'
    near(u, 1831);
    near(stats_mann_whitney(a, 1, a, 1, NULL), 1);
    near(stats_mann_whitney(a, 0, b, 7, NULL), 1);
}

static void kolmogorov_smirnov(void **state)
{
    double d, x[60], y[70], wide_a[600], wide_b[600];
    (void)state;
    near(stats_kolmogorov_smirnov(a, 8, b, 7, &d), 0.3728049728049728); // method='exact'
    near(d, 0.44642857142857145);
    near(stats_kolmogorov_smirnov(tied_a, 10, tied_b, 11, &d), 0.19552841379466765);
    near(d, 0.43636363636363634);
    long_samples(x, y);
    near(stats_kolmogorov_smirnov(x, 60, y, 70, &d), 0.6783441734380485);
    near(stats_kolmogorov_smirnov(a, 8, a, 8, &d), 1);
    for (int i = 0; i < 600; i++) { // sqrt(300) * 0.05 = 0.866..., in the limit's range
        wide_a[i] = i;
        wide_b[i] = i + 30 - 0.5;
    }
    near(stats_kolmogorov_smirnov(wide_a, 600, wide_b, 600, &d),
         2 * (exp(-2 * 0.75) - exp(-8 * 0.75) + exp(-18 * 0.75) - exp(-32 * 0.75)));
    near(d, 0.05);
}

static void adjustments(void **state)
{
    double p[] = {0.01, 0.04, 0.03, 0.005}, h[] = {0.01, 0.04, 0.03, 0.005};
    const double bh[] = {0.02, 0.04, 0.04, 0.02}, holm[] = {0.03, 0.06, 0.06, 0.02};
    (void)state;
    stats_bh_adjust(p, 4);
    stats_holm_adjust(h, 4);
    for (int i = 0; i < 4; i++) {
        near(p[i], bh[i]);
        near(h[i], holm[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilcoxon), cmocka_unit_test(mann_whitney),
        cmocka_unit_test(kolmogorov_smirnov), cmocka_unit_test(adjustments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
