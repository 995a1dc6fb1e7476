/* A ticket spin lock: FIFO, one word. The owner of the word is whoever holds `owner == ticket`.
 * lock/unlock: blocking, fair; trylock: wait-free. Release of unlock pairs with acquire of lock.
 * The caller keeps preemption off (kernel/lib/spinlock.h does). Source: Mellor-Crummey and Scott, TOCS 1991. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

typedef struct {
    uint16_t owner;
    uint16_t next;
} __attribute__((aligned(4))) raw_spinlock_t;
#define RAW_SPINLOCK_INIT { LF_COUNTER_START(uint16_t), LF_COUNTER_START(uint16_t) }

static inline void raw_spin_lock(raw_spinlock_t *l)
{
    uint16_t ticket = atomic_fetch_add_acquire(&l->next, 1);

    while (__builtin_expect(atomic_load_acquire(&l->owner) != ticket, 0))
        cpu_relax();
}

static inline bool raw_spin_trylock(raw_spinlock_t *l)
{
    uint32_t old = atomic_load_relaxed((uint32_t *)l);

    if ((uint16_t)old != (uint16_t)(old >> 16))
        return false;
    return atomic_cas_acquire((uint32_t *)l, &old, old + 0x10000u);
}

static inline void raw_spin_unlock(raw_spinlock_t *l)
{
    atomic_store_release(&l->owner, (uint16_t)(atomic_load_relaxed(&l->owner) + 1));
}

static inline bool raw_spin_is_locked(const raw_spinlock_t *l)
{
    return atomic_load_relaxed(&l->owner) != atomic_load_relaxed(&l->next);
}
