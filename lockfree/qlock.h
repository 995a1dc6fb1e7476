/* qlock.h: a queue lock in one 32-bit word: {tail 16 bits, pending 8, held 8}. The first waiter sets pending and waits for held to clear;
 * the others queue, each on its node; the tail names the node of the one who came last. Each CPU has a node for each context that can
 * nest on it: task, irq, nmi.
 *
 *              lock      trylock   unlock(holder)
 *   lock       any CPUs  any CPUs  any CPUs
 *   trylock    any CPUs  any CPUs  any CPUs        a context of a CPU may interrupt another one's lock, trylock and unlock,
 *   unlock     any CPUs  any CPUs  no              but must not take a lock that the interrupted context holds or waits for
 * Transitions of the word (h held, p pending, t a tail; 0 none):
 *   lock, trylock            0     -> h          CAS
 *   lock, one waiter         h     -> p h        CAS of the whole word: nobody queues
 *   pending waiter           t p   -> t h        store of the two low bytes: while pending stands nobody else may set held
 *   lock, more waiters       * * * -> me * *     CAS
 *   head of the queue, last  me    -> h          CAS
 *   head of the queue        t     -> t h        store: with a tail and no pending nobody else may set held
 *   unlock                   * * h -> * *        store of the low byte
 * So a lock is handed over by one transfer of its line: the next holder reads that held is clear and stores.
 * Where CPUs are virtual and may be off their processor (qlock_unfair), waiters do not queue: a queue would wait for the one CPU
 * whose turn it is. Then any waiter that runs takes the free lock. So does a waiter that finds its CPU's nodes in use.
 * Progress: lock blocks; FIFO: only a word of 0 can be taken by who does not wait. trylock is wait-free. unlock is wait-free.
 * Ordering: Q1 unlock releases, the next lock acquires (qlock_unlock -> qlock_take_free, wait_pending, take_as_head).
 *           Q2 a node is initialised before its number is in the word (queue_up -> the successor's queue_up).
 * Reuse: the lock's memory may be freed once no one can reach it and the last unlock returned; a node is free again when
 * qlock_lock returns, whatever the lock does later. The caller keeps preemption off.
 * Misuse: locking what the CPU holds already and unlocking what it does not hold are caught in debug builds, which keep what each
 * CPU holds and where it was locked.
 * Source: Mellor-Crummey and Scott, TOCS 9(1), 1991, in one word with a pending bit (Linux qspinlock, LWN 590243, 2014). */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define QLOCK_HELD     1u
#define QLOCK_PENDING  0x100u
#define QLOCK_OWNED    0xffffu /* held or pending */
#define QLOCK_TAIL     16 /* shift */
#define QLOCK_CONTEXTS 3u
#ifndef QLOCK_HOLDINGS /* the explorer: fewer */
#define QLOCK_HOLDINGS 16u /* that a debug build keeps in mind, for each CPU */
#endif

/* Set once, before the second CPU starts. */
extern bool qlock_unfair;

struct qlock {
    union {
        uint32_t word; /* (number of the tail node + 1) << QLOCK_TAIL | QLOCK_PENDING | QLOCK_HELD */
        uint16_t owned; /* pending << 8 | held */
        uint8_t held;
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
    uint32_t free = 0;

    return atomic_cas_acquire(&l->word, &free, QLOCK_HELD); /* Q1 */
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
    atomic_store_release(&l->held, 0); /* Q1: the waiters stay */
#endif
}

static inline bool qlock_is_locked(const struct qlock *l)
{
    return atomic_load_relaxed(&l->word) != 0;
}
