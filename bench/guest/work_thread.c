/* thread: create a thread that returns at once, join it. */
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/bench.h"

static volatile long ran;
static volatile int last_tid;

static void *body(void *arg)
{
    ran++;
    return arg;
}

static void *tell_tid(void *arg)
{
    last_tid = (int)syscall(SYS_gettid);
    return arg;
}

static void round_trip(struct bench *b, long i, void *(*fn)(void *))
{
    pthread_t t;
    void *back;
    if (pthread_create(&t, NULL, fn, (void *)i) != 0 || pthread_join(t, &back) != 0) {
        bench_fail(b, "create or join failed in round %ld", i);
    }
    bench_check(b, back == (void *)i, "thread %ld returned a wrong value", i);
}

void workload_run(struct bench *b)
{
    bench_pin(b, b->cpu[0]);
    round_trip(b, -1, body);
    ran = 0;
    bench_begin(b);
    BENCH_LOOP(b, i, { round_trip(b, i, body); });
    bench_end(b, (uint64_t)b->iters);

    bench_check(b, ran == b->iters, "%ld of %ld threads ran", ran, b->iters);
    round_trip(b, 1, tell_tid);
    bench_check(b, last_tid > 0 && last_tid != getpid(), "a thread has the tid of its process");
}
