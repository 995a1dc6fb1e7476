/* samples_test.c: samples.h against values worked out by hand. */
#include "bench/host/samples.h"
#include <math.h>
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
    CHECK(samples_compare(100, 0, 101, 0) == VERDICT_SAME);  /* below the floor */
    CHECK(samples_compare(100, 0, 103, 0) == VERDICT_AHEAD);
    CHECK(samples_compare(103, 0, 100, 0) == VERDICT_LOST);
    CHECK(samples_compare(2.09, 0, 2, 0) == VERDICT_SAME);    /* below a tenth of a ns */
    CHECK(samples_compare(2.2, 0, 2, 0) == VERDICT_LOST);
    CHECK(samples_compare(125, 5, 100, 12) == VERDICT_SAME);  /* within twice 13 */
    CHECK(samples_compare(127, 5, 100, 12) == VERDICT_LOST);
}

int main(void)
{
    medians();
    means();
    verdicts();
    printf("samples: ok\n");
    return 0;
}
