/* alloc_subject.h: loops of an allocator of objects of one size. Every thread takes a wave of objects and gives them back, in the
 * order it took them. Alone 16; contended 48, more than a magazine holds at first and less than it may come to hold; the deep waves
 * are of 200, more than any magazine holds, so that each meets the depot. GET and PUT(p) see `a` (STATE makes it). Objects are
 * marked with their holder while they are held: two holders of one object are noticed. The figure is one object there and back. */
#pragma once
#include <stdlib.h>
#include "bench/host/subject.h"

#define ALLOC_BYTES 192
#define ALLOC_WAVE_ALONE 16
#define ALLOC_WAVE 48
#define ALLOC_WAVE_DEEP 200

#define BENCH_ALLOC_LOOPS(id, STATE, GET, PUT)                                                     \
    static void id##_wave(struct bench_thread *t, unsigned wave)                                   \
    {                                                                                              \
        uint64_t *held[ALLOC_WAVE_DEEP];                                                               \
        STATE;                                                                                     \
        for (unsigned i = 0; i < wave; i++) {                                                      \
            held[i] = (uint64_t *)(GET);                                                           \
            held[i][1] = (uint64_t)(uintptr_t)t + i;                                               \
        }                                                                                          \
        for (unsigned i = 0; i < wave; i++) {                                                      \
            t->bad += held[i][1] != (uint64_t)(uintptr_t)t + i;                                    \
            PUT(held[i]);                                                                          \
        }                                                                                          \
    }                                                                                              \
    static void id##_batch(struct bench_thread *t, uint64_t n)                                     \
    {                                                                                              \
        for (uint64_t i = 0; i < n; i += ALLOC_WAVE_ALONE)                                         \
            id##_wave(t, ALLOC_WAVE_ALONE);                                                        \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        for (; bench_more(t); t->done += ALLOC_WAVE)                                               \
            id##_wave(t, ALLOC_WAVE);                                                              \
    }                                                                                              \
    static void id##_deep(struct bench_thread *t)                                                  \
    {                                                                                              \
        for (; bench_more(t); t->done += ALLOC_WAVE_DEEP)                                          \
            id##_wave(t, ALLOC_WAVE_DEEP);                                                         \
    }

#define BENCH_ALLOC_SUBJECTS(id, contract_, name_, library_, side_, bytes_, init_, destroy_, enter_) \
    {                                                                                              \
        .structure = "magazines", .contract = contract_, .name = name_, .library = library_,       \
        .side = side_, .cells = CELLS_FLOW, .object_bytes = bytes_, .init = init_,                 \
        .destroy = destroy_, .enter = enter_, .batch = id##_batch, .run = id##_run,                \
        .check = bench_nothing_bad                                                                 \
    },                                                                                             \
    {                                                                                              \
        .structure = "magazines, deep", .contract = contract_, .name = name_, .library = library_, \
        .side = side_, .cells = CELLS_FLOW, .object_bytes = bytes_, .init = init_,                 \
        .destroy = destroy_, .enter = enter_, .run = id##_deep, .check = bench_nothing_bad         \
    }
