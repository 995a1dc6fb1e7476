#!/usr/bin/env bash
# What the guest's workloads keep of a wait: nothing is forgotten, and nothing is given as a figure that was not measured. The code of
# bench/guest under made-up clocks, on this machine. Boots nothing.
prefix='waits: '
. "$(dirname "$0")/steps.bash"

# built NAME SOURCE...: $tmp/NAME of $tmp/NAME.c and these.
built() {
    gcc -std=gnu11 -O1 -D_GNU_SOURCE -I. -o "$tmp/$1" "$tmp/$1.c" "${@:2}" >"$tmp/out" 2>&1
    check "$1 is built for this machine" $?
}

# The giver does all its turns before the waiter runs once: each wait is as long as it was, by a clock that goes on 1,000 ns each time it is read.
cat >"$tmp/pull.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include "bench/guest/crew.h"
static long no_call(void) { return 0; }
#define syscall(...) no_call()
#include "bench/guest/work_pull.c"
#undef syscall

static uint64_t now;
uint64_t bench_now_ns(void) { return now += 1000; }
void bench_call_failed(struct bench *b, const char *call) { (void)b; puts(call); exit(1); }
void bench_fail(struct bench *b, const char *fmt, ...) { (void)b; puts(fmt); exit(1); }
void *bench_shared(struct bench *b, size_t bytes) { (void)b; return aligned_alloc(64, (bytes + 63) / 64 * 64); }
void bench_begin(struct bench *b) { (void)b; }
void bench_end(struct bench *b, uint64_t ops) { (void)b; (void)ops; }
void bench_value(struct bench *b, const char *name, uint64_t v) { (void)b; printf("%s %lu\n", name, (unsigned long)v); }
void crew_start(struct crew *c, struct bench *b, int n, crew_body *body, void *arg)
{
    static int pid[ROLES];
    static struct gate gate;
    *c = (struct crew){b, &gate, n, pid};
    struct plan *p = arg;
    atomic_store(&p->given, 0);
    atomic_store(&p->taken, 0);
    body(c, GIVER, arg);
    body(c, WAITER, arg);
}
void crew_ready(struct crew *c) { (void)c; }
void crew_go(struct crew *c) { (void)c; }
void crew_reap(struct crew *c) { (void)c; }
void sched_become(struct bench *b, int policy, int priority) { (void)b; (void)policy; (void)priority; }
void sched_exact_timers(struct bench *b) { (void)b; }
void sched_sleep_until(struct bench *b, uint64_t at) { (void)b; (void)at; }
int sched_cpus(void) { return 2; }
void sched_allow(struct bench *b, int pid, int cpu) { (void)b; (void)pid; (void)cpu; }
int main(void)
{
    struct bench b = {.iters = 10};
    workload_run(&b);
    return 0;
}
C
built pull bench/guest/latency.c
expect 'pull keeps a wait that is longer than its period: the shortest' 0 '^p50_ns 10000$' timeout 20 "$tmp/pull"
expect 'and the longest' 0 '^max_ns 10000$' timeout 20 "$tmp/pull"
