// Change points on series with known changes and with none; scalability laws that are known exactly; both against stats_vectors.py.
#include "perf/stats/change_points.h"
#include "perf/stats/resample.h"
#include "perf/stats/stats_vectors.h"
#include "perf/stats/usl.h"
#include "perf/stats/warmup.h"
#include "perf/util/test_near.h"

#include <stdlib.h>

static double noise(uint64_t *seed)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (stats_random(seed) >> 11) * 0x1p-53;
    return sum - 6; // Irwin-Hall: mean 0, deviation 1
}

static void best_division_by_hand(void **state)
{
    const double v[] = {0, 0, 0, 1, 1, 1}; // between 9, within 0 and 0: 9/6 * 2/9 * 9
    double energy;
    (void)state;
    assert_int_equal(stats_best_division(v, 6, &energy), 3);
    near(energy, 3);
}

static void divisions_of_another_implementation(void **state)
{
    size_t at[48];
    (void)state;
    for (size_t i = 0; i < sizeof(divided) / sizeof(*divided); i++) {
        double energy;
        assert_int_equal(stats_best_division(stepped, divided[i].n, &energy), divided[i].at);
        near(energy, divided[i].energy);
    }
    assert_int_equal(stats_change_points(stepped, 48, 1, at), sizeof(changed_at) / sizeof(*changed_at));
    for (size_t i = 0; i < sizeof(changed_at) / sizeof(*changed_at); i++)
        assert_int_equal(at[i], changed_at[i]);
}

static void steps_are_found(void **state)
{
    double v[120];
    size_t at[120];
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < 120; i++)
        v[i] = 100 + noise(&seed) + (i >= 30 ? 5 : 0) - (i >= 80 ? 8 : 0);
    size_t n = stats_change_points(v, 120, 9, at);
    assert_int_equal(n, 2);
    assert_in_range(at[0], 29, 31);
    assert_in_range(at[1], 79, 81);
}

static void no_change_is_found_where_none_is(void **state)
{
    size_t at[60], alarms = 0;
    uint64_t seed = 2;
    (void)state;
    for (int round = 0; round < 40; round++) {
        double v[40];
        for (int i = 0; i < 40; i++)
            v[i] = 100 + noise(&seed);
        alarms += stats_change_points(v, 40, round, at);
    }
    assert_in_range(alarms, 0, 1); // p is 0.001
    double flat[20] = {0};
    assert_int_equal(stats_change_points(flat, 20, 1, at), 0);
    assert_int_equal(stats_change_points(flat, 2, 1, at), 0);
}

static void laws_are_recovered(void **state)
{
    static const double cpus[] = {1, 2, 4, 8, 16, 32};
    const struct usl truth = {.lambda = 1000, .sigma = 0.03, .kappa = 0.0008};
    double x[6], low, high;
    struct usl u;
    (void)state;
    for (int i = 0; i < 6; i++)
        x[i] = usl_throughput(&truth, cpus[i]);
    assert_true(usl_fit(&u, cpus, x, 6));
    near_by(u.lambda, 1000, 1e-6);
    near_by(u.sigma, 0.03, 1e-9);
    near_by(u.kappa, 0.0008, 1e-9);
    near_by(u.knee, sqrt(0.97 / 0.0008), 1e-4);
    for (int i = 0; i < 6; i++)
        x[i] *= i % 2 ? 1.01 : 0.99;
    assert_true(usl_fit(&u, cpus, x, 6));
    struct usl drawn[500];
    size_t draws = usl_draws(&u, cpus, x, 6, 500, 1, drawn);
    usl_knee_band(drawn, draws, &low, &high);
    assert_true(low < u.knee && u.knee < high && high < 3 * low);
}

static void noisy_laws_of_another_implementation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(noisy_laws) / sizeof(*noisy_laws); i++) {
        struct usl u;
        assert_true(usl_fit(&u, noisy_laws[i].cpus, noisy_laws[i].x, noisy_laws[i].points));
        near_share(u.lambda, noisy_laws[i].lambda);
        near(u.sigma, noisy_laws[i].sigma);
        near(u.kappa, noisy_laws[i].kappa);
        assert_int_equal(u.terms, noisy_laws[i].terms);
    }
}

static void bands_of_the_same_draws(void **state)
{
    struct usl u, drawn[400];
    double low, high;
    (void)state;
    assert_true(usl_fit(&u, noisy_laws[0].cpus, noisy_laws[0].x, noisy_laws[0].points));
    assert_int_equal(usl_draws(&u, noisy_laws[0].cpus, noisy_laws[0].x, noisy_laws[0].points, 400, 11, drawn), 400);
    usl_knee_band(drawn, 400, &low, &high);
    near_share(low, first_laws_bands[0]);
    near_share(high, first_laws_bands[1]);
    usl_throughput_band(drawn, 400, 8, &low, &high);
    near_share(low, first_laws_bands[2]);
    near_share(high, first_laws_bands[3]);
}

// Of 2,000 laws with knees at 10, 11, ... the last `never` have none.
static void band_is(size_t never, double want_low, double want_high)
{
    enum { LAWS = 2000 };
    static struct usl drawn[LAWS];
    double low, high;
    for (size_t i = 0; i < LAWS; i++)
        drawn[LAWS - 1 - i].knee = i < LAWS - never ? 10 + (double)i : INFINITY;
    usl_knee_band(drawn, LAWS, &low, &high);
    assert_true(low == want_low && high == want_high);
}

static void no_knee_is_no_large_one(void **state)
{
    (void)state;
    band_is(0, 59, 1960);
    band_is(49, 59, 1960);
    band_is(50, 59, INFINITY);
    band_is(1950, 59, INFINITY);
    band_is(1951, INFINITY, INFINITY);
}

static void as_many_coefficients_as_points_have_no_band(void **state)
{
    static const double cpus[] = {1, 2, 4, 8}, x[] = {10, 18, 27, 30}, straight[] = {10, 21, 39};
    double low, high;
    struct usl u, drawn[50];
    (void)state;
    assert_true(usl_fit(&u, cpus, x, 3));
    assert_int_equal(u.terms, 3);
    assert_int_equal(usl_draws(&u, cpus, x, 3, 50, 1, drawn), 0);
    usl_knee_band(drawn, 0, &low, &high);
    assert_true(isinf(low) && isinf(high));
    assert_true(usl_fit(&u, cpus, x, 4));
    assert_true(usl_draws(&u, cpus, x, 4, 50, 1, drawn) > 0);
    assert_true(usl_fit(&u, cpus, straight, 3));
    assert_true(u.terms < 3 && usl_draws(&u, cpus, straight, 3, 50, 1, drawn) > 0);
}

// From five points the band holds the true throughput in 81 of 100 series; with the residuals as they are it would in 64.
static void the_band_is_as_wide_as_the_noise(void **state)
{
    static const double cpus[] = {1, 2, 4, 8, 16};
    const struct usl truth = {.lambda = 1000, .sigma = 0.05, .kappa = 0.002};
    double x[5], low, high;
    struct usl u, drawn[300];
    uint64_t seed = 7;
    int held = 0, series = 200;
    (void)state;
    for (int s = 0; s < series; s++) {
        for (int i = 0; i < 5; i++)
            x[i] = usl_throughput(&truth, cpus[i]) * exp(0.01 * noise(&seed));
        assert_true(usl_fit(&u, cpus, x, 5));
        size_t draws = usl_draws(&u, cpus, x, 5, 300, s + 1, drawn);
        usl_throughput_band(drawn, draws, 8, &low, &high);
        held += low <= usl_throughput(&truth, 8) && usl_throughput(&truth, 8) <= high;
    }
    assert_true(held > 75 * series / 100);
}

static void linear_and_impossible_laws(void **state)
{
    static const double cpus[] = {1, 2, 4, 8}, linear[] = {10, 20, 40, 80},
                        better[] = {10, 21, 45, 100}, zero[] = {10, 0, 40, 80}, two[] = {1, 2, 2, 1};
    struct usl u;
    (void)state;
    assert_true(usl_fit(&u, cpus, linear, 4));
    near(u.sigma, 0);
    near(u.kappa, 0);
    assert_true(isinf(u.knee));
    assert_true(usl_fit(&u, cpus, better, 4)); // more than linear: no negative contention is claimed
    assert_true(u.sigma >= 0 && u.kappa >= 0);
    assert_false(usl_fit(&u, cpus, zero, 4));
    assert_false(usl_fit(&u, two, linear, 4));
}

static void warmup(void **state)
{
    double v[32];
    uint64_t seed = 4;
    size_t too_few = 0, too_many = 0, unsteady = 0;
    (void)state;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 32; i++)
            v[i] = 100 + 0.5 * noise(&seed) + (i < 5 ? 40 : 0);
        too_few += stats_warmup(v, 32) < 5;
        too_many += stats_warmup(v, 32) > 9;
        for (int i = 0; i < 5; i++)
            v[i] -= 40;
        unsteady += stats_warmup(v, 32) == 16;
    }
    assert_int_equal(too_few, 0);
    assert_in_range(too_many, 0, 30); // a chance dip of the noise may be left out too
    assert_in_range(unsteady, 0, 10);
    for (int i = 0; i < 32; i++)
        v[i] = 100 - i; // still falling at the end
    assert_int_equal(stats_warmup(v, 32), 16);
    for (int i = 0; i < 32; i++)
        v[i] = 7;
    assert_int_equal(stats_warmup(v, 32), 0);
    assert_int_equal(stats_warmup(v, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_division_by_hand), cmocka_unit_test(divisions_of_another_implementation), cmocka_unit_test(steps_are_found),
        cmocka_unit_test(no_change_is_found_where_none_is), cmocka_unit_test(laws_are_recovered),
        cmocka_unit_test(noisy_laws_of_another_implementation), cmocka_unit_test(bands_of_the_same_draws),
        cmocka_unit_test(linear_and_impossible_laws), cmocka_unit_test(no_knee_is_no_large_one),
        cmocka_unit_test(as_many_coefficients_as_points_have_no_band), cmocka_unit_test(the_band_is_as_wide_as_the_noise),
        cmocka_unit_test(warmup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
