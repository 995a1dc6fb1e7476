/* magazine.h: free objects kept by each CPU (magazine), and between the CPUs of a node (depot). Owns pointers only: where objects come
 * from and where they go back to is the caller's. A free object's first word belongs to this file.
 *
 *                        get/put/refill/spill/shrink   depot_put  depot_take  free_remote  take_remote
 *   get/put/refill/...   no: owner CPU, interrupts off  -          -           -            -
 *   depot_put            -                              yes        yes         yes          yes
 *   depot_take           -                              yes        yes         yes          yes
 *   free_remote          -                              yes        yes         yes          yes
 *   take_remote          -                              yes        yes         yes          yes
 * All with interrupts off, so that a waiter in the depot is never interrupted.
 * Progress: get and put are wait-free without a locked operation; depot_put and depot_take hold a leaf lock for a few instructions, for a
 * whole batch; free_remote is lock-free, take_remote wait-free.
 * Ordering: A1 who freed an object is done with it before another CPU gets it (depot: the lock; remote: the inbox's I1).
 * Depth: a magazine starts small. Every MAGAZINE_TRIPS-th trip to the depot or beyond makes it one batch deeper, a trip that met another
 * CPU at the depot's lock counts MAGAZINE_MET times; magazine_shrink makes it small again when memory is short. So a CPU that allocates
 * and frees in waves stops travelling, and one that does not keeps little. Beyond MAGAZINE_OBJECTS it keeps whole batches, chained
 * through their objects, so that a magazine which is not deep is not large either.
 * Reuse: an object is the caller's from get to put.
 * Misuse: putting an object that is in the magazine already is caught in debug builds.
 * Source: Bonwick and Adams, "Magazines and Vmem", USENIX ATC 2001; remote lists: Leijen, Zorn and de Moura, "Mimalloc", APLAS 2019. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"
#include "lockfree/inbox.h"
#include "lockfree/qlock.h"

#define MAGAZINE_OBJECTS 62u /* in the array */
#define MAGAZINE_KEPT    12u /* batches beyond them */
#define MAGAZINE_BATCH   16u /* what goes to and comes from the depot at once */
#define MAGAZINE_START   30u
#define MAGAZINE_TRIPS   64u
#define MAGAZINE_MET     8u
#define MAGAZINE_DEPOT   32u /* batches */

/* Owner CPU only, interrupts off. */
struct magazine {
    uint32_t count;
    uint32_t depth; /* how many obj may hold now: MAGAZINE_BATCH..MAGAZINE_OBJECTS */
    uint32_t trips; /* since it became deeper */
    uint16_t kept;  /* batches in `batch` */
    uint16_t keep;  /* how many there may be now */
    void *obj[MAGAZINE_OBJECTS];
    struct inbox_node *batch[MAGAZINE_KEPT];
};
#define MAGAZINE_MOST (MAGAZINE_OBJECTS + MAGAZINE_KEPT * MAGAZINE_BATCH)
#define MAGAZINE_INIT(depth_) {.depth = (depth_)}

/* Of one node. */
struct magazine_depot {
    struct qlock lock LF_CACHELINE; /* guards count and batch; leaf */
    uint32_t count;
    uint32_t max;                   /* set once */
    struct inbox_node *batch[MAGAZINE_DEPOT];
    struct inbox remote LF_CACHELINE; /* freed by CPUs of other nodes */
};

static inline void magazine_depot_init(struct magazine_depot *d, uint32_t max)
{
    *d = (struct magazine_depot){.lock = QLOCK_INIT, .max = max < MAGAZINE_DEPOT ? max : MAGAZINE_DEPOT};
}

/* NULL: empty. */
static inline void *magazine_get(struct magazine *m)
{
    return lf_likely(m->count) ? m->obj[--m->count] : NULL;
}

static inline void magazine_check_absent(const struct magazine *m, const void *object)
{
    for (uint32_t i = 0; LF_DEBUG && i < m->count; i++)
        LF_ASSERT(m->obj[i] != object, object);
}

/* False: full. */
static inline bool magazine_put(struct magazine *m, void *object)
{
    magazine_check_absent(m, object);
    if (lf_unlikely(m->count >= m->depth))
        return false;
    m->obj[m->count++] = object;
    return true;
}

/* Objects in it. */
static inline uint32_t magazine_holds(const struct magazine *m)
{
    return m->count + m->kept * MAGAZINE_BATCH;
}

/* Counts a trip to the depot. `met`: another CPU held its lock. `most`: objects that this magazine may ever hold, at least
 * MAGAZINE_START and at most MAGAZINE_MOST. */
void magazine_trip(struct magazine *m, bool met, uint32_t most);
/* Full: makes room by keeping a batch apart. False: no more of them, spill. */
bool magazine_keep(struct magazine *m);
/* Empty: takes a kept batch back. False: there is none, refill. */
bool magazine_unkeep(struct magazine *m);

/* Puts what fits of n objects; returns how many are left, the first ones. */
uint32_t magazine_refill(struct magazine *m, void *const *objects, uint32_t n);
/* Takes up to n objects out, into `out`, the kept batches last; returns how many. */
uint32_t magazine_spill(struct magazine *m, void **out, uint32_t n);
/* Memory is short: small again. What it holds beyond that, the caller spills. */
void magazine_shrink(struct magazine *m);

/* MAGAZINE_BATCH objects. False: full, they are still the caller's. *met: another CPU held the lock. */
bool magazine_depot_put(struct magazine_depot *d, void *const *objects, bool *met);
/* A whole batch into `objects`, or 0. */
uint32_t magazine_depot_take(struct magazine_depot *d, void **objects, bool *met);

/* From a CPU of another node. */
static inline void magazine_free_remote(struct magazine_depot *d, void *object)
{
    inbox_node_init((struct inbox_node *)object);
    (void)inbox_push_mpsc(&d->remote, (struct inbox_node *)object); /* A1 */
}

/* Everything that other nodes freed: walk it with inbox_take_next. */
static inline struct inbox_node *magazine_take_remote(struct magazine_depot *d)
{
    return inbox_detach_all(&d->remote); /* A1 */
}
