/* count_subject.h: loops of two operations that undo each other on one shared word: UP and DOWN see `c` (the object) and `t`; CLEAN is
 * what must hold of it when everybody has left. Contended: all threads do the same. */
#pragma once
#include "bench/host/subject.h"

#define COUNT_BITS 256
#define COUNT_BIT(t) ((t)->index % COUNT_BITS)

#define BENCH_COUNT_LOOPS(id, TYPE, INIT, UP, DOWN, CLEAN)                                         \
    typedef TYPE id##_type;                                                                        \
    static void id##_init(void *object, const struct bench_cell *cell)                             \
    {                                                                                              \
        TYPE *c __attribute__((unused)) = (TYPE *)object;                                          \
        (void)cell;                                                                                \
        INIT;                                                                                      \
    }                                                                                              \
    static void id##_batch(struct bench_thread *t, uint64_t n)                                     \
    {                                                                                              \
        TYPE *c = (TYPE *)t->object;                                                               \
        for (; n; n--) {                                                                           \
            UP;                                                                                    \
            bench_barrier();                                                                       \
            DOWN;                                                                                  \
            bench_barrier();                                                                       \
        }                                                                                          \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        TYPE *c = (TYPE *)t->object;                                                               \
        for (; bench_more(t); t->done++) {                                                         \
            UP;                                                                                    \
            bench_barrier();                                                                       \
            DOWN;                                                                                  \
        }                                                                                          \
    }                                                                                              \
    static bool id##_check(void *object, const struct bench_thread *threads, unsigned n)           \
    {                                                                                              \
        TYPE *c __attribute__((unused)) = (TYPE *)object;                                          \
        return (CLEAN) && bench_nothing_bad(object, threads, n);                                   \
    }

#define BENCH_COUNT_SUBJECT(id, structure_, contract_, name_, library_, side_)                     \
    {                                                                                              \
        .structure = structure_, .contract = contract_, .name = name_, .library = library_,        \
        .side = side_, .cells = CELLS_FLOW, .object_bytes = sizeof(id##_type), .batch_ops = 0,     \
        .limit_ns = 0, .init = id##_init, .destroy = NULL, .enter = NULL, .leave = NULL,           \
        .batch = id##_batch, .run = id##_run, .check = id##_check                                  \
    }
