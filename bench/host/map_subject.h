/* map_subject.h: loops of a map from integers to objects. MAP_KEYS keys are in it; a lookup asks for a random one, a write takes one of
 * the thread's own keys out and puts it back. LOOKUP(key) is the found object's key, or MAP_ABSENT; REPLACE(key); both see `o` (the
 * subject's object) and `t`. Without writers every key must be found, and when all have left, in any case. */
#pragma once
#include <stdlib.h>
#include "bench/host/subject.h"

#define MAP_KEYS 8192u
#define MAP_ABSENT UINT32_MAX

/* The same for every hash table. */
static inline uint32_t map_hash(uint32_t key)
{
    uint64_t h = (key + 1) * 0x9e3779b97f4a7c15ull;

    return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 17);
}

/* A key that no other thread writes. */
static inline uint32_t map_own_key(struct bench_thread *t)
{
    uint32_t key = (bench_random(t) % MAP_KEYS) / t->cell->threads * t->cell->threads + t->index;

    return key < MAP_KEYS ? key : t->index;
}

#define BENCH_MAP_LOOPS(id, TYPE, STATE, READ_LOCK, READ_UNLOCK, LOOKUP, REPLACE, QUIET)           \
    static void id##_batch(struct bench_thread *t, uint64_t n)                                     \
    {                                                                                              \
        TYPE *o = (TYPE *)t->object;                                                               \
        STATE;                                                                                     \
        for (; n; n--) {                                                                           \
            uint32_t key = bench_random(t) % MAP_KEYS;                                             \
            READ_LOCK;                                                                             \
            t->bad += LOOKUP(key) != key;                                                          \
            READ_UNLOCK;                                                                           \
        }                                                                                          \
        QUIET;                                                                                     \
    }                                                                                              \
    static void id##_run(struct bench_thread *t)                                                   \
    {                                                                                              \
        TYPE *o = (TYPE *)t->object;                                                               \
        STATE;                                                                                     \
        for (; bench_more(t); t->done++) {                                                         \
            if (bench_is_write(t)) {                                                               \
                bench_spin(t->spins);                                                              \
                REPLACE(map_own_key(t));                                                           \
            } else {                                                                               \
                uint32_t key = bench_random(t) % MAP_KEYS, found;                                  \
                READ_LOCK;                                                                         \
                found = LOOKUP(key);                                                               \
                bench_spin(t->spins);                                                              \
                READ_UNLOCK;                                                                       \
                t->bad += found != key && (found != MAP_ABSENT || !t->cell->writers);              \
            }                                                                                      \
            QUIET;                                                                                 \
        }                                                                                          \
    }

#define BENCH_MAP_SUBJECT(id, TYPE, structure_, contract_, name_, library_, side_, enter_, leave_) \
    {                                                                                              \
        .structure = structure_, .contract = contract_, .name = name_, .library = library_,        \
        .side = side_, .cells = CELLS_GRID, .object_bytes = sizeof(TYPE), .batch_ops = 0,          \
        .limit_ns = 0, .init = id##_init, .destroy = id##_destroy, .enter = enter_,                \
        .leave = leave_, .batch = id##_batch, .run = id##_run, .check = id##_check                 \
    }
