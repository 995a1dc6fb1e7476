/* Memory and string functions of the kernel. Owns no state; pure; any context, also before paging
 * is final. Must never use vector registers (user FPU state lives in them) nor call itself through
 * a compiler idiom: this file is compiled without loop-pattern recognition. Blocks of 32 bytes and
 * more move by string instructions: under every emulator and on every CPU since 2008 they are the
 * fewest instructions per byte. */
#include "kernel/lib/string.h"

#ifndef __clang__ /* clang makes no such calls in freestanding code */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef u64 __attribute__((may_alias, aligned(1))) u64_any;
typedef u32 __attribute__((may_alias, aligned(1))) u32_any;
typedef u16 __attribute__((may_alias, aligned(1))) u16_any;

/* n < 32: overlapping loads from both ends, all of them before the first store, so it serves
 * memmove too. */
static __always_inline void move_small(char *d, const char *s, size_t n)
{
    if (n >= 16) {
        u64 a = *(u64_any *)s, b = *(u64_any *)(s + 8);
        u64 y = *(u64_any *)(s + n - 16), z = *(u64_any *)(s + n - 8);
        *(u64_any *)d = a;
        *(u64_any *)(d + 8) = b;
        *(u64_any *)(d + n - 16) = y;
        *(u64_any *)(d + n - 8) = z;
    } else if (n >= 8) {
        u64 a = *(u64_any *)s, z = *(u64_any *)(s + n - 8);
        *(u64_any *)d = a;
        *(u64_any *)(d + n - 8) = z;
    } else if (n >= 4) {
        u32 a = *(u32_any *)s, z = *(u32_any *)(s + n - 4);
        *(u32_any *)d = a;
        *(u32_any *)(d + n - 4) = z;
    } else if (n >= 2) {
        u16 a = *(u16_any *)s, z = *(u16_any *)(s + n - 2);
        *(u16_any *)d = a;
        *(u16_any *)(d + n - 2) = z;
    } else if (n) {
        *d = *s;
    }
}

void *memcpy(void *dst, const void *src, size_t n)
{
    if (n < 32) {
        move_small(dst, src, n);
        return dst;
    }
    u64 tail = *(const u64_any *)((const char *)src + n - 8);
    char *end = (char *)dst + n - 8;
    void *d = dst;
    size_t words = n >> 3;

    __asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words)::"memory");
    *(u64_any *)end = tail;
    return dst;
}

/* dst above src and overlapping: whole words from the end, the first word last. */
static void move_backwards(char *d, const char *s, size_t n)
{
    u64 head = *(const u64_any *)s;
    const char *from = s + n - 8;
    char *to = d + n - 8;
    size_t words = n >> 3;

    __asm__ volatile("std; rep movsq; cld" : "+D"(to), "+S"(from), "+c"(words)::"memory", "cc");
    *(u64_any *)d = head;
}

void *memmove(void *dst, const void *src, size_t n)
{
    if (n < 32)
        move_small(dst, src, n);
    else if ((size_t)((char *)dst - (const char *)src) >= n)
        memcpy(dst, src, n);
    else
        move_backwards(dst, src, n);
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    u64 v = (u8)c * 0x0101010101010101UL;
    char *p = dst;

    if (n < 8) {
        while (n--)
            *p++ = (char)c;
        return dst;
    }
    char *end = p + n - 8;
    size_t words = n >> 3;

    __asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(v) : "memory");
    *(u64_any *)end = v;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n >= 8 && *(const u64_any *)x == *(const u64_any *)y; n -= 8) {
        x += 8;
        y += 8;
    }
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    for (const unsigned char *p = s; n; n--, p++)
        if (*p == (unsigned char)c)
            return (void *)p;
    return NULL;
}

size_t strnlen(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i])
        i++;
    return i;
}

size_t strlen(const char *s)
{
    size_t i = 0;

    while (s[i])
        i++;
    return i;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b)
            return (unsigned char)*a - (unsigned char)*b;
        if (!*a)
            break;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, PTRDIFF_MAX);
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (!*s)
            return (char *)last;
    }
}

char *strstr(const char *hay, const char *needle)
{
    size_t n = strlen(needle);

    for (; strnlen(hay, n) == n; hay++)
        if (!memcmp(hay, needle, n))
            return (char *)hay;
    return NULL;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);

    if (size) {
        size_t n = len < size ? len : size - 1;

        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10u : 99u;
}

bool scan_u64(const char *s, const char **end, unsigned base, u64 *number)
{
    u64 value = 0;
    bool over = false;

    if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' &&
        digit_value(s[2]) < 16) {
        s += 2;
        base = 16;
    } else if (base == 0) {
        base = s[0] == '0' ? 8 : 10;
    }
    for (; digit_value(*s) < base; s++)
        over |= __builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit_value(*s), &value);
    if (end)
        *end = s;
    *number = over ? ~0ull : value;
    return !over;
}

u64 strtou64(const char *s, const char **end, unsigned base)
{
    u64 value;

    (void)scan_u64(s, end, base, &value);
    return value;
}
