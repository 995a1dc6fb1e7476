/*
 * beside.h: a two-party workload beside others that want the CPU. Owns who they are, by the variant's end: "hog", one of SCHED_OTHER on
 * each CPU that computes for ever; "fifo", one of SCHED_FIFO on the first party's CPU that computes for 0.5 ms of each 5 ms; else nobody,
 * and then the workload's loop is BENCH_LOOP, to the instruction. Beside somebody each round is timed, with its padding.
 */
#pragma once
#include "bench/guest/bench.h"
#include "bench/guest/crew.h"
#include "bench/guest/latency.h"

struct beside {
    struct crew crew;
    struct latency round;
    enum { BESIDE_NOBODY, BESIDE_SOMEBODY, BESIDE_PADDED } who; /* padded: somebody, and each round has padding */
};

/* They wait at their gate. Call it before the workload has descriptors that a party waits for the end of. */
void beside_start(struct beside *s, struct bench *b);
/* They begin, before bench_begin(); they end, after bench_end(). */
void beside_go(struct beside *s);
void beside_end(struct beside *s);
/* Gives each_ns, the time of all rounds by their number, and a round's percentiles: the last call. */
void beside_report(struct beside *s, struct bench *b);

/* The loop of a window, `body` once an iteration. */
#define BESIDE_LOOP(s, b, i, ...)                                          \
    do {                                                                   \
        if ((s)->who == BESIDE_NOBODY) {                                   \
            BENCH_LOOP(b, i, __VA_ARGS__);                                 \
        } else if ((s)->who == BESIDE_SOMEBODY) {                          \
            for (long i = 0; i < (b)->iters; i++) {                        \
                uint64_t begun_ = bench_now_ns();                          \
                __VA_ARGS__                                                \
                latency_note(&(s)->round, 0, i, bench_now_ns() - begun_);  \
            }                                                              \
        } else {                                                           \
            for (long i = 0; i < (b)->iters; i++) {                        \
                uint64_t begun_ = bench_now_ns();                          \
                __VA_ARGS__ pad_round(&(b)->pad, i);                       \
                latency_note(&(s)->round, 0, i, bench_now_ns() - begun_);  \
            }                                                              \
        }                                                                  \
    } while (0)
