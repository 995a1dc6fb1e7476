/* crew.c: fork, one gate by futex, reap. */
#include "bench/guest/crew.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/sched_calls.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define LOOK_SECONDS 1 /* how long the gate waits before it looks for members that are gone: longer than any start takes */

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

/* A member's end. What the kernel lacks ends the workload as it does outside a crew. */
static void take_end(struct crew *c, int status, bool at_gate)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        errno = EOPNOTSUPP;
        bench_unsupported(c->b, "a member of the crew");
    }
    bench_check(c->b, !at_gate, "a member ended at the gate with status %#x", status);
    bench_check(c->b, WIFEXITED(status) && WEXITSTATUS(status) == 0, "a member ended with status %#x, want exit code 0", status);
}

/* None ends before the gate opens: one that did will never be ready. */
static void look_for_ends(struct crew *c)
{
    int status;
    for (int i = 0; i < c->n; i++) {
        if (waitpid(c->pid[i], &status, WNOHANG) == c->pid[i]) {
            take_end(c, status, true);
        }
    }
}

static void await_ready(struct crew *c)
{
    struct timespec look = {.tv_sec = LOOK_SECONDS};
    for (int seen; (seen = atomic_load(&c->gate->ready)) < c->n;) {
        if (syscall(SYS_futex, &c->gate->ready, FUTEX_WAIT, seen, &look, NULL, 0) == 0 || errno == EAGAIN || errno == EINTR) {
            continue;
        }
        if (errno != ETIMEDOUT) {
            bench_call_failed(c->b, "futex wait");
        }
        look_for_ends(c);
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
    await_ready(c);
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
        int status;
        if (waitpid(c->pid[i], &status, 0) != c->pid[i]) {
            bench_call_failed(c->b, "waitpid");
        }
        take_end(c, status, false);
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
