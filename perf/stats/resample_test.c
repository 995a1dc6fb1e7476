// Vectors: Walsh averages by hand; quantiles of Student's distribution and of samples from SciPy
// 1.10.1 (scipy.stats.t, numpy.quantile); Hodges-Lehmann and its bootstrap from stats_vectors.py.
#include "perf/stats/resample.h"
#include "perf/stats/stats_vectors.h"
#include "perf/util/test_near.h"

#include <string.h>

static void hodges_lehmann(void **state)
{
    const double v[] = {1, 2, 10}; // Walsh averages 1 1.5 2 5.5 6 10
    (void)state;
    near(stats_hodges_lehmann(v, 3), 3.75);
    near(stats_hodges_lehmann(v, 1), 1);
    for (size_t n = 5; n <= 40; n++)
        near(stats_hodges_lehmann(heavy_tailed, n), hodges_lehmann_of[n - 5]);
}

static void student(void **state)
{
    (void)state;
    near(stats_student_quantile(0.975, 9), 2.2621571627409915);
    near(stats_student_quantile(0.975, 1), 12.706204736432095);
    near(stats_student_quantile(0.9, 2), 1.8856180831641507);
    near(stats_student_quantile(0.995, 24), 2.796939504772804);
    near(stats_student_quantile(0.3, 5), -0.5594296444681034);
    near(stats_student_cdf(1.3, 7), 0.8826160823038114);
    near(stats_student_cdf(-2.2, 4), 0.046326335089817296);
}

static void bootstrap(void **state)
{
    const double v[] = {0.10, 0.11, 0.12, 0.09, 0.10, 0.13}, same[] = {5, 5, 5};
    double low, high, low2, high2;
    (void)state;
    stats_bootstrap95(v, 6, STATS_DRAWS, 7, &low, &high);
    stats_bootstrap95(v, 6, STATS_DRAWS, 7, &low2, &high2);
    assert_true(low >= 0.09 && low < 0.105 && high > 0.11 && high <= 0.13);
    assert_true(low == low2 && high == high2);
    stats_bootstrap95(same, 3, STATS_DRAWS, 1, &low, &high);
    near(low, 5);
    near(high, 5);
}

static void bootstrap_of_the_same_draws(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bootstrap_of) / sizeof(*bootstrap_of); i++) {
        double low, high;
        stats_bootstrap95(heavy_tailed, bootstrap_of[i].n, bootstrap_of[i].draws, bootstrap_of[i].seed, &low, &high);
        near(low, bootstrap_of[i].low);
        near(high, bootstrap_of[i].high);
    }
}

static void order_statistics(void **state)
{
    double v[] = {1.1, 2.7, 3.9, 4.2, 5.8, 6.4, 7.7, 9.3, 2.1, 4.9, 5.1, 8.8, 10.2, 11.5, 12.6};
    double odd[] = {3, 1, 2}, even[] = {4, 1, 2, 3}, spread[] = {1, 1, 2, 2, 4, 6, 9};
    size_t n = sizeof(v) / sizeof(*v);
    (void)state;
    stats_sort(v, n);
    near(stats_quantile(v, n, 0.1), 2.34);
    near(stats_quantile(v, n, 0.5), 5.8);
    near(stats_quantile(v, n, 0.9), 10.98);
    near(stats_quantile(v, n, 0.99), 12.446);
    near(stats_quantile(v, n, 1), 12.6);
    near(stats_quantile(v, n, 0), 1.1);
    near(stats_median(odd, 3), 2);
    near(stats_median(even, 4), 2.5);
    near(stats_spread(spread, 7), 1.4826); // deviations 0 0 1 1 2 4 7
}

static void selection_agrees_with_sorting(void **state)
{
    uint64_t seed = 11;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        double a[40], b[40];
        size_t n = 1 + stats_random(&seed) % 40, k = stats_random(&seed) % n;
        for (size_t i = 0; i < n; i++)
            a[i] = stats_random(&seed) % 12; // many ties
        memcpy(b, a, sizeof(a));
        stats_sort(b, n);
        near(stats_select(a, n, k), b[k]);
    }
}

static void percentiles_need_samples(void **state)
{
    (void)state;
    assert_int_equal(stats_samples_for(0.5), 5);
    assert_int_equal(stats_samples_for(0.9), 29);
    assert_int_equal(stats_samples_for(0.99), 299);
    assert_int_equal(stats_samples_for(0.999), 2995);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hodges_lehmann),           cmocka_unit_test(student),
        cmocka_unit_test(bootstrap),                cmocka_unit_test(bootstrap_of_the_same_draws),
        cmocka_unit_test(order_statistics),
        cmocka_unit_test(selection_agrees_with_sorting), cmocka_unit_test(percentiles_need_samples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
