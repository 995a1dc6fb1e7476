/* rcu_subject.h: the loops of read-copy-update, made from a flavour's operations.
 *   reading   alone: a section around one dereference. Grid: readers check the object, writers replace it and retire the old one
 *   retiring  alone: RETIRED objects are retired, until the last callback has run
 * READ_LOCK, READ_UNLOCK, QUIET (after every operation), RETIRE(object) and DRAIN see `t` and `rcu`, which STATE makes. */
#pragma once
#include <stdlib.h>
#include "bench/host/subject.h"

#define RETIRED 300000
#define RCU_OBJECT_ALIVE 0x600d0b1ec7ull

#define BENCH_RCU_LOOPS(id, HEAD, STATE, READ_LOCK, READ_UNLOCK, QUIET, RETIRE, DRAIN)             \
    struct id##_object {                                                                           \
        HEAD head;                                                                                 \
        uint64_t alive;                                                                            \
    };                                                                                             \
    struct id##_place {                                                                            \
        struct id##_object *published;                                                             \
        struct id##_object *many; /* of retire */                                                  \
        uint64_t freed __attribute__((aligned(128)));                                              \
    };                                                                                             \
    static struct id##_place *id##_current;                                                        \
    static void id##_free(HEAD *head)                                                              \
    {                                                                                              \
        struct id##_object *o = (struct id##_object *)(void *)head;                                \
        o->alive = 0;                                                                              \
        free(o);                                                                                   \
    }                                                                                              \
    static void id##_count(HEAD *head)                                                             \
    {                                                                                              \
        (void)head;                                                                                \
        id##_current->freed++; /* one thread runs the callbacks */                                 \
    }                                                                                              \
    static struct id##_object *id##_new(void)                                                      \
    {                                                                                              \
        struct id##_object *o = (struct id##_object *)malloc(sizeof(*o));                          \
        o->alive = RCU_OBJECT_ALIVE;                                                               \
        return o;                                                                                  \
    }                                                                                              \
    static void id##_init(void *object, const struct bench_cell *cell)                             \
    {                                                                                              \
        struct id##_place *p = (struct id##_place *)object;                                        \
        (void)cell;                                                                                \
        id##_current = p;                                                                          \
        p->published = id##_new();                                                                 \
        p->many = NULL;                                                                            \
    }                                                                                              \
    static __attribute__((unused)) void id##_retire_init(void *object, const struct bench_cell *cell) \
    {                                                                                              \
        id##_init(object, cell);                                                                   \
        id##_current->many = (struct id##_object *)calloc(RETIRED, sizeof(struct id##_object));    \
    }                                                                                              \
    static void id##_destroy(void *object)                                                         \
    {                                                                                              \
        free(((struct id##_place *)object)->published);                                            \
        free(((struct id##_place *)object)->many);                                                 \
    }                                                                                              \
    static __attribute__((unused)) void id##_read_batch(struct bench_thread *t, uint64_t n)        \
    {                                                                                              \
        struct id##_place *p = (struct id##_place *)t->object;                                     \
        STATE;                                                                                     \
        for (; n; n--) {                                                                           \
            READ_LOCK;                                                                             \
            bench_use(atomic_load_acquire(&p->published)->alive);                                  \
            READ_UNLOCK;                                                                           \
        }                                                                                          \
        QUIET;                                                                                     \
    }                                                                                              \
    static __attribute__((unused)) void id##_run(struct bench_thread *t)                           \
    {                                                                                              \
        struct id##_place *p = (struct id##_place *)t->object;                                     \
        STATE;                                                                                     \
        for (; bench_more(t); t->done++) {                                                         \
            if (bench_is_write(t)) {                                                               \
                struct id##_object *fresh = id##_new();                                            \
                bench_spin(t->spins);                                                              \
                fresh = atomic_xchg_full(&p->published, fresh);                                    \
                RETIRE(&fresh->head, id##_free);                                                   \
                t->writes++;                                                                       \
            } else {                                                                               \
                READ_LOCK;                                                                         \
                struct id##_object *o = atomic_load_acquire(&p->published);                        \
                bench_spin(t->spins);                                                              \
                t->bad += atomic_load_relaxed(&o->alive) != RCU_OBJECT_ALIVE;                      \
                READ_UNLOCK;                                                                       \
            }                                                                                      \
            QUIET;                                                                                 \
        }                                                                                          \
    }                                                                                              \
    static __attribute__((unused)) void id##_retire_batch(struct bench_thread *t, uint64_t n)      \
    {                                                                                              \
        struct id##_place *p = (struct id##_place *)t->object;                                     \
        STATE;                                                                                     \
        p->freed = 0;                                                                              \
        for (uint64_t i = 0; i < n; i++) {                                                         \
            RETIRE(&p->many[i].head, id##_count);                                                  \
            QUIET;                                                                                 \
        }                                                                                          \
        DRAIN;                                                                                     \
        t->bad += p->freed != n;                                                                   \
    }

/* KIND: RCU_QUIET_POINTS or RCU_SECTIONS. */
#define BENCH_RCU_READ(id, KIND, name_, library_, side_, enter_, leave_)                           \
    {                                                                                              \
        KIND, .name = name_, .library = library_,                                                  \
        .side = side_, .cells = CELLS_GRID, .object_bytes = sizeof(struct id##_place),             \
        .init = id##_init, .destroy = id##_destroy, .enter = enter_, .leave = leave_,              \
        .batch = id##_read_batch, .run = id##_run, .check = bench_nothing_bad                      \
    }
#define BENCH_RCU_RETIRE(id, name_, library_, side_, enter_, leave_)                               \
    {                                                                                              \
        .structure = "RCU retire", .contract = "until the callback has run", .name = name_,        \
        .library = library_, .side = side_, .object_bytes = sizeof(struct id##_place),             \
        .batch_ops = RETIRED, .init = id##_retire_init, .destroy = id##_destroy, .enter = enter_,  \
        .leave = leave_, .batch = id##_retire_batch, .check = bench_nothing_bad                    \
    }
/* The contracts of reading. */
#define RCU_QUIET_POINTS .structure = "RCU quiet points", .contract = "readers announce quiet points"
#define RCU_SECTIONS     .structure = "RCU sections", .contract = "readers announce sections"
