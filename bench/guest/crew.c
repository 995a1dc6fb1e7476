/* crew.c: fork, one gate by futex, reap. */
#include "bench/guest/crew.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/sched_calls.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

void crew_wait(struct bench *b, atomic_int *word, int value)
{
    if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR) {
        bench_call_failed(b, "futex wait");
    }
}

void crew_wake(struct bench *b, atomic_int *word, int n)
{
    if (syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0) < 0) {
        bench_call_failed(b, "futex wake");
    }
}

void crew_ready(struct crew *c)
{
    if (atomic_fetch_add(&c->gate->ready, 1) + 1 == c->n) {
        crew_wake(c->b, &c->gate->ready, 1);
    }
    while (!atomic_load(&c->gate->go)) {
        crew_wait(c->b, &c->gate->go, 0);
    }
}

void crew_start(struct crew *c, struct bench *b, int n, crew_body *body, void *arg)
{
    *c = (struct crew){b, bench_shared(b, sizeof *c->gate), n, calloc((size_t)n, sizeof(int))};
    bench_check(b, c->pid, "no memory for %d processes", n);
    for (int i = 0; i < n; i++) {
        c->pid[i] = bench_fork(b);
        if (c->pid[i] == 0) {
            body(c, i, arg);
            _exit(0);
        }
    }
    for (int seen; (seen = atomic_load(&c->gate->ready)) < n;) {
        crew_wait(b, &c->gate->ready, seen);
    }
}

void crew_go(struct crew *c)
{
    c->gate->start_ns = bench_now_ns();
    atomic_store(&c->gate->go, 1);
    crew_wake(c->b, &c->gate->go, INT_MAX);
}

void crew_stop(struct crew *c) { atomic_store(&c->gate->stop, 1); }

void crew_reap(struct crew *c)
{
    for (int i = 0; i < c->n; i++) {
        bench_reap(c->b, c->pid[i], 0);
    }
    free(c->pid);
}

void crew_hog(struct crew *c, int me, void *arg)
{
    (void)arg;
    sched_allow(c->b, 0, me);
    crew_ready(c);
    while (!crew_stopped(c)) {
        bench_pad(1001);
    }
}
