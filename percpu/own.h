/* own.h: the state word: who may touch a task. It offers the transitions of the table and no others.
 *
 * One 64-bit word {state, wake class, cpu, generation}. The wake class is the low byte of the TASK_* state that the task waits in; a
 * waker brings the classes that it may wake, and state and class are compared in one CAS. The generation changes at each wait.
 *
 *   from -> to                                    who                                    function
 *   none -> WAKING                                fork, before publication               own_init
 *   RUNNING, BLOCKING, WOKEN -> BLOCKING          the task, then it reads its condition  own_begin_wait
 *   BLOCKING, WOKEN -> RUNNING                    the task (cancelled)                   own_cancel_wait
 *   RUNNING, BLOCKING, WOKEN -> RUNNABLE          owner, tail of an involuntary switch   own_requeue
 *   BLOCKING -> WOKEN                             any waker whose class fits; finished   own_wake
 *   PARKED -> WAKING                              the one waker that wins                own_wake
 *   BLOCKING -> PARKED                            owner, tail of a voluntary switch      own_park
 *   WOKEN -> RUNNABLE                             owner, when own_park failed            own_requeue
 *   RUNNABLE -> MIGRATING                         owner, or the thief with the slot      own_migrate
 *   WAKING, MIGRATING -> RUNNABLE                 who detached the node: the new owner   own_arrive
 *   RUNNABLE -> RUNNING                           owner                                  own_run
 *   PARKED -> BLOCKING                            owner of own.cpu, to edit              own_freeze
 *   RUNNING -> DEAD                               switch tail                            own_die
 *
 * Ordering: T2 own_park releases the saved context, own_wake's win acquires it. T3 own_begin_wait and own_wake are full barriers:
 * a condition written before own_wake is seen by the task after own_begin_wait, or the task becomes RUNNABLE. T4 no loop here
 * waits for another CPU. T5 DEAD is final. Progress: own_init, own_run, own_arrive, own_die wait-free, the rest lock-free.
 * Reuse: the word lives as long as the task, which is freed a grace period after DEAD.
 * Source: our own; that one CAS decides who may wake follows Linux's try_to_wake_up.
 * Checked by tests/models/own.pml and handover.pml. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

enum own_state {
    OWN_NONE,
    OWN_RUNNING,   /* on a CPU */
    OWN_BLOCKING,  /* on a CPU, about to give it away; or parked and frozen by its owner */
    OWN_WOKEN,     /* woken while BLOCKING */
    OWN_PARKED,    /* off every CPU, context saved, nobody's until a waker wins */
    OWN_WAKING,    /* in the hands of the waker, or in an inbox */
    OWN_MIGRATING, /* in the hands of who moves it, or in an inbox */
    OWN_RUNNABLE,  /* in the queue, the next slot or the shelf of own.cpu */
    OWN_DEAD,
    OWN_STATES
};

#define OWN_STATE(w) ((enum own_state)((w)&0xff))
#define OWN_CLASS(w) ((uint32_t)((w) >> 8) & 0xff)
#define OWN_CPU(w)   ((uint32_t)((w) >> 16) & 0xffff)
#define OWN_GEN(w)   ((uint32_t)((w) >> 32))

static inline uint64_t own_make(enum own_state state, uint32_t wake_class, uint32_t cpu, uint32_t gen)
{
    return (uint64_t)state | (uint64_t)(wake_class & 0xff) << 8 | (uint64_t)(cpu & 0xffff) << 16 | (uint64_t)gen << 32;
}

static inline uint64_t own_with_state(uint64_t w, enum own_state state)
{
    return (w & ~0xffull) | (uint64_t)state;
}

static inline uint64_t own_read(const uint64_t *own)
{
    return atomic_load_relaxed(own);
}

static inline void own_init(uint64_t *own, uint32_t cpu)
{
    atomic_store_relaxed(own, own_make(OWN_WAKING, 0, cpu, LF_COUNTER_START(uint32_t)));
}

/* The task itself. A CAS and not an exchange: it may be moved to another CPU before. */
static inline void own_begin_wait(uint64_t *own, uint32_t wake_class)
{
    uint64_t w = atomic_load_relaxed(own), to;

    do {
        LF_DEBUG_ASSERT(OWN_STATE(w) >= OWN_RUNNING && OWN_STATE(w) <= OWN_WOKEN, own);
        to = own_make(OWN_BLOCKING, wake_class, OWN_CPU(w), OWN_GEN(w) + 1);
    } while (!atomic_cas_full(own, &w, to)); /* T3: before the condition is read */
}

/* The task itself. */
static inline void own_cancel_wait(uint64_t *own)
{
    uint64_t w = atomic_load_relaxed(own);

    while (OWN_STATE(w) != OWN_RUNNING) {
        LF_DEBUG_ASSERT(OWN_STATE(w) == OWN_BLOCKING || OWN_STATE(w) == OWN_WOKEN, own);
        if (atomic_cas_acquire(own, &w, own_with_state(w, OWN_RUNNING)))
            return;
    }
}

enum own_wake_result { OWN_WAKE_NOTHING, OWN_WAKE_DONE, OWN_WAKE_WON };

/* Anyone. OWN_WAKE_WON: the task is the caller's to place. OWN_WAKE_DONE: it will not sleep. *seen is the word found. */
static inline enum own_wake_result own_wake(uint64_t *own, uint32_t classes, uint64_t *seen)
{
    uint64_t w = atomic_fetch_add_full(own, 0); /* T3: the condition was written before this read */

    for (;;) {
        enum own_state s = OWN_STATE(w);

        *seen = w;
        if ((s != OWN_PARKED && s != OWN_BLOCKING) || !(OWN_CLASS(w) & classes))
            return OWN_WAKE_NOTHING;
        if (s == OWN_PARKED) {
            if (lf_likely(atomic_cas_full(own, &w, own_with_state(w, OWN_WAKING)))) /* T2 */
                return OWN_WAKE_WON;
        } else if (atomic_cas_full(own, &w, own_with_state(w, OWN_WOKEN))) {
            return OWN_WAKE_DONE;
        }
    }
}

/* The owner, in the switch tail: false when a waker was faster (the word is WOKEN). */
static inline bool own_park(uint64_t *own)
{
    uint64_t w = atomic_load_relaxed(own);

    while (OWN_STATE(w) == OWN_BLOCKING)
        if (lf_likely(atomic_cas_release(own, &w, own_with_state(w, OWN_PARKED)))) /* T2 */
            return true;
    LF_DEBUG_ASSERT(OWN_STATE(w) == OWN_WOKEN, own);
    return false;
}

/* The owner, in the switch tail; wakers may still turn BLOCKING into WOKEN. */
static inline void own_requeue(uint64_t *own)
{
    uint64_t w = atomic_load_relaxed(own);

    if (lf_likely(OWN_STATE(w) == OWN_RUNNING)) { /* nobody else changes RUNNING */
        atomic_store_release(own, own_with_state(w, OWN_RUNNABLE));
        return;
    }
    do {
        LF_DEBUG_ASSERT(OWN_STATE(w) == OWN_BLOCKING || OWN_STATE(w) == OWN_WOKEN, own);
    } while (!atomic_cas_full(own, &w, own_with_state(w, OWN_RUNNABLE)));
}

/* The owner of a task that is queued here. */
static inline void own_run(uint64_t *own)
{
    uint64_t w = atomic_load_relaxed(own);

    LF_DEBUG_ASSERT(OWN_STATE(w) == OWN_RUNNABLE, own);
    atomic_store_relaxed(own, own_with_state(w, OWN_RUNNING));
}

/* The owner, or the thief that won the shelf slot. */
static inline void own_migrate(uint64_t *own)
{
    uint64_t w = atomic_load_relaxed(own);
    bool ok = OWN_STATE(w) == OWN_RUNNABLE && atomic_cas_full(own, &w, own_with_state(w, OWN_MIGRATING));

    LF_ASSERT(ok, own); /* nobody else may change a RUNNABLE task that is in the caller's hands */
}

/* Who detached the node. The caller then reads the affinity mask and the request bits: the exchange is the barrier. */
static inline void own_arrive(uint64_t *own, uint32_t cpu)
{
    uint64_t w = atomic_load_relaxed(own);

    LF_DEBUG_ASSERT(OWN_STATE(w) == OWN_WAKING || OWN_STATE(w) == OWN_MIGRATING, own);
    atomic_xchg_full(own, own_make(OWN_RUNNABLE, OWN_CLASS(w), cpu, OWN_GEN(w)));
}

/* The CPU that `seen`, just read, names as the owner. True: PARKED became BLOCKING, no waker touches it; own_park (or own_requeue)
 * releases it. Only the very word that was seen will do: woken since, the task may have gone to sleep again as another CPU's. */
static inline bool own_freeze(uint64_t *own, uint64_t seen)
{
    return OWN_STATE(seen) == OWN_PARKED && atomic_cas_acquire(own, &seen, own_with_state(seen, OWN_BLOCKING));
}

static inline void own_die(uint64_t *own)
{
    uint64_t w = atomic_load_relaxed(own);

    LF_DEBUG_ASSERT(OWN_STATE(w) == OWN_RUNNING, own);
    atomic_store_release(own, own_with_state(w, OWN_DEAD)); /* T5 */
}

static inline const char *own_state_name(enum own_state s)
{
    static const char *const names[OWN_STATES] = {"none", "running", "blocking", "woken", "parked",
                                                  "waking", "migrating", "runnable", "dead"};
    return s < OWN_STATES ? names[s] : "?";
}
