/* samples_test.c: samples.h against values worked out by hand. */
#include "bench/host/samples.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #cond);               \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static void medians(void)
{
    double odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2}, one[] = {7}, far[] = {10, 11, 12, 13, 1000};

    CHECK(samples_median(odd, 3) == 5 && samples_median(even, 4) == 2.5 && samples_median(one, 1) == 7);
    CHECK(samples_mad(odd, 3, 5) == 4 && samples_mad(one, 1, 7) == 0);
    CHECK(samples_median(far, 5) == 12 && samples_mad(far, 5, 12) == 1); /* one outlier moves neither */
}

static void means(void)
{
    double v[] = {1, 10, 100}, w[] = {0.5, 2};

    CHECK(fabs(samples_geometric_mean(v, 3) - 10) < 1e-9 && fabs(samples_geometric_mean(w, 2) - 1) < 1e-12);
}

static void verdicts(void)
{
    CHECK(samples_compare(100, 0, 101, 0, 10) == VERDICT_SAME);  /* below the floor */
    CHECK(samples_compare(100, 0, 103, 0, 10) == VERDICT_AHEAD);
    CHECK(samples_compare(103, 0, 100, 0, 10) == VERDICT_LOST);
    CHECK(samples_compare(2.09, 0, 2, 0, 10) == VERDICT_SAME);    /* below a tenth of a ns */
    CHECK(samples_compare(2.2, 0, 2, 0, 10) == VERDICT_LOST);
    CHECK(samples_compare(125, 5, 100, 12, 10) == VERDICT_SAME);  /* within twice 13 */
    CHECK(samples_compare(127, 5, 100, 12, 10) == VERDICT_LOST);
    CHECK(samples_compare(127, 5, 100, 12, 9) == VERDICT_SAME);   /* within 2.4 times 13 */
    CHECK(samples_compare(300, 5, 100, 12, 3) == VERDICT_SAME);
    CHECK(samples_compare(310, 5, 100, 12, 3) == VERDICT_LOST);
    CHECK(samples_compare(900, 0, 100, 0, 2) == VERDICT_FEW && samples_compare(100, 0, 900, 0, 1) == VERDICT_FEW);
}

static double uniform(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

static double median_and_mad(uint64_t *seed, unsigned n, double *mad)
{
    double v[16], median;

    for (unsigned i = 0; i < n; i++) /* a deviation of 50, so that the floors say nothing */
        v[i] = 1000 + 50 * sqrt(-2 * log(uniform(seed))) * cos(2 * M_PI * uniform(seed));
    median = samples_median(v, n);
    *mad = samples_mad(v, n, median);
    return median;
}

/* Of equal times at most 1 % are told apart, however few repetitions there are; and the factor is no greater than it must be. */
static void alarms(void)
{
    enum { PAIRS = 50000 };

    for (unsigned n = SAMPLES_LEAST; n <= 12; n++) {
        uint64_t seed = 7 * n;
        int told = 0;

        for (int i = 0; i < PAIRS; i++) {
            double a_mad, b_mad, a = median_and_mad(&seed, n, &a_mad), b = median_and_mad(&seed, n, &b_mad);

            /* as if the floor were none: 2 % of so small a peer */
            told += samples_compare(a - 999, a_mad, b - 999, b_mad, n) != VERDICT_SAME;
        }
        printf("samples: %u repetitions: %.2f %% told apart\n", n, 100.0 * told / PAIRS);
        CHECK(told <= PAIRS / 100 && told >= PAIRS / 500);
    }
}

int main(void)
{
    medians();
    means();
    verdicts();
    alarms();
    printf("samples: ok\n");
    return 0;
}
