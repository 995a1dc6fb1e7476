// Buckets by closed form, quantiles against a sorted copy and against stats_vectors.py, the text form there and back, refusals.
#include "perf/stats/hdr_histogram.h"
#include "perf/stats/resample.h"
#include "perf/stats/stats_vectors.h"
#include "perf/util/test_near.h"

#include <stdlib.h>
#include <string.h>

static void buckets(void **state)
{
    (void)state;
    for (unsigned b = 0; b < HDR_BUCKETS; b++) {
        assert_int_equal(hdr_bucket_of(hdr_bucket_low(b)), b);
        assert_int_equal(hdr_bucket_of(hdr_bucket_low(b + 1) - 1), b);
    }
    assert_int_equal(hdr_bucket_low(HDR_BUCKETS), 1ull << HDR_VALUE_BITS);
    assert_int_equal(hdr_bucket_of(1ull << HDR_VALUE_BITS), HDR_BUCKETS);
    for (unsigned b = 2048; b < HDR_BUCKETS; b++) { // three digits: the bucket's width is below 0.1 %
        double low = hdr_bucket_low(b), width = hdr_bucket_low(b + 1) - low;
        assert_true(width / low <= 1.0 / 1024);
    }
}

static void quantiles(void **state)
{
    uint64_t seed = 3;
    double v[5000];
    struct hdr_histogram *h = hdr_new();
    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint64_t x = 100 + stats_random(&seed) % 1000 * (stats_random(&seed) % 5000);
        hdr_add(h, x, 1);
        v[i] = x;
    }
    stats_sort(v, 5000);
    for (double q = 0.001; q < 1; q += 0.0097) {
        double want = v[(size_t)ceil(q * 5000) - 1];
        near_by(hdr_quantile(h, q), want, want / 2000);
    }
    near(hdr_quantile(h, 1), v[4999]);
    assert_int_equal(hdr_count_above(h, (uint64_t)v[4999]), 0);
    free(h);
}

static void quantiles_of_another_implementation(void **state)
{
    struct hdr_histogram *h = hdr_new();
    (void)state;
    for (size_t i = 0; i < sizeof(latencies) / sizeof(*latencies); i++)
        hdr_add(h, latencies[i], 1);
    for (size_t i = 0; i < sizeof(latency_at) / sizeof(*latency_at); i++)
        near(hdr_quantile(h, latency_quantiles[i]), latency_at[i]);
    free(h);
}

static void overflow_is_counted(void **state)
{
    struct hdr_histogram *h = hdr_new(), *g = hdr_new();
    (void)state;
    near(hdr_quantile(h, 0.5), 0);
    hdr_add(h, 7, 1);
    hdr_add(h, 1ull << 41, 3);
    assert_int_equal(h->count, 4);
    assert_int_equal(h->overflow, 3);
    near(hdr_quantile(h, 0.5), ldexp(1, 41));
    hdr_merge(g, h);
    hdr_add(g, 8, 2);
    hdr_merge(g, h);
    assert_int_equal(g->count, 10);
    assert_int_equal(g->overflow, 6);
    near(hdr_quantile(g, 0.2), 7);
    near(hdr_quantile(g, 0.4), 8);
    assert_true(hdr_holds(g, 0.4) && !hdr_holds(g, 0.41) && !hdr_holds(g, 1)); // four of ten are in buckets
    free(h);
    free(g);
}

static void text_there_and_back(void **state)
{
    uint64_t seed = 5;
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct hdr_histogram *h = hdr_new(), *g = hdr_new();
        for (int i = round * 7; i > 0; i--)
            hdr_add(h, stats_random(&seed) >> (20 + stats_random(&seed) % 44), 1 + i % 3);
        char *text = hdr_text(h);
        assert_true(hdr_parse(g, text));
        assert_memory_equal(h, g, sizeof(*h));
        free(text);
        free(h);
        free(g);
    }
}

static void refusals(void **state)
{
    static const char *const bad[] = {
        "", "1", "1 2", "1 2 ", "x 2 0 1", "5 5 0", "5 5 0 6", "5 5 0 5:1", "5 5 0 5:", "5 5 0  5",
        "5 5 0 5 0", "5 5 0 -5", "9 5 0 5 4", "5 9 0 5", "0 0 0 1", "5 5 0 5 99999999", "5 5 1 5",
        "5 5 0 5:99999999999999999999", "1 1 0 5", "0 00 0 0", "05 5 0 5",
    };
    struct hdr_histogram *h = hdr_new();
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (hdr_parse(h, bad[i]))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_true(hdr_parse(h, "5 9 0 5 4:3"));
    assert_int_equal(h->count, 4);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets), cmocka_unit_test(quantiles), cmocka_unit_test(quantiles_of_another_implementation),
        cmocka_unit_test(overflow_is_counted),
        cmocka_unit_test(text_there_and_back), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
