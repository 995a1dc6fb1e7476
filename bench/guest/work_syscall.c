/* syscall: one getppid per iteration: entry, dispatch, exit. */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/bench.h"

static inline long raw_getppid(void)
{
    long ret;
    __asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_getppid) : "rcx", "r11", "memory");
    return ret;
}

void workload_run(struct bench *b)
{
    long sum = 0, expect = raw_getppid();
    bench_pin(b, b->cpu[0]);
    bench_begin(b);
    BENCH_LOOP(b, i, { sum += raw_getppid(); });
    bench_end(b, (uint64_t)b->iters);

    bench_check(b, sum == expect * b->iters, "getppid changed its answer");
    bench_check_cputime(b);
    int self = getpid(), pid = bench_fork(b);
    if (pid == 0) {
        int child = bench_fork(b);
        if (child == 0) {
            int mother = (int)raw_getppid();
            _exit(mother != self && mother != expect ? 7 : 8);
        }
        bench_reap(b, child, 7);
        _exit(raw_getppid() == self ? 0 : 9);
    }
    bench_reap(b, pid, 0);
}
