/* Base types and compiler attributes. Owns no state; included by everything in the kernel. */
#pragma once
#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdarg.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef int pid_t;
typedef u32 uid_t;
typedef u32 gid_t;
typedef u32 mode_t;
typedef u32 dev_t; /* major << 20 | minor; the ABI encodings are made at the system-call border */
typedef u64 ino_t;
typedef s64 loff_t;
typedef s64 off_t;
typedef long ssize_t;
typedef s64 time_t;
typedef s64 ktime_t; /* ns */
typedef int clockid_t;

#define __user /* pointer into user memory: only uaccess functions may follow it */
#define likely(x)       __builtin_expect(!!(x), 1)
#define unlikely(x)     __builtin_expect(!!(x), 0)
#define __packed        __attribute__((packed))
#define __aligned(n)    __attribute__((aligned(n)))
#define __cacheline_aligned __aligned(64)
#define __noreturn      __attribute__((noreturn))
#define __weak          __attribute__((weak))
#define __noinline      __attribute__((noinline))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __section(s)    __attribute__((section(s)))
#define __used          __attribute__((used))
#define __unused        __attribute__((unused))
#define __printf(f, a)  __attribute__((format(printf, f, a)))
#define __must_check    __attribute__((warn_unused_result))

#define ARRAY_SIZE(a)   (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define min(a, b)       ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b)       ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b)  min((t)(a), (t)(b))
#define max_t(t, a, b)  max((t)(a), (t)(b))
#define ALIGN_UP(x, a)  (((x) + (__typeof__(x))(a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define BIT(n)          (1UL << (n))
#define barrier()       __asm__ volatile("" ::: "memory")
#define READ_ONCE(x)    (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (INT_MAX * 2U + 1)
#define LONG_MAX __LONG_MAX__
#define LONG_MIN (-LONG_MAX - 1)
#define ULONG_MAX (LONG_MAX * 2UL + 1)
#endif

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define MAX_CPUS   1024 /* by data structure; 255 is what QEMU 7.2 can boot */
#define MAX_NODES  64
