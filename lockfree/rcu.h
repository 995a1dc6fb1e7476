/* rcu.h: read-copy-update. Readers only count preemption; the machinery (bit-mask tree, segmented callbacks) is rcu_core.h.
 *
 *                        read section   call_rcu   synchronize_rcu*   polled periods   rcu_barrier
 *   each                 yes            yes        yes                yes              yes
 * Progress: readers are wait-free, nest, any context but NMI; call_rcu is wait-free, interrupts allowed; get_state, start_poll and
 * poll_state are lock-free, any context; synchronize_rcu*, cond_synchronize_rcu and rcu_barrier sleep.
 * Ordering: U1 a callback runs, synchronize_rcu returns, and a cookie's period is over, after every read section that was running
 * when it was called or the cookie was taken. U2 rcu_assign_pointer releases what it publishes to rcu_dereference. U3 callbacks of
 * one CPU run in the order in which they were queued. Reuse: an object is freed by its callback, never before.
 * Misuse: queueing one rcu_head twice, and in the kernel leaving a section that was not entered or sleeping in one, are caught in debug
 * builds, with the place of the first queueing, of the last exit, of the entry.
 * Source: McKenney, "RCU Usage in the Linux Kernel" (2012); tree of masks: McKenney, "Hierarchical RCU", LWN 305782, 2008. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *);
#if LF_DEBUG
    const void *queued_at;
    uintptr_t queued_mark; /* RCU_QUEUED(head) from call_rcu to the callback; heads are not initialised, so a mark and not a flag */
#endif
};
#define RCU_QUEUED(head) ((uintptr_t)(head) ^ 0x5ca1ab1e)
#define rcu_dereference(p)       atomic_load_acquire(&(p))
#define rcu_assign_pointer(p, v) atomic_store_release(&(p), (v)) /* U2 */

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *));
void synchronize_rcu(void);
/* As synchronize_rcu, but interrupts the CPUs that do not answer at once. */
void synchronize_rcu_expedited(void);
/* Waits until every callback queued before has run. */
void rcu_barrier(void);

/* Polled periods: a cookie stands for the first whole period after it was taken; it may be kept as long as one likes (the numbers
 * are compared so that they may wrap). start_poll also asks for the period; get_state leaves that to others. */
uint64_t get_state_synchronize_rcu(void);
uint64_t start_poll_synchronize_rcu(void);
bool poll_state_synchronize_rcu(uint64_t cookie);
/* synchronize_rcu, unless the cookie's period is over already. */
void cond_synchronize_rcu(uint64_t cookie);

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
