/*
 * canary: the same arithmetic in ring 3 on every kernel, no system call in the window. Its time says how
 * steady the host was: no kernel under test can change it by more than its interrupts cost.
 */
#include "bench/guest/bench.h"

#define STEPS 1000

void workload_run(struct bench *b)
{
    uint64_t x = 1;
    bench_pin(b, b->cpu[0]);
    bench_begin(b);
    BENCH_LOOP(b, i, {
        for (int k = 0; k < STEPS; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            __asm__ volatile("" : "+r"(x));
        }
    });
    bench_end(b, (uint64_t)b->iters);
    uint64_t want = 1;
    for (long i = 0; i < b->iters * STEPS; i++) {
        want = want * 6364136223846793005u + 1442695040888963407u;
    }
    bench_check(b, x == want, "the arithmetic went wrong");
}
