// Vectors worked out by hand or from published tables: Wilcoxon's exact distribution, Walsh
// averages, Benjamini-Hochberg.
#include "perf/result/stats.h"
#include "perf/util/cmocka_all.h"

#include <math.h>

static void near(double got, double want)
{
    if (fabs(got - want) > 1e-9)
        fail_msg("%.12g is not %.12g", got, want);
}

static void hodges_lehmann(void **state)
{
    const double v[] = {1, 2, 10}; // Walsh averages 1 1.5 2 5.5 6 10
    (void)state;
    near(stats_hodges_lehmann(v, 3), 3.75);
    near(stats_hodges_lehmann(v, 1), 1);
}

static void wilcoxon(void **state)
{
    const double all[] = {1, 2, 3, 4, 5, 6}, mixed[] = {-1, 2, 3, 4, 5, 6, 7, 8},
                 none[] = {0, 0, 0};
    const double balanced[] = {1, -1, 2, -2};
    (void)state;
    near(stats_wilcoxon(all, 6), 2.0 / 64);    // only the one extreme choice of signs, both sides
    near(stats_wilcoxon(mixed, 8), 4.0 / 256); // rank sums 0 and 1
    near(stats_wilcoxon(none, 3), 1);
    near(stats_wilcoxon(balanced, 4), 1);
}

static void bootstrap(void **state)
{
    const double v[] = {0.10, 0.11, 0.12, 0.09, 0.10, 0.13}, same[] = {5, 5, 5};
    double low, high, low2, high2;
    (void)state;
    stats_bootstrap95(v, 6, 7, &low, &high);
    stats_bootstrap95(v, 6, 7, &low2, &high2);
    assert_true(low >= 0.09 && low < 0.105 && high > 0.11 && high <= 0.13);
    assert_true(low == low2 && high == high2);
    stats_bootstrap95(same, 3, 1, &low, &high);
    near(low, 5);
    near(high, 5);
}

static void benjamini_hochberg(void **state)
{
    double p[] = {0.01, 0.04, 0.03, 0.005}; // adjusted: 0.02 0.04 0.04 0.02
    (void)state;
    stats_bh_adjust(p, 4);
    near(p[0], 0.02);
    near(p[1], 0.04);
    near(p[2], 0.04);
    near(p[3], 0.02);
}

static void median(void **state)
{
    double odd[] = {3, 1, 2}, even[] = {4, 1, 2, 3};
    (void)state;
    near(stats_median(odd, 3), 2);
    near(stats_median(even, 4), 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hodges_lehmann), cmocka_unit_test(wilcoxon), cmocka_unit_test(bootstrap),
        cmocka_unit_test(benjamini_hochberg), cmocka_unit_test(median)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
