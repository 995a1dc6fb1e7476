/*
 * bench.h: what a workload is given and must do. Owns the marker and the record contract of
 * docs/result-protocol.md; a workload owns only its loop.
 *
 * A workload is one source file with workload_run(). It prepares, calls bench_begin(), does
 * exactly b->iters iterations, calls bench_end() and then verifies its work and the side effects
 * of docs/equal-work.md. It must not do I/O, allocate or ask the time inside the window, and must
 * never look at the name of the kernel it runs on.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "bench/guest/laps.h"
#include "bench/guest/pad.h"

#define BENCH_MARK_WINDOW_BEGIN 1
#define BENCH_MARK_WINDOW_END 2
#define BENCH_MARK_OUTER_BEGIN 3
#define BENCH_MARK_OUTER_END 4
#define BENCH_MARK_SHARE_BEGIN 5
#define BENCH_MARK_SHARE_END 6

/* One NOP of 8 bytes on every x86-64, in every ring; a TCG plugin sees it at translation. */
#define BENCH_MARK(region) \
    __asm__ volatile(".byte 0x0f,0x1f,0x84,0x00\n\t.long %c0" ::"i"(0xC1BE0000u | (region)) : "memory")

#define BENCH_VALUES_MAX 8

struct bench_value {
    const char *name; /* METRIC_UNIT, as configs/workloads.yaml lists it */
    uint64_t value;
};

struct bench {
    const char *name;    /* WORKLOAD[/VARIANT], as it stands in the record */
    const char *variant; /* what follows the slash, "" without one */
    long iters;
    int cpu[2]; /* where the two parties run; equal when both share one CPU */
    struct pad pad; /* what each iteration does more: the positive control */
    struct laps laps;
    struct bench_value values[BENCH_VALUES_MAX]; /* what the workload measured besides its cost */
    int nvalues;

    /* written by bench_begin() and bench_end() */
    uint64_t tsc_begin, tsc_end, ns_begin, ns_end, ops;
    struct rusage self_begin, self_end, children_begin, children_end;
};

/* The workload. Returns after bench_end() and all checks. */
void workload_run(struct bench *b);

void bench_begin(struct bench *b);
void bench_end(struct bench *b, uint64_t ops);
/* A figure of the workload's own, smaller is better: at most BENCH_VALUES_MAX of them, after the window. */
void bench_value(struct bench *b, const char *name, uint64_t value);
/* CLOCK_MONOTONIC. */
uint64_t bench_now_ns(void);

/* The variable n, loaded by one instruction each time: so that the loops below cost the same an iteration, whatever the compiler makes of each. */
#define BENCH_BOUND(n)                                          \
    ({                                                          \
        long bound_;                                            \
        __asm__ volatile("mov %1, %0" : "=r"(bound_) : "m"(n)); \
        bound_;                                                 \
    })

/* n times the body, with i the iteration; n is a variable. Padding has loops of its own, so that a run without it pays nothing, and one
 * with it N; where only each M-th iteration is padded, a few more at each, for the loop around the loop, whose bound n is meanwhile. */
#define BENCH_PAD_LOOP(b, n, i, ...)                                          \
    do {                                                                      \
        (b)->pad.taken = 1;                                                   \
        if ((b)->pad.ticks > 0) {                                             \
            for (long i = 0; i < (n); i++) {                                  \
                __VA_ARGS__ pad_wait(&(b)->pad);                              \
            }                                                                 \
        } else if ((b)->pad.every) {                                          \
            long all_ = (n);                                                  \
            for (long i = 0; i < all_;) {                                     \
                (n) = i + (b)->pad.every < all_ ? i + (b)->pad.every : all_;  \
                for (; i < BENCH_BOUND(n); i++) {                             \
                    __VA_ARGS__                                               \
                }                                                             \
                bench_pad((b)->pad.instructions);                             \
            }                                                                 \
            (n) = all_;                                                       \
        } else if ((b)->pad.instructions) {                                   \
            for (long i = 0, pad_ = (b)->pad.instructions; i < BENCH_BOUND(n); i++) { \
                __VA_ARGS__ bench_pad(pad_);                                  \
            }                                                                 \
        } else {                                                              \
            for (long i = 0; i < BENCH_BOUND(n); i++) {                       \
                __VA_ARGS__                                                   \
            }                                                                 \
        }                                                                     \
    } while (0)

/* The same with laps where they were asked for. */
#define BENCH_LAP_LOOP(b, n, i, ...)                  \
    do {                                              \
        if ((b)->laps.tick) {                         \
            (b)->pad.taken = 1;                       \
            for (long i = 0; i < (n); i++) {          \
                __VA_ARGS__ pad_take(&(b)->pad);      \
                lap_take(&(b)->laps);                 \
            }                                         \
        } else {                                      \
            BENCH_PAD_LOOP(b, n, i, __VA_ARGS__);     \
        }                                             \
    } while (0)

/* The loop of a window. */
#define BENCH_LOOP(b, i, ...) BENCH_LAP_LOOP(b, (b)->iters, i, __VA_ARGS__)

/* Ends the program with a record that says why, exit code 1: no number is ever made of it. */
__attribute__((noreturn, format(printf, 2, 3))) void bench_fail(struct bench *b, const char *fmt, ...);
/* Ends the program with an "unsupported" record, exit code 77. */
__attribute__((noreturn)) void bench_unsupported(struct bench *b, const char *call);
/* ENOSYS, EOPNOTSUPP and ENOTSUP are "unsupported", any other errno is a failure. */
__attribute__((noreturn)) void bench_call_failed(struct bench *b, const char *call);

#define bench_check(b, cond, ...) \
    do {                          \
        if (!(cond)) {            \
            bench_fail(b, __VA_ARGS__); \
        }                         \
    } while (0)

/* Runs the caller on one CPU from now on (raw call: musl's sched wrappers return ENOSYS). */
void bench_pin(struct bench *b, int cpu);
/* A shared zeroed page-aligned mapping that survives fork. */
void *bench_shared(struct bench *b, size_t bytes);
/* fork() that fails the workload instead of returning -1. */
int bench_fork(struct bench *b);
/* Waits for pid and fails unless it exited with code. */
void bench_reap(struct bench *b, int pid, int code);
/* Fails when the window counted fewer than n switches of either kind, of this process. */
void bench_check_switches(struct bench *b, long n);
/* Fails when a long window was charged to nobody's CPU time. */
void bench_check_cputime(struct bench *b);
