/*
 * Access to user memory. Everything here checks the address range, may fault (and sleep in the fault), and
 * must not be called with a spin lock held, interrupts off, or while current is BLOCKING.
 *
 *   get_user(x, uptr), put_user(x, uptr)      scalars of 1..8 bytes: 0 or -EFAULT
 *   copy_from_user, copy_to_user              bytes NOT copied, 0 when all were
 *   clear_user                                bytes not cleared
 *   strncpy_from_user(dst, usrc, n)           length without NUL; n when there is none; -EFAULT
 *   strnlen_user(usrc, n)                     length with NUL, > n when there is none, 0 on a fault
 *   copy_*_user_nofault                       with page faults off (pagefault_disable): any context
 *   user_cmpxchg_u32, user_atomic_op_u32, ...  one atomic operation on a user word
 *
 * STAC and CLAC are three-byte NOPs until patch_smap() finds SMAP.
 */
#pragma once
#include "kernel/arch/x86/extable.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/types.h"

#define TASK_SIZE 0x7ffffffff000UL  /* first address that user mode may not have */

#define ASM_STAC                                                                                   \
    "771: .byte 0x0f, 0x1f, 0x00\n.pushsection .stac_sites, \"a\"\n.long 771b - .\n.popsection\n"
#define ASM_CLAC                                                                                   \
    "772: .byte 0x0f, 0x1f, 0x00\n.pushsection .clac_sites, \"a\"\n.long 772b - .\n.popsection\n"

static __always_inline bool access_ok(const void *uptr, size_t bytes)
{
    return bytes <= TASK_SIZE && (u64)uptr <= TASK_SIZE - bytes;
}

/* Assembly; the range is checked already. Return bytes left. */
size_t __copy_user(void *dst, const void *src, size_t bytes);
size_t __clear_user(void *dst, size_t bytes);
long __strncpy_user(char *dst, const char *src, long bytes);

#define USER_LOAD_(x, uptr, op, mod, reg, err)                                                     \
    __asm__ volatile(ASM_STAC "1: " op " %2, %" mod "1\n2: " ASM_CLAC                              \
                     ".pushsection .text.fixup, \"ax\"\n3: movl $-14, %0\nxorl %k1, %k1\njmp 2b\n" \
                     ".popsection\n" _ASM_EXTABLE(1b, 3b)                                          \
                     : "+r"(err), reg(x) : "m"(*(uptr)))

#define USER_STORE_(x, uptr, op, mod, err)                                                         \
    __asm__ volatile(ASM_STAC "1: " op " %" mod "1, %2\n2: " ASM_CLAC                              \
                     ".pushsection .text.fixup, \"ax\"\n3: movl $-14, %0\njmp 2b\n.popsection\n"   \
                     _ASM_EXTABLE(1b, 3b)                                                          \
                     : "+r"(err) : "r"(x), "m"(*(uptr)) : "memory")

/* No range check: the caller has done access_ok() for the whole object. */
#define __get_user(x, uptr) ({                                                                     \
    int gu_err_ = 0;                                                                               \
    u64 gu_val_;                                                                                   \
    switch (sizeof(*(uptr))) {                                                                     \
    case 1: USER_LOAD_(gu_val_, (const u8 *)(uptr), "movzbl", "k", "=&r", gu_err_); break;         \
    case 2: USER_LOAD_(gu_val_, (const u16 *)(uptr), "movzwl", "k", "=&r", gu_err_); break;        \
    case 4: USER_LOAD_(gu_val_, (const u32 *)(uptr), "movl", "k", "=&r", gu_err_); break;          \
    default: USER_LOAD_(gu_val_, (const u64 *)(uptr), "movq", "", "=&r", gu_err_); break;          \
    }                                                                                              \
    (x) = (__typeof__(*(uptr)))gu_val_;                                                            \
    gu_err_; })

#define __put_user(x, uptr) ({                                                                     \
    int pu_err_ = 0;                                                                               \
    __typeof__(*(uptr)) pu_val_ = (x);                                                             \
    switch (sizeof(*(uptr))) {                                                                     \
    case 1: USER_STORE_((u64)pu_val_, (u8 *)(uptr), "movb", "b", pu_err_); break;                  \
    case 2: USER_STORE_((u64)pu_val_, (u16 *)(uptr), "movw", "w", pu_err_); break;                 \
    case 4: USER_STORE_((u64)pu_val_, (u32 *)(uptr), "movl", "k", pu_err_); break;                 \
    default: USER_STORE_((u64)pu_val_, (u64 *)(uptr), "movq", "", pu_err_); break;                 \
    }                                                                                              \
    pu_err_; })

#define get_user(x, uptr) ({                                                                       \
    const __typeof__(*(uptr)) *gp_ = (uptr);                                                       \
    int g_err_ = -EFAULT;                                                                          \
    if (likely(access_ok(gp_, sizeof(*gp_))))                                                      \
        g_err_ = __get_user(x, gp_);                                                               \
    else                                                                                           \
        (x) = (__typeof__(*(uptr)))0;                                                              \
    g_err_; })

#define put_user(x, uptr) ({                                                                       \
    __typeof__(*(uptr)) *pp_ = (uptr);                                                             \
    likely(access_ok(pp_, sizeof(*pp_))) ? __put_user(x, pp_) : -EFAULT; })

static __always_inline size_t copy_from_user(void *dst, const void __user *src, size_t bytes)
{
    if (unlikely(!access_ok(src, bytes)))
        return bytes;
    if (__builtin_constant_p(bytes)) {
        if (bytes == 4)
            return __get_user(*(u32 *)dst, (const u32 *)src) ? 4 : 0;
        if (bytes == 8)
            return __get_user(*(u64 *)dst, (const u64 *)src) ? 8 : 0;
    }
    return __copy_user(dst, src, bytes);
}

static __always_inline size_t copy_to_user(void __user *dst, const void *src, size_t bytes)
{
    if (unlikely(!access_ok(dst, bytes)))
        return bytes;
    if (__builtin_constant_p(bytes)) {
        if (bytes == 4)
            return __put_user(*(const u32 *)src, (u32 *)dst) ? 4 : 0;
        if (bytes == 8)
            return __put_user(*(const u64 *)src, (u64 *)dst) ? 8 : 0;
    }
    return __copy_user(dst, src, bytes);
}

static __always_inline size_t clear_user(void __user *dst, size_t bytes)
{
    return access_ok(dst, bytes) ? __clear_user(dst, bytes) : bytes;
}

static inline long strncpy_from_user(char *dst, const char __user *src, long bytes)
{
    u64 room = (u64)src < TASK_SIZE ? TASK_SIZE - (u64)src : 0;
    long got;

    if (unlikely(room == 0))
        return -EFAULT;
    got = __strncpy_user(dst, src, (u64)bytes < room ? bytes : (long)room);
    return got == (long)room && got < bytes ? -EFAULT : got;
}

long strnlen_user(const char __user *src, long bytes);

/* Page faults on user addresses fail at once instead of being served: that is what the fault handler does wherever preemption is off
 * (it may sleep to serve one). Nests. */
static inline void pagefault_disable(void)
{
    preempt_disable();
}

static inline void pagefault_enable(void)
{
    preempt_enable();
}

static inline size_t copy_from_user_nofault(void *dst, const void __user *src, size_t bytes)
{
    size_t left;

    pagefault_disable();
    left = copy_from_user(dst, src, bytes);
    pagefault_enable();
    return left;
}

static inline size_t copy_to_user_nofault(void __user *dst, const void *src, size_t bytes)
{
    size_t left;

    pagefault_disable();
    left = copy_to_user(dst, src, bytes);
    pagefault_enable();
    return left;
}

/* Kernel memory that may not be there (backtraces). 0 or -EFAULT. */
int copy_kernel_nofault_u64(u64 *dst, const void *src);

/*
 * Atomic operations on a user word, range checked: 0 or -EFAULT. *old is what was there; for cmpxchg it
 * comes in as what is expected.
 */
#define USER_ATOMIC_(insn, value_reg, value, old_reg, uptr, err)                                   \
    __asm__ volatile(ASM_STAC "1: " insn "\n2: " ASM_CLAC                                          \
                     ".pushsection .text.fixup, \"ax\"\n3: movl $-14, %0\njmp 2b\n.popsection\n"   \
                     _ASM_EXTABLE(1b, 3b)                                                          \
                     : "+r"(err), old_reg, "+m"(*(uptr)) : value_reg(value) : "memory", "cc")

static inline int user_cmpxchg_u32(u32 __user *uptr, u32 *old, u32 desired)
{
    int err = 0;

    if (unlikely(!access_ok(uptr, sizeof(*uptr))))
        return -EFAULT;
    USER_ATOMIC_("lock; cmpxchgl %3, %2", "r", desired, "+a"(*old), uptr, err);
    return err;
}

static inline int user_xchg_u32(u32 __user *uptr, u32 *old, u32 value)
{
    int err = 0;

    if (unlikely(!access_ok(uptr, sizeof(*uptr))))
        return -EFAULT;
    *old = value;
    USER_ATOMIC_("xchgl %1, %2", "r", 0, "+r"(*old), uptr, err);
    return err;
}

static inline int user_xadd_u32(u32 __user *uptr, u32 *old, u32 value)
{
    int err = 0;

    if (unlikely(!access_ok(uptr, sizeof(*uptr))))
        return -EFAULT;
    *old = value;
    USER_ATOMIC_("lock; xaddl %1, %2", "r", 0, "+r"(*old), uptr, err);
    return err;
}

/* FUTEX_WAKE_OP's operations (futex(2)): set, add, or, andn, xor. */
static inline int user_atomic_op_u32(u32 __user *uptr, int op, u32 arg, u32 *old)
{
    u32 v;

    if (op == 0)
        return user_xchg_u32(uptr, old, arg);
    if (op == 1)
        return user_xadd_u32(uptr, old, arg);
    if (op > 4)
        return -ENOSYS;
    if (get_user(v, uptr))
        return -EFAULT;
    for (;;) {
        u32 seen = v;
        u32 next = op == 2 ? v | arg : op == 3 ? v & ~arg : v ^ arg;
        int err = user_cmpxchg_u32(uptr, &seen, next);

        if (err)
            return err;
        *old = seen;
        if (seen == v)
            return 0;
        v = seen;
    }
}

void patch_smap(void);      /* boot CPU, before the text becomes read-only for everyone */
