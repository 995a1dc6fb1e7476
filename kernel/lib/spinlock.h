/* spinlock_t for the kernel: lockfree/qlock.h with preemption (and interrupts) off while held. */
#pragma once
#include "lockfree/qlock.h"
#include "kernel/lib/preempt.h"
#include "kernel/arch/x86/irqflags.h"

typedef struct qlock spinlock_t;
#define SPINLOCK_INIT QLOCK_INIT
#define DEFINE_SPINLOCK(name) spinlock_t name = SPINLOCK_INIT
static inline void spin_lock_init(spinlock_t *l) { *l = (spinlock_t)SPINLOCK_INIT; }
static inline void spin_lock(spinlock_t *l) { preempt_disable(); qlock_lock(l); }
static inline void spin_unlock(spinlock_t *l) { qlock_unlock(l); preempt_enable(); }
static inline bool spin_trylock(spinlock_t *l)
{
    preempt_disable();
    if (qlock_trylock(l))
        return true;
    preempt_enable();
    return false;
}
static inline void spin_lock_irq(spinlock_t *l) { local_irq_disable(); spin_lock(l); }
static inline void spin_unlock_irq(spinlock_t *l) { qlock_unlock(l); local_irq_enable(); preempt_enable(); }
#define spin_lock_irqsave(l, flags) do { (flags) = local_irq_save(); spin_lock(l); } while (0)
#define spin_unlock_irqrestore(l, flags) do { qlock_unlock(l); local_irq_restore(flags); preempt_enable(); } while (0)
