/* flow_subject.h: loops in which some threads put elements and others take them: what is counted is what was taken.
 *
 * Stacks (BENCH_STACK_LOOPS): thread 0 detaches everything, the others push nodes of their own. PUSH(l, n), DETACH(l) (the first node or
 * NULL) and NEXT(n). A node is pushed again when its taker has marked it free: an element that comes twice, or never, is noticed.
 * Rings (BENCH_RING_LOOPS): even threads put, odd threads take. PUT(r, v) and TAKE(r, v) are false on a full and an empty ring.
 * An element is {producer, number}: each taker must see every producer's numbers rise, and none may be missing in the end. */
#pragma once
#include <stdlib.h>
#include "bench/host/subject.h"

#define FLOW_NODES 1024 /* of a producer */
#define FLOW_BURST 16   /* pushed before one detach, alone */
#define FLOW_PRODUCER(v) ((unsigned)((v) >> 40))
#define FLOW_NUMBER(v) ((v)&0xffffffffffull)
#define FLOW_VALUE(producer, number) ((uint64_t)(producer) << 40 | (number))

static inline void flow_leave(struct bench_thread *t)
{
    free(t->own);
    t->own = NULL;
}

#define BENCH_STACK_LOOPS(id, TYPE, NODE, INIT, NODE_INIT, PUSH, DETACH, NEXT)                     \
    struct id##_node {                                                                             \
        NODE link;                                                                                 \
        uint32_t busy; /* atomic: pushed and not taken yet */                                      \
    };                                                                                             \
    struct id##_object {                                                                           \
        TYPE list __attribute__((aligned(128)));                                                   \
        struct id##_node *nodes[BENCH_MAX_THREADS];                                                \
        unsigned producers;                                                                        \
    };                                                                                             \
    static void id##_init(void *object, const struct bench_cell *cell)                             \
    {                                                                                              \
        struct id##_object *o = (struct id##_object *)object;                                      \
        TYPE *l __attribute__((unused)) = &o->list;                                                \
        INIT;                                                                                      \
        o->producers = cell->threads;                                                              \
        for (unsigned p = 0; p < cell->threads; p++) {                                             \
            o->nodes[p] = (struct id##_node *)calloc(FLOW_NODES, sizeof(struct id##_node));        \
            for (unsigned i = 0; i < FLOW_NODES; i++) {                                            \
                NODE *n __attribute__((unused)) = &o->nodes[p][i].link;                            \
                NODE_INIT;                                                                         \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void id##_destroy(void *object)                                                         \
    {                                                                                              \
        struct id##_object *o = (struct id##_object *)object;                                      \
        for (unsigned p = 0; p < o->producers; p++)                                                \
            free(o->nodes[p]);                                                                     \
    }                                                                                              \
    static uint64_t id##_take(struct bench_thread *t, struct id##_object *o)                       \
    {                                                                                              \
        TYPE *l = &o->list;                                                                        \
        uint64_t taken = 0;                                                                        \
        for (NODE *n = DETACH(l), *next; n; n = next) {                                            \
            struct id##_node *whole = (struct id##_node *)(void *)n;                               \
            next = NEXT(n);                                                                        \
            t->bad += atomic_load_relaxed(&whole->busy) != 1;                                      \
            atomic_store_release(&whole->busy, 0);                                                 \
            taken++;                                                                               \
        }                                                                                          \
        return taken;                                                                              \
    }                                                                                              \
    static void id##_batch(struct bench_thread *t, uint64_t count)                                 \
    {                                                                                              \
        struct id##_object *o = (struct id##_object *)t->object;                                   \
        TYPE *l = &o->list;                                                                        \
        for (uint64_t done = 0; done < count; done += FLOW_BURST) {                                \
            for (unsigned i = 0; i < FLOW_BURST; i++) {                                            \
                o->nodes[0][i].busy = 1;                                                           \
                PUSH(l, &o->nodes[0][i].link);                                                     \
            }                                                                                      \
            t->bad += id##_take(t, o) != FLOW_BURST;                                               \
        }                                                                                          \
    }                                                                                              \
    static void id##_produce(struct bench_thread *t, struct id##_object *o)                        \
    {                                                                                              \
        TYPE *l = &o->list;                                                                        \
        for (; bench_more(t); t->writes++) {                                                       \
            struct id##_node *n = &o->nodes[t->index][t->writes % FLOW_NODES];                     \
            while (atomic_load_acquire(&n->busy)) {                                                \
                if (!bench_more(t))                                                                \
                    return;                                                                        \
                cpu_relax();                                                                       \
            }                                                                                      \
            atomic_store_relaxed(&n->busy, 1);                                                     \
            PUSH(l, &n->link);                                                                     \
        }                                                                                          \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        struct id##_object *o = (struct id##_object *)t->object;                                   \
        uint64_t taken;                                                                            \
        if (t->index) {                                                                            \
            id##_produce(t, o);                                                                    \
            return;                                                                                \
        }                                                                                          \
        while (bench_more(t)) {                                                                    \
            taken = id##_take(t, o);                                                               \
            t->done += taken;                                                                      \
            if (!taken)                                                                            \
                cpu_relax();                                                                       \
        }                                                                                          \
        t->data->a += t->done;                                                                     \
    }                                                                                              \
    static bool id##_check(void *object, const struct bench_thread *threads, unsigned n)           \
    {                                                                                              \
        struct bench_thread rest = {.index = 0};                                                   \
        uint64_t put = 0, taken = threads[0].data->a + id##_take(&rest, (struct id##_object *)object); \
        for (unsigned i = 1; i < n; i++)                                                           \
            put += threads[i].writes;                                                              \
        return (n == 1 || put == taken) && !rest.bad && bench_nothing_bad(object, threads, n);     \
    }

#define BENCH_STACK_SUBJECT(id, structure_, contract_, name_, library_, side_)                     \
    {                                                                                              \
        .structure = structure_, .contract = contract_, .name = name_, .library = library_,        \
        .side = side_, .cells = CELLS_FLOW, .object_bytes = sizeof(struct id##_object),            \
        .batch_ops = 0, .limit_ns = 0, .init = id##_init, .destroy = id##_destroy, .enter = NULL,  \
        .leave = NULL, .batch = id##_batch, .run = id##_run, .check = id##_check                   \
    }

#define FLOW_RING 1024

#define BENCH_RING_LOOPS(id, TYPE, INIT, DESTROY, PUT, TAKE)                                       \
    struct id##_object {                                                                           \
        TYPE ring __attribute__((aligned(128)));                                                   \
    };                                                                                             \
    static void id##_init(void *object, const struct bench_cell *cell)                             \
    {                                                                                              \
        TYPE *r = &((struct id##_object *)object)->ring;                                           \
        (void)cell;                                                                                \
        INIT;                                                                                      \
    }                                                                                              \
    static void id##_destroy(void *object)                                                         \
    {                                                                                              \
        TYPE *r __attribute__((unused)) = &((struct id##_object *)object)->ring;                   \
        DESTROY;                                                                                   \
    }                                                                                              \
    static void id##_enter(struct bench_thread *t)                                                 \
    {                                                                                              \
        t->own = calloc(BENCH_MAX_THREADS, sizeof(uint64_t)); /* a taker: the last number seen of each producer */ \
    }                                                                                              \
    static void id##_batch(struct bench_thread *t, uint64_t count)                                 \
    {                                                                                              \
        TYPE *r = &((struct id##_object *)t->object)->ring;                                        \
        for (uint64_t i = 1; i <= count; i++) {                                                    \
            uint64_t v = 0;                                                                        \
            t->bad += !PUT(r, i);                                                                  \
            t->bad += !TAKE(r, &v) || v != i;                                                      \
        }                                                                                          \
    }                                                                                              \
    static void id##_taken(struct bench_thread *t, uint64_t v)                                     \
    {                                                                                              \
        uint64_t *last = &((uint64_t *)t->own)[FLOW_PRODUCER(v)];                                  \
        t->bad += FLOW_NUMBER(v) <= *last;                                                         \
        *last = FLOW_NUMBER(v);                                                                    \
        t->done++;                                                                                 \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        TYPE *r = &((struct id##_object *)t->object)->ring;                                        \
        uint64_t v = 0;                                                                            \
        while (bench_more(t)) {                                                                    \
            if (t->index % 2) {                                                                    \
                if (TAKE(r, &v))                                                                   \
                    id##_taken(t, v);                                                              \
                else                                                                               \
                    cpu_relax();                                                                   \
            } else if (PUT(r, FLOW_VALUE(t->index, t->writes + 1))) {                              \
                t->writes++;                                                                       \
            } else {                                                                               \
                cpu_relax();                                                                       \
            }                                                                                      \
        }                                                                                          \
        (void)atomic_fetch_add_relaxed(&t->data->a, t->done);                                      \
    }                                                                                              \
    static bool id##_check(void *object, const struct bench_thread *threads, unsigned n)           \
    {                                                                                              \
        TYPE *r = &((struct id##_object *)object)->ring;                                           \
        uint64_t put = 0, taken = threads[0].data->a, v;                                           \
        while (TAKE(r, &v))                                                                        \
            taken++;                                                                               \
        for (unsigned i = 0; i < n; i++)                                                           \
            put += threads[i].writes;                                                              \
        return put == taken && bench_nothing_bad(object, threads, n);                              \
    }

#define BENCH_RING_SUBJECT(id, structure_, contract_, name_, library_, side_)                      \
    {                                                                                              \
        .structure = structure_, .contract = contract_, .name = name_, .library = library_,        \
        .side = side_, .cells = CELLS_FLOW, .object_bytes = sizeof(struct id##_object),            \
        .batch_ops = 0, .limit_ns = 0, .init = id##_init, .destroy = id##_destroy,                 \
        .enter = id##_enter, .leave = flow_leave, .batch = id##_batch, .run = id##_run,            \
        .check = id##_check                                                                        \
    }
