/* drift_counter_test.c: nothing is lost over random adds of either sign, and the approximate value keeps its bound. */
#include "lockfree/check.h"
#include "percpu/drift_counter.h"

#define CPUS 4
#define FOLD 32
#define ROUNDS 200000

static struct drift_counter counter = DRIFT_COUNTER_INIT(FOLD);
static struct {
    int32_t part;
} LF_CACHELINE parts[CPUS];
static int64_t added[CPUS], truth;

static const int32_t *part_of(uint32_t cpu)
{
    return &parts[cpu].part;
}

static void body(struct check_thread *t)
{
    for (int i = 0; i < ROUNDS; i++) {
        int32_t n = (int32_t)(check_random(&t->random) % 21) - 9;

        drift_counter_add(&counter, &parts[t->index].part, n);
        added[t->index] += n;
        CHECK(parts[t->index].part < FOLD && parts[t->index].part > -FOLD);
        t->done++;
    }
}

/* The counter goes on from round to round, and so does the truth. */
static void round_of_adds(void)
{
    void (*bodies[])(struct check_thread *) = {body};
    int64_t approx, off;

    truth = 0;
    CHECK(check_run(CPUS, bodies, 1) == CPUS * ROUNDS);
    for (int i = 0; i < CPUS; i++)
        truth += added[i];
    approx = drift_counter_approx(&counter);
    off = approx > truth ? approx - truth : truth - approx;
    CHECK(drift_counter_sum(&counter, part_of, CPUS) == truth);
    CHECK(off < (int64_t)CPUS * FOLD && truth != 0);
}

int main(int argc, char **argv)
{
    unsigned rounds;

    check_options(argc, argv);
    rounds = check_repeat(round_of_adds);
    printf("drift_counter: ok, %u rounds, sum %lld\n", rounds, (long long)truth);
    return 0;
}
