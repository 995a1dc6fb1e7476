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

# Percentiles of N latencies of 1 to N ns.
cat >"$tmp/latency.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include "bench/guest/latency.h"
void *bench_shared(struct bench *b, size_t bytes) { (void)b; return malloc(bytes); }
void bench_value(struct bench *b, const char *name, uint64_t v) { (void)b; printf("%s=%lu ", name, (unsigned long)v); }
int main(int argc, char **argv)
{
    struct latency l;
    long n = atol(argv[argc - 1]);
    latency_open(&l, NULL, 1, n);
    for (long i = 0; i < n; i++) {
        latency_note(&l, 0, i, (uint64_t)(n - i));
    }
    latency_report(&l, NULL);
    return 0;
}
C
built latency bench/guest/latency.c
expect 'four latencies have no median' 0 '^max_ns=4 $' timeout 20 "$tmp/latency" 4
expect 'five have one' 0 '^p50_ns=3 max_ns=5 $' timeout 20 "$tmp/latency" 5
expect '298 have no 99th percentile' 0 '^p50_ns=149 max_ns=298 $' timeout 20 "$tmp/latency" 298
expect '299 have one' 0 '^p50_ns=150 p99_ns=297 max_ns=299 $' timeout 20 "$tmp/latency" 299
expect 'and 2995 one of 99.9' 0 '^p50_ns=1498 p99_ns=2966 p999_ns=2993 max_ns=2995 $' timeout 20 "$tmp/latency" 2995

# Laps of the ticks given, as the record has them.
cat >"$tmp/laps.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include "bench/guest/laps.h"
int main(int argc, char **argv)
{
    struct laps l = {0};
    laps_prepare(&l, argc);
    for (int i = 1; i < argc; i++) {
        l.last = lap_clock() - strtoull(argv[i], NULL, 0);
        if (strtoull(argv[i], NULL, 0) < UINT32_MAX) {
            l.tick[l.count++] = (uint32_t)atol(argv[i]);
        } else {
            lap_take(&l);
        }
    }
    puts(laps_json(&l));
    return 0;
}
C
built laps bench/guest/laps.c
expect 'laps that fit' 0 '"hist":"3 4294967294 0 3:2 23548"' timeout 20 "$tmp/laps" 3 3 4294967294
expect 'one that does not is in no bucket, and the greatest is not known' 0 '"hist":"3 1099511627776 1 3"' timeout 20 "$tmp/laps" 3 5000000000
expect 'laps of which none fits' 0 '"hist":"1099511627776 1099511627776 2"' timeout 20 "$tmp/laps" 4294967295 9000000000000
expect 'no laps' 0 '"hist":"0 0 0"' timeout 20 "$tmp/laps"
