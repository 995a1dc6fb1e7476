/*
 * forkjoin: a master wakes a team, as many as there are CPUs (two at least), each computes 1,000 instructions, the
 * last one to be done wakes the master. One iteration is one such round.
 */
#include "bench/guest/crew.h"
#include "bench/guest/sched_calls.h"

struct team {
    _Alignas(64) atomic_int round;
    _Alignas(64) atomic_int left; /* members still at work */
    _Alignas(64) atomic_long done;
};

static void member(struct crew *c, int me, void *arg)
{
    struct team *t = arg;
    (void)me;
    crew_ready(c);
    for (int round = 0; round < c->b->iters; round++) {
        while (atomic_load(&t->round) <= round) {
            crew_wait(c->b, &t->round, round);
        }
        bench_pad(1001);
        atomic_fetch_add_explicit(&t->done, 1, memory_order_relaxed);
        if (atomic_fetch_sub(&t->left, 1) == 1) {
            crew_wake(c->b, &t->left, 1);
        }
    }
}

static void one_round(struct bench *b, struct team *t, int n)
{
    atomic_store(&t->left, n);
    atomic_fetch_add(&t->round, 1);
    crew_wake(b, &t->round, n);
    for (int left; (left = atomic_load(&t->left)) > 0;) {
        crew_wait(b, &t->left, left);
    }
}

void workload_run(struct bench *b)
{
    struct crew c;
    struct team *t = bench_shared(b, sizeof *t);
    int n = sched_cpus() < 2 ? 2 : sched_cpus();
    crew_start(&c, b, n, member, t);
    crew_go(&c);
    bench_begin(b);
    BENCH_LOOP(b, i, { one_round(b, t, n); });
    bench_end(b, (uint64_t)b->iters);
    crew_reap(&c);
    bench_check(b, atomic_load(&t->done) == n * b->iters, "a member left a round out");
}
