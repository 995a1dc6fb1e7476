// Points and fits from synthetic runs: a law that is known is found again, rows without a number stay out of it.
#include "perf/scale/scale_table.h"
#include "perf/stats/usl.h"
#include "perf/util/cmocka_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A det run of the workload on n CPUs whose throughput is X: value = 1e9 n / X.
static json_t *run_of(int n, double throughput)
{
    return json_pack("{s:s,s:s,s:{s:i},s:[{s:s,s:s,s:s,s:s,s:s,s:f},{s:s,s:s,s:s,s:s,s:s}]}", "id", "r", "tier", "det",
                     "topology", "cpus", n, "rows", "workload", "copies/w", "kernel", "k", "metric", "instructions",
                     "unit", "instructions/op", "status", "ok", "value", 1e9 * n / throughput, "workload",
                     "copies/bad", "kernel", "k", "metric", "instructions", "status", "failed", "reason", "why");
}

static json_t *document_of(const struct usl *u, const int *cpus, size_t sizes)
{
    json_t *d = json_object();
    for (size_t i = 0; i < sizes; i++) {
        json_t *run = run_of(cpus[i], usl_throughput(u, cpus[i]));
        scale_add_run(d, run);
        json_decref(run);
    }
    scale_finish(d, 1);
    return d;
}

static double of(json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void a_known_law_is_found(void **state)
{
    static const int cpus[] = {1, 2, 4, 8, 16};
    struct usl u = {.lambda = 50000, .sigma = 0.05, .kappa = 0.002};
    json_t *d = document_of(&u, cpus, 5), *f = json_array_get(json_object_get(d, "fits"), 0);
    (void)state;
    assert_int_equal(json_array_size(json_object_get(d, "points")), 10);
    assert_int_equal(json_array_size(json_object_get(d, "fits")), 1);
    assert_true(fabs(of(f, "lambda") - u.lambda) < 1);
    assert_true(fabs(of(f, "sigma") - u.sigma) < 1e-6 && fabs(of(f, "kappa") - u.kappa) < 1e-6);
    assert_true(fabs(of(f, "knee") - sqrt(0.95 / 0.002)) < 0.01);
    json_t *last = json_array_get(json_object_get(d, "points"), 8);
    assert_int_equal((int)of(last, "cpus"), 16);
    assert_true(fabs(of(last, "efficiency") - usl_throughput(&u, 16) / 16 / 50000) < 1e-9);
    assert_true(fabs(of(last, "latency") * of(last, "throughput") / 16 - 1e9) < 1e-3); // of a CPU, in instructions
    json_decref(d);
}

static void no_number_no_point_in_the_fit(void **state)
{
    static const int cpus[] = {1, 2, 4};
    struct usl u = {.lambda = 1000};
    json_t *d = document_of(&u, cpus, 3), *bad = json_array_get(json_object_get(d, "points"), 1);
    json_t *f = json_array_get(json_object_get(d, "fits"), 0);
    (void)state;
    assert_string_equal(json_string_value(json_object_get(bad, "reason")), "why");
    assert_null(json_object_get(bad, "throughput"));
    assert_true(json_is_null(json_object_get(f, "knee"))); // a straight line has none
    json_decref(d);
}

static void two_sizes_are_too_few(void **state)
{
    static const int cpus[] = {1, 2};
    struct usl u = {.lambda = 1000};
    json_t *d = document_of(&u, cpus, 2), *f = json_array_get(json_object_get(d, "fits"), 0);
    (void)state;
    assert_non_null(json_object_get(f, "reason"));
    assert_null(json_object_get(f, "sigma"));
    json_decref(d);
}

// Three coefficients through three sizes meet every point: a band would have no width. A fourth size says how far off the law is.
static void no_band_without_a_size_to_spare(void **state)
{
    static const int cpus[] = {1, 2, 4, 8};
    struct usl u = {.lambda = 1000, .sigma = 0.1, .kappa = 0.01};
    (void)state;
    for (size_t sizes = 3; sizes <= 4; sizes++) {
        json_t *d = document_of(&u, cpus, sizes), *f = json_array_get(json_object_get(d, "fits"), 0);
        json_t *first = json_array_get(json_object_get(f, "curve"), 0);
        assert_true(json_is_number(json_object_get(f, "knee")) && json_is_number(json_array_get(first, 1)));
        assert_int_equal(json_is_null(json_object_get(f, "knee_low")), sizes == 3);
        assert_int_equal(json_is_null(json_array_get(first, 2)), sizes == 3);
        assert_int_equal(json_object_get(f, "no_band") != NULL, sizes == 3);
        json_decref(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_known_law_is_found),
                                       cmocka_unit_test(no_number_no_point_in_the_fit),
                                       cmocka_unit_test(no_band_without_a_size_to_spare),
                                       cmocka_unit_test(two_sizes_are_too_few)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
