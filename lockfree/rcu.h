/* RCU: readers only count preemption. First contract; the implementation (bit-mask tree, segmented callbacks) is in rcu.c.
 *   rcu_read_lock/unlock   wait-free, nestable, any context     rcu_dereference / rcu_assign_pointer
 *   call_rcu               wait-free, interrupts allowed        synchronize_rcu  sleeps
 * A callback runs after every reader section that was running at call_rcu has ended. */
#pragma once
#include "lockfree/atomic.h"
struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *);
};
#define rcu_dereference(p)       atomic_load_acquire(&(p))
#define rcu_assign_pointer(p, v) atomic_store_release(&(p), (v))
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *));
void synchronize_rcu(void);
void synchronize_rcu_expedited(void);
void rcu_barrier(void);
#ifdef CLOUDOS_KERNEL
#include "kernel/lib/preempt.h"
static inline void rcu_read_lock(void) { preempt_disable(); }
static inline void rcu_read_unlock(void) { preempt_enable(); }
#else
void rcu_read_lock(void);
void rcu_read_unlock(void);
#endif
