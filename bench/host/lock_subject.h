/* lock_subject.h: the loops of a lock, made from its lock and unlock. LOCK and UNLOCK are statements that see `l` (the lock) and
 * `n` (this thread's node, of type NODE). Alone: lock and unlock with nothing inside. Contended: the grid's section. */
#pragma once
#include "bench/host/subject.h"

static inline bool bench_lock_check(void *object, const struct bench_thread *threads, unsigned n)
{
    (void)object;
    return bench_check_sections(threads, n);
}

struct bench_no_node {
    char nothing;
};

#define BENCH_LOCK_LOOPS(id, TYPE, NODE, INIT, LOCK, UNLOCK)                                       \
    static void id##_init(void *object, const struct bench_cell *cell)                             \
    {                                                                                              \
        TYPE *l = (TYPE *)object;                                                                  \
        (void)cell;                                                                                \
        (void)l;                                                                                   \
        INIT;                                                                                      \
    }                                                                                              \
    static void id##_batch(struct bench_thread *t, uint64_t count)                                 \
    {                                                                                              \
        TYPE *l = (TYPE *)t->object;                                                               \
        NODE n __attribute__((unused, aligned(64)));                                               \
        for (; count; count--) {                                                                   \
            LOCK;                                                                                  \
            bench_barrier();                                                                       \
            UNLOCK;                                                                                \
        }                                                                                          \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        TYPE *l = (TYPE *)t->object;                                                               \
        NODE n __attribute__((unused, aligned(64)));                                               \
        while (bench_more(t)) {                                                                    \
            bool write = bench_is_write(t);                                                        \
            LOCK;                                                                                  \
            bench_section(t, write);                                                               \
            UNLOCK;                                                                                \
            t->done++;                                                                             \
        }                                                                                          \
    }

/* Reader-writer: what is read is not locked exclusively. ALONE is the side that the row without contention measures. */
#define BENCH_RWLOCK_LOOPS(id, TYPE, INIT, RLOCK, RUNLOCK, WLOCK, WUNLOCK)                         \
    static void id##_init(void *object, const struct bench_cell *cell)                             \
    {                                                                                              \
        TYPE *l = (TYPE *)object;                                                                  \
        (void)cell;                                                                                \
        (void)l;                                                                                   \
        INIT;                                                                                      \
    }                                                                                              \
    static void id##_batch(struct bench_thread *t, uint64_t count)                                 \
    {                                                                                              \
        TYPE *l = (TYPE *)t->object;                                                               \
        for (; count; count--) {                                                                   \
            RLOCK;                                                                                 \
            bench_barrier();                                                                       \
            RUNLOCK;                                                                               \
        }                                                                                          \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        TYPE *l = (TYPE *)t->object;                                                               \
        while (bench_more(t)) {                                                                    \
            if (bench_is_write(t)) {                                                               \
                WLOCK;                                                                             \
                bench_section(t, true);                                                            \
                WUNLOCK;                                                                           \
            } else {                                                                               \
                RLOCK;                                                                             \
                bench_section(t, false);                                                           \
                RUNLOCK;                                                                           \
            }                                                                                      \
            t->done++;                                                                             \
        }                                                                                          \
    }

/* The table entry of a subject that the macros above made. */
#define BENCH_LOCK_SUBJECT(id, TYPE, structure_, contract_, name_, library_, side_)                \
    {                                                                                              \
        .structure = structure_, .contract = contract_, .name = name_, .library = library_,        \
        .side = side_, .cells = CELLS_GRID, .object_bytes = sizeof(TYPE), .batch_ops = 0,          \
        .limit_ns = 0, .init = id##_init, .destroy = NULL, .enter = NULL, .leave = NULL,           \
        .batch = id##_batch, .run = id##_run, .check = bench_lock_check                            \
    }
