/* ticket_lock.h: a FIFO spin lock of one word. Whoever holds the ticket that `owner` shows has the lock. For comparison with the queue
 * locks: all waiters spin on one line.
 *
 *              lock      trylock   unlock(holder)
 *   lock       any CPUs  any CPUs  any CPUs
 *   trylock    any CPUs  any CPUs  any CPUs
 *   unlock     any CPUs  any CPUs  no
 * Progress: lock blocks, FIFO; trylock and unlock are wait-free. At most 65,535 CPUs wait at once: the tickets wrap.
 * Ordering: V1 unlock releases, the next lock or trylock acquires (raw_spin_unlock -> raw_spin_lock, raw_spin_trylock).
 * Reuse: the lock's memory may be freed when no one can reach it and the last unlock returned. The caller keeps preemption off.
 * Misuse: locking what the CPU holds already and unlocking what it does not hold are caught in debug builds (holder.h).
 * Source: Mellor-Crummey and Scott, TOCS 9(1), 1991 (ticket lock). */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"
#include "lockfree/holder.h"

typedef struct {
    uint16_t owner;
    uint16_t next;
    LF_HOLDER
} __attribute__((aligned(4))) raw_spinlock_t;
#define RAW_SPINLOCK_INIT { .owner = LF_COUNTER_START(uint16_t), .next = LF_COUNTER_START(uint16_t) }

static inline void raw_spin_lock(raw_spinlock_t *l)
{
    uint16_t ticket;

    LF_MISUSE_WANTED("ticket lock", l);
    ticket = atomic_fetch_add_relaxed(&l->next, 1);
    while (__builtin_expect(atomic_load_acquire(&l->owner) != ticket, 0)) /* V1 */
        cpu_relax();
    LF_MISUSE_TAKEN(l);
}

static inline bool raw_spin_trylock(raw_spinlock_t *l)
{
    uint32_t old = atomic_load_relaxed((uint32_t *)l);

    if ((uint16_t)old != (uint16_t)(old >> 16) || !atomic_cas_acquire((uint32_t *)l, &old, old + 0x10000u)) /* V1 */
        return false;
    LF_MISUSE_TAKEN(l);
    return true;
}

static inline void raw_spin_unlock(raw_spinlock_t *l)
{
    LF_MISUSE_LEFT("ticket lock", l);
    atomic_store_release(&l->owner, (uint16_t)(atomic_load_relaxed(&l->owner) + 1)); /* V1 */
}

static inline bool raw_spin_is_locked(const raw_spinlock_t *l)
{
    return atomic_load_relaxed(&l->owner) != atomic_load_relaxed(&l->next);
}
