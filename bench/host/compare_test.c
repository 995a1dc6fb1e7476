/* compare_test.c: compare.h on rows made here: a comparison knows how often its least measured cell was. */
#include "bench/host/compare.h"
#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #cond);               \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static const struct bench_subject subjects[] = {{.structure = "lock", .name = "ours", .side = SIDE_OURS},
                                                {.structure = "lock", .name = "peer", .side = SIDE_PEER}};
static const struct bench_list list = {subjects, 2};
const struct bench_list *const bench_lists[] = {&list, NULL};
static struct bench_row row[4];
struct bench_rows bench_rows = {row, 4};

double measure_ghz(void)
{
    return 3;
}

/* Two contended cells of each: 130 ns against 100, MADs of 5. */
static enum samples_verdict verdict(unsigned ours, unsigned ours_other, unsigned peer, unsigned peer_other)
{
    const unsigned taken[4] = {ours, ours_other, peer, peer_other};
    struct bench_comparisons all;
    enum samples_verdict v;

    for (unsigned i = 0; i < 4; i++)
        row[i] = (struct bench_row){.subject = &subjects[i / 2], .cell = {.threads = 2 + i % 2}, .taken = taken[i],
                                    .median = i < 2 ? 130 : 100, .mad = 5};
    all = compare_rows();
    CHECK(all.count == 1);
    v = all.c[0].verdict;
    free(all.c);
    return v;
}

int main(void)
{
    CHECK(verdict(10, 10, 10, 10) == VERDICT_LOST);
    CHECK(verdict(10, 3, 10, 10) == VERDICT_SAME && verdict(3, 10, 10, 10) == VERDICT_SAME); /* the root of the figures' MADs' squares' sum is 5 */
    CHECK(verdict(10, 10, 10, 3) == VERDICT_SAME);
    CHECK(verdict(10, 10, 2, 10) == VERDICT_FEW && verdict(10, 1, 10, 10) == VERDICT_FEW);
    CHECK(verdict(10, 0, 10, 10) == VERDICT_LOST); /* a cell that was not measured is in neither */
    printf("compare: ok\n");
    return 0;
}
