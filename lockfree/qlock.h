/* qlock.h: a queue lock in one 32-bit word. The word is {tail, held}, halves of 16 bits: the tail names the node of the waiter who came
 * last. The fast paths touch the halves only: a load of the word right after the store of a part of it would wait for that store
 * to leave the processor (4 of 6 ns on Zen 4). Each CPU has a node for each context that can nest on it: task, irq, nmi.
 *
 *              lock      trylock   unlock(holder)
 *   lock       any CPUs  any CPUs  any CPUs
 *   trylock    any CPUs  any CPUs  any CPUs        a context of a CPU may interrupt another one's lock, trylock and unlock,
 *   unlock     any CPUs  any CPUs  no              but must not take a lock that the interrupted context holds or waits for
 * Where CPUs are virtual and may be off their processor (qlock_unfair), waiters do not queue: a queue would wait for the one CPU
 * whose turn it is. Then any waiter that runs takes the free lock. So does a waiter that finds its CPU's nodes in use.
 * Progress: lock blocks; FIFO among queued waiters; a newcomer passes no queue that it sees, so only those
 * who looked before the queue began, and took the lock after, are before it. trylock is wait-free. unlock is wait-free.
 * Ordering: Q1 unlock releases, the next lock acquires (qlock_unlock -> qlock_take_free, take_as_head, qlock_lock_slow).
 *           Q2 a node is initialised before its number is in the word (qlock_lock_slow -> the successor's qlock_lock_slow).
 * Reuse: the lock's memory may be freed once no one can reach it and the last unlock returned; a node is free again when
 * qlock_lock returns, whatever the lock does later. The caller keeps preemption off.
 * Misuse: locking what the CPU holds already and unlocking what it does not hold are caught in debug builds, which keep what each
 * CPU holds and where it was locked.
 * Source: Mellor-Crummey and Scott, TOCS 9(1), 1991, with the held bit apart from the queue (Linux qspinlock, LWN 590243, 2014). */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define QLOCK_HELD     1u
#define QLOCK_TAIL     16 /* shift */
#define QLOCK_CONTEXTS 3u
#define QLOCK_HOLDINGS 16u /* that a debug build keeps in mind, for each CPU */

/* Set once, before the second CPU starts. */
extern bool qlock_unfair;

struct qlock {
    union {
        uint32_t word; /* (number of the tail node + 1) << QLOCK_TAIL | QLOCK_HELD */
        struct {
            uint16_t held;
            uint16_t tail;
        };
    };
};
#define QLOCK_INIT { { 0 } }

struct qlock_node {
    struct qlock_node *next; /* written by the successor */
    uint32_t first;          /* written by the predecessor: you are at the head of the queue */
};

/* A CPU's nodes. in_use: this CPU only, each context leaves it as it found it. */
struct qlock_nodes {
    struct qlock_node node[QLOCK_CONTEXTS];
    uint32_t in_use;
#if LF_DEBUG
    struct qlock_holding {
        const struct qlock *lock; /* NULL: a free slot */
        const void *site;
    } held[QLOCK_HOLDINGS];
#endif
} LF_CACHELINE;

/* What the surroundings provide: the nodes of a CPU, for lf_env_cpu() and for whatever number that returned elsewhere. */
struct qlock_nodes *qlock_env_nodes(uint32_t cpu);

#if LF_DEBUG
void qlock_note_wanted(const struct qlock *l, const void *here);
void qlock_note_locked(const struct qlock *l, const void *here);
void qlock_note_unlock(const struct qlock *l, const void *here);
#define QLOCK_NOTE(event, l) qlock_note_##event((l), lf_here())
#else
#define QLOCK_NOTE(event, l) ((void)0)
#endif

static inline bool qlock_take_free(struct qlock *l)
{
    return !atomic_load_relaxed(&l->tail) && !(atomic_fetch_or_acquire(&l->held, QLOCK_HELD) & QLOCK_HELD); /* Q1 */
}

static inline bool qlock_trylock(struct qlock *l)
{
    bool taken = qlock_take_free(l);

    if (taken)
        QLOCK_NOTE(locked, l);
    return taken;
}

void qlock_lock_slow(struct qlock *l);

static inline void qlock_lock(struct qlock *l)
{
    QLOCK_NOTE(wanted, l);
    if (lf_unlikely(!qlock_take_free(l)))
        qlock_lock_slow(l);
    QLOCK_NOTE(locked, l);
}

static inline void qlock_unlock(struct qlock *l)
{
    QLOCK_NOTE(unlock, l);
#if defined(__SANITIZE_THREAD__) && !defined(LOCKFREE_EXPLORER)
    /* It does not follow a release through a store of part of a word. */
    (void)atomic_fetch_and_full(&l->word, ~QLOCK_HELD);
#else
    atomic_store_release(&l->held, 0); /* Q1: the tail stays */
#endif
}

static inline bool qlock_is_locked(const struct qlock *l)
{
    return atomic_load_relaxed(&l->word) != 0;
}
