/*
 * Routines that the compiler calls for what the CPU has no instruction for: 128-bit division and counting
 * bits. libgcc's own may not be linked: it may use the red zone. Slow; not for hot paths.
 */
#include "kernel/lib/types.h"

typedef unsigned __int128 u128;

int __popcountdi2(u64 v);
u128 __udivti3(u128 a, u128 b);
u128 __umodti3(u128 a, u128 b);
__int128 __divti3(__int128 a, __int128 b);

int __popcountdi2(u64 v)
{
    v -= v >> 1 & 0x5555555555555555UL;
    v = (v & 0x3333333333333333UL) + (v >> 2 & 0x3333333333333333UL);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
    return v * 0x0101010101010101UL >> 56;
}

/* hi:lo / d with hi < d. */
static u64 div_step(u64 hi, u64 lo, u64 d, u64 *rest)
{
    u64 q;

    __asm__("divq %4" : "=a"(q), "=d"(*rest) : "a"(lo), "d"(hi), "r"(d) : "cc");
    return q;
}

static u128 divide(u128 a, u128 b, u128 *rest)
{
    u128 q = 0, r = 0;

    if (!(b >> 64)) {
        u64 r64, hi = div_step(0, a >> 64, b, &r64);
        u64 lo = div_step(r64, a, b, &r64);

        *rest = r64;
        return (u128)hi << 64 | lo;
    }
    for (int i = 127; i >= 0; i--) {
        r = r << 1 | (a >> i & 1);
        q <<= 1;
        if (r >= b) {
            r -= b;
            q |= 1;
        }
    }
    *rest = r;
    return q;
}

u128 __udivti3(u128 a, u128 b)
{
    u128 rest;

    return divide(a, b, &rest);
}

u128 __umodti3(u128 a, u128 b)
{
    u128 rest;

    (void)divide(a, b, &rest);
    return rest;
}

__int128 __divti3(__int128 a, __int128 b)
{
    u128 rest, q = divide(a < 0 ? -(u128)a : (u128)a, b < 0 ? -(u128)b : (u128)b, &rest);

    return (a < 0) != (b < 0) ? -(__int128)q : (__int128)q;
}
