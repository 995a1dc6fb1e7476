/* subject.h: what is measured: a subject is one implementation of one structure, ours or a peer's, as a table entry of functions.
 *
 * Owns the vocabulary: cell (how many threads, how long the critical section, how many writers), thread, subject. Offers the few
 * inline steps that every loop shares, so that what surrounds the structure costs the same for all. A subject's loops are compiled
 * where the structure's header is included: everything a library lets inline is inlined. Must never allocate inside a loop. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lockfree/atomic.h"

#define BENCH_MAX_THREADS 256

enum bench_side {
    SIDE_OURS,
    SIDE_PEER,  /* same contract: what ours is compared with */
    SIDE_OTHER, /* another contract (it sleeps, it is not fair, ...): printed for orientation, never the ratio's peer */
};

enum bench_cells {
    CELLS_NONE,
    CELLS_GRID,  /* threads {2, all, 2 x all} x section {0, 100, 1000 ns} x writers {0, 10, 50, 100 %} */
    CELLS_FLOW,  /* threads {2, all, 2 x all}: some put, some take */
};

enum bench_place { PLACE_SPREAD, PLACE_SAME_CORE, PLACE_SAME_LLC, PLACE_SAME_NODE, PLACE_ACROSS, PLACE_KINDS };

struct bench_cell {
    unsigned threads;    /* 1: alone */
    unsigned section_ns;
    unsigned writers;    /* per cent */
    enum bench_place place;
};

/* The data that critical sections read and write: equal whenever nobody is inside. */
struct bench_data {
    uint64_t a, b;
} __attribute__((aligned(128)));

struct bench_thread {
    unsigned index;
    const struct bench_cell *cell;
    void *object;            /* the subject's shared object */
    struct bench_data *data;
    const uint32_t *stop;
    uint64_t spins;          /* turns of the busy loop in a section */
    uint64_t write_below;    /* a random 32-bit number below it: this operation writes */
    uint64_t random;
    uint64_t done, writes, bad;
    void *own;               /* the subject's, from enter to leave */
} __attribute__((aligned(128)));

struct bench_subject {
    const char *structure;   /* the row: ours and its peers have the same */
    const char *contract;
    const char *name;
    const char *library;     /* "CloudOS", or name and version */
    enum bench_side side;
    enum bench_cells cells;
    size_t object_bytes;
    uint64_t batch_ops;      /* operations in a batch; 0: as many as fill the batch's time */
    double limit_ns;         /* ours only, at 3 GHz: an absolute target; 0: none */
    void (*init)(void *object, const struct bench_cell *cell);
    void (*destroy)(void *object);
    void (*enter)(struct bench_thread *t);
    void (*leave)(struct bench_thread *t);
    void (*batch)(struct bench_thread *t, uint64_t n); /* alone: n operations; NULL: has no such row */
    void (*run)(struct bench_thread *t);               /* contended: until bench_more says no */
    bool (*check)(void *object, const struct bench_thread *threads, unsigned n); /* after all have left */
};

struct bench_list {
    const struct bench_subject *subjects;
    unsigned count;
};
/* Every list of the program, ended by NULL: lists_all.c or lists_ours.c. */
extern const struct bench_list *const bench_lists[];

#ifdef __cplusplus
#define BENCH_LIST(name, table) \
    extern "C" { extern const struct bench_list name; const struct bench_list name = {table, sizeof(table) / sizeof(table[0])}; }
#else
#define BENCH_LIST(name, table) const struct bench_list name = {table, sizeof(table) / sizeof(table[0])}
#endif

/* A step of a loop that is inlined whatever the compiler thinks: no subject pays a call that another does not. */
#define BENCH_STEP static inline __attribute__((always_inline))
#define bench_barrier() __asm__ volatile("" ::: "memory")
/* The value is used, whatever the compiler knows about it. */
#define bench_use(v) __asm__ volatile("" ::"r"(v) : "memory")

static inline bool bench_more(const struct bench_thread *t)
{
    return !atomic_load_relaxed(t->stop);
}

static inline uint32_t bench_random(struct bench_thread *t)
{
    t->random = t->random * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(t->random >> 32);
}

static inline bool bench_is_write(struct bench_thread *t)
{
    return bench_random(t) < t->write_below;
}

static inline void bench_spin(uint64_t turns)
{
    for (; turns; turns--)
        __asm__ volatile("");
}

/* The inside of a critical section: a writer keeps a and b equal, a reader looks whether they are. */
static inline void bench_section(struct bench_thread *t, bool write)
{
    struct bench_data *d = t->data;

    if (write) {
        d->a++;
        bench_barrier();
        bench_spin(t->spins);
        d->b++;
        t->writes++;
        return;
    }
    uint64_t a = atomic_load_relaxed(&d->a);

    bench_spin(t->spins);
    t->bad += a != atomic_load_relaxed(&d->b);
}

/* The check of every lock: no write was lost, no reader saw half of one. */
static inline bool bench_check_sections(const struct bench_thread *threads, unsigned n)
{
    uint64_t writes = 0, bad = 0;

    for (unsigned i = 0; i < n; i++) {
        writes += threads[i].writes;
        bad += threads[i].bad;
    }
    return !bad && threads[0].data->a == writes && threads[0].data->b == writes;
}

/* The check of subjects whose threads find errors themselves. */
static inline bool bench_nothing_bad(void *object, const struct bench_thread *threads, unsigned n)
{
    uint64_t bad = 0;

    (void)object;
    for (unsigned i = 0; i < n; i++)
        bad += threads[i].bad;
    return !bad;
}
