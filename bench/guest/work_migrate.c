/* migrate: sched_setaffinity to the last CPU and back to the first; it runs there when the call returns. */
#include "bench/guest/bench.h"
#include "bench/guest/sched_calls.h"

static void move(struct bench *b, int cpu, long *wrong)
{
    sched_allow(b, 0, cpu);
    *wrong += sched_this_cpu() != cpu;
}

void workload_run(struct bench *b)
{
    int last = sched_cpus() - 1;
    long wrong = 0;
    bench_check(b, last > 0, "one CPU only");
    move(b, 0, &wrong);
    bench_begin(b);
    BENCH_LOOP(b, i, {
        move(b, last, &wrong);
        move(b, 0, &wrong);
    });
    bench_end(b, 2 * (uint64_t)b->iters);
    bench_check(b, wrong == 0, "%ld calls returned on the wrong CPU", wrong);
}
