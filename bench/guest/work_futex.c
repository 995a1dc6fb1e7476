/* futex[/hog|/fifo]: two processes hand a turn to each other by FUTEX_WAKE and FUTEX_WAIT on a shared page. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/bench.h"
#include "bench/guest/beside.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

struct table {
    _Alignas(64) atomic_int turn[2];
    _Alignas(64) atomic_long sum;
};

static void await(struct bench *b, atomic_int *word)
{
    while (atomic_load(word) == 0) {
        if (syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR) {
            bench_call_failed(b, "futex wait");
        }
    }
    atomic_store_explicit(word, 0, memory_order_relaxed);
}

static void give(struct bench *b, atomic_int *word)
{
    atomic_store(word, 1);
    if (syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0) {
        bench_call_failed(b, "futex wake");
    }
}

static void partner(struct bench *b, struct table *t, long rounds)
{
    bench_pin(b, b->cpu[1]);
    for (long i = 0; i < rounds; i++) {
        await(b, &t->turn[1]);
        atomic_store_explicit(&t->sum, atomic_load_explicit(&t->sum, memory_order_relaxed) + i,
                              memory_order_relaxed);
        give(b, &t->turn[0]);
    }
    _exit(0);
}

void workload_run(struct bench *b)
{
    struct beside others;
    beside_start(&others, b);
    const long warm = 4;
    struct table *t = bench_shared(b, sizeof *t);
    int pid = bench_fork(b);
    if (pid == 0) {
        partner(b, t, b->iters + warm);
    }
    bench_pin(b, b->cpu[0]);
    for (long i = 0; i < warm; i++) {
        give(b, &t->turn[1]);
        await(b, &t->turn[0]);
    }
    beside_go(&others);
    bench_begin(b);
    BESIDE_LOOP(&others, b, i, {
        give(b, &t->turn[1]);
        await(b, &t->turn[0]);
    });
    bench_end(b, 2 * (uint64_t)b->iters);
    beside_end(&others);

    bench_reap(b, pid, 0);
    long n = b->iters + warm;
    bench_check(b, t->sum == n * (n - 1) / 2, "rounds lost");
    if (b->cpu[0] == b->cpu[1]) { /* of either kind: a wake-up may preempt the waker */
        bench_check_switches(b, b->iters);
    }
    bench_check(b, syscall(SYS_futex, &t->turn[0], FUTEX_WAIT, 1, NULL, NULL, 0) < 0 && errno == EAGAIN,
                "a wait on a changed word must not sleep");
    beside_report(&others, b);
}
