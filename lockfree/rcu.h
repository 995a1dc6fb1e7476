/* rcu.h: read-copy-update. Readers only count preemption; the machinery (bit-mask tree, segmented callbacks) is rcu_core.h.
 *
 *                        read section   call_rcu   synchronize_rcu   rcu_barrier
 *   each                 yes            yes        yes               yes
 * Progress: readers are wait-free, nest, any context but NMI; call_rcu is wait-free, interrupts allowed; the others sleep.
 * Ordering: U1 a callback runs, and synchronize_rcu returns, after every read section that was running when it was called.
 * U2 rcu_assign_pointer releases what it publishes to rcu_dereference. Reuse: an object is freed by its callback, never before.
 * Misuse: queueing one rcu_head twice is caught in debug builds.
 * Source: McKenney, "RCU Usage in the Linux Kernel" (2012); tree of masks: McKenney, "Hierarchical RCU", LWN 305782, 2008. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *);
};
#define rcu_dereference(p)       atomic_load_acquire(&(p))
#define rcu_assign_pointer(p, v) atomic_store_release(&(p), (v)) /* U2 */

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *));
void synchronize_rcu(void);
/* As synchronize_rcu, but interrupts the CPUs that do not answer at once. */
void synchronize_rcu_expedited(void);
/* Waits until every callback queued before has run. */
void rcu_barrier(void);

/* Frees `ptr` (from kmalloc) after a grace period; `member` is its struct rcu_head, within its first 4096 bytes. */
#define kfree_rcu(ptr, member) \
    call_rcu(&(ptr)->member, (void (*)(struct rcu_head *))offsetof(__typeof__(*(ptr)), member))

#ifdef CLOUDOS_KERNEL /* preempt_*: env.h */
static inline void rcu_read_lock(void) { preempt_disable(); }
static inline void rcu_read_unlock(void) { preempt_enable(); }
#else
void rcu_read_lock(void);
void rcu_read_unlock(void);
#endif
