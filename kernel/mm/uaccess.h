/* User memory. All return the number of bytes NOT copied, or -EFAULT; never panic, whatever the pointer. May sleep (fault).
 * Implementation: kernel/arch/x86/uaccess.h and .S (front ARCH). */
#pragma once
#include "kernel/arch/x86/uaccess.h"
/* Offered there:
 * bool access_ok(const void __user *p, size_t n);
 * size_t copy_from_user(void *dst, const void __user *src, size_t n);   bytes not copied
 * size_t copy_to_user(void __user *dst, const void *src, size_t n);     bytes not copied
 * size_t clear_user(void __user *dst, size_t n);                        bytes not cleared
 * int get_user(x, ptr), put_user(x, ptr);                               0 or -EFAULT; 1, 2, 4, 8 bytes
 * long strncpy_from_user(char *dst, const char __user *src, long n);    length without NUL, n if too long, -EFAULT
 * long strnlen_user(const char __user *s, long n);                      length with NUL, > n if too long, 0 on fault
 * int user_cmpxchg_u32(u32 __user *p, u32 *old, u32 new);               0 or -EFAULT, *old = value found
 * int user_atomic_op_u32(...) see there (futex WAKE_OP)
 * void pagefault_disable(void), pagefault_enable(void);                 faults fail at once with -EFAULT between them */
