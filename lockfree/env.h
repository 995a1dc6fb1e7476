/* env.h: the whole port surface of lockfree/ and percpu/. Everything else they need comes from the caller.
 *
 * Owns nothing. Offers assertions in two tiers, places for reports of misuse, and branch hints. LF_ASSERT is always there;
 * LF_DEBUG_ASSERT only in debug and host test builds (LOCKFREE_RELEASE: the host library cloudos_lockfree, which is compiled as the
 * release kernel is). A failed assertion calls lockfree_fail(), which the kernel (panic) and the host tests (abort) provide and
 * which must never return. In the kernel preempt_disable() and preempt_enable() are there too: the build includes
 * kernel/lib/preempt.h before every C file. lf_env_cpu() is the running CPU's number; host programs link cpu_host.c, where a thread
 * is a CPU, or bring their own. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__attribute__((noreturn, cold)) void lockfree_fail(const char *expr, const char *file, int line, const void *object);

#ifdef CLOUDOS_KERNEL
#define lf_env_cpu() smp_processor_id()
#else
uint32_t lf_env_cpu(void);
#endif

#define lf_likely(x)   __builtin_expect(!!(x), 1)
#define lf_unlikely(x) __builtin_expect(!!(x), 0)
#define lf_container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define LF_CACHELINE __attribute__((aligned(64)))

/* `object` is named in the message: the address of what was misused. */
#define LF_ASSERT(cond, object)                                                                    \
    do {                                                                                           \
        if (lf_unlikely(!(cond)))                                                                  \
            lockfree_fail(#cond, __FILE__, __LINE__, (object));                                    \
    } while (0)
#if defined(CLOUDOS_DEBUG) || !(defined(CLOUDOS_KERNEL) || defined(LOCKFREE_RELEASE))
#define LF_DEBUG 1
#define LF_DEBUG_ASSERT(cond, object) LF_ASSERT(cond, object)
/* Counters start so near their wrap-around that every boot runs the wrap code. */
#define LF_COUNTER_START(type) ((type)-64)
#else
#define LF_DEBUG 0
#define LF_DEBUG_ASSERT(cond, object) ((void)0)
#define LF_COUNTER_START(type) ((type)0)
#endif

/* Misuse is reported with two places: where the object was used before, whose code address a debug build keeps in the object, and
 * where it is used now. Provided beside lockfree_fail(); a kernel prints symbols, a host test lines. Never returns. */
__attribute__((noreturn, cold)) void lockfree_misuse(const char *what, const void *object, const void *before, const void *now);
#if LF_DEBUG
#define LF_SITE(name) const void *name; /* a member, guarded as the object: never read but for the report */
#define LF_CALLER ((const void *)((const char *)__builtin_return_address(0) - 1)) /* in the call, not behind it */
#define LF_SITE_HERE(site) ((site) = lf_here())
#define LF_SITE_CALLER(site) ((site) = LF_CALLER) /* in functions that are not inlined */
#define LF_SITE_NONE(site) ((site) = NULL)
#define LF_MISUSE_IF(cond, what, object, before)                                                   \
    do {                                                                                           \
        if (lf_unlikely(cond))                                                                     \
            lockfree_misuse((what), (object), (before), lf_here());                                \
    } while (0)
#define LF_MISUSE_OF_CALLER_IF(cond, what, object, before)                                         \
    do {                                                                                           \
        if (lf_unlikely(cond))                                                                     \
            lockfree_misuse((what), (object), (before), LF_CALLER);                                \
    } while (0)
/* Address of this very place: of the caller's code once the function around it is inlined. */
__attribute__((always_inline)) static inline const void *lf_here(void)
{
#ifdef __x86_64__
    const void *pc;

    __asm__ volatile("leaq 0(%%rip), %0" : "=r"(pc));
    return pc;
#else
    return __builtin_return_address(0);
#endif
}
#else
#define LF_SITE(name)
#define LF_SITE_HERE(site)                      ((void)0)
#define LF_SITE_CALLER(site)                    ((void)0)
#define LF_SITE_NONE(site)                      ((void)0)
#define LF_MISUSE_IF(cond, what, object, before) ((void)0)
#define LF_MISUSE_OF_CALLER_IF(cond, what, object, before) ((void)0)
#endif
