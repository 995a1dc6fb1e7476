/* The user (or interrupted kernel) registers as the entry code leaves them on the kernel stack. */
#pragma once
#include "kernel/lib/types.h"
struct pt_regs {
    unsigned long r15, r14, r13, r12, bp, bx; /* callee-saved */
    unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
    unsigned long orig_ax; /* system-call number, or error code, or -1 */
    unsigned long ip, cs, flags, sp, ss;
};
static inline bool user_mode(const struct pt_regs *regs) { return (regs->cs & 3) == 3; }
