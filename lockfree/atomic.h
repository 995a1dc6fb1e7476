/* atomic.h: the only file with raw atomics.
 *
 * The memory order is in the operation's name; sequentially consistent defaults are not offered.
 *   _relaxed  no ordering      _acquire  later accesses stay after it      _release  earlier accesses stay before it
 *   _full     acquire + release + store/load barrier: on x86 every locked operation is one
 * Operands are plain objects of 1, 2, 4 or 8 bytes, or pointers. A full barrier is a locked operation (never mfence).
 * The explorer (docs/explorer.md) compiles the same macros with every atomic a call into it, its order an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define atomic_load_relaxed(p)      __atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_acquire(p)      __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_store_relaxed(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_release(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_xchg_acquire(p, v)   __atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE)
#define atomic_xchg_release(p, v)   __atomic_exchange_n((p), (v), __ATOMIC_RELEASE)
#define atomic_xchg_full(p, v)      __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
/* cas: bool; on failure *expected is the value found. */
#define atomic_cas_relaxed(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define atomic_cas_acquire(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
#define atomic_cas_release(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define atomic_cas_full(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)
/* fetch_*: return the old value. */
#define atomic_fetch_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define atomic_fetch_add_acquire(p, v) __atomic_fetch_add((p), (v), __ATOMIC_ACQUIRE)
#define atomic_fetch_add_release(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELEASE)
#define atomic_fetch_add_full(p, v)    __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_sub_relaxed(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_RELAXED)
#define atomic_fetch_sub_release(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_RELEASE)
#define atomic_fetch_sub_full(p, v)    __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_or_relaxed(p, v)  __atomic_fetch_or((p), (v), __ATOMIC_RELAXED)
#define atomic_fetch_or_acquire(p, v)  __atomic_fetch_or((p), (v), __ATOMIC_ACQUIRE)
#define atomic_fetch_or_full(p, v)     __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and_relaxed(p, v) __atomic_fetch_and((p), (v), __ATOMIC_RELAXED)
#define atomic_fetch_and_full(p, v)    __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
/* inc/dec without the old value: one locked instruction. */
#define atomic_inc_relaxed(p)          ((void)__atomic_fetch_add((p), 1, __ATOMIC_RELAXED))
#define atomic_dec_relaxed(p)          ((void)__atomic_fetch_sub((p), 1, __ATOMIC_RELAXED))
/* Decrement; true when the value became zero. Release before, acquire on zero. */
#define atomic_dec_and_test_full(p)    (__atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST) == 0)

/* Full barrier between unrelated locations. */
static inline void atomic_fence_full(void)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
    __asm__ volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}
#define atomic_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define atomic_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

/* One turn of a wait loop: PAUSE; hands the processor over under icount. Host tests have more threads than processors. */
#ifdef LOCKFREE_EXPLORER
void explore_relax(void);
#elif defined(LOCKFREE_HOST_TEST)
#include <sched.h>
#endif
static inline void cpu_relax(void)
{
#ifdef LOCKFREE_EXPLORER
    explore_relax();
#elif defined(LOCKFREE_HOST_TEST)
    sched_yield();
#elif defined(__x86_64__)
    __asm__ volatile("pause" ::: "memory");
#endif
}
