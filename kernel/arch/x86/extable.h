/*
 * The exception table: instructions of the kernel that may fault, and where to go on. The entry holds two
 * relative addresses and a kind. _ASM_EXTABLE(from, to) writes one in inline assembly.
 */
#pragma once
#include "kernel/lib/types.h"

#define EXTABLE_PLAIN 0     /* go on at `to` */
#define EXTABLE_IRET 2      /* the IRET to user mode: entry.S */

#define _ASM_EXTABLE(from, to)                                                                     \
    ".pushsection .extable, \"a\"\n.balign 4\n.long " #from " - ., " #to " - ., 0\n.popsection\n"

struct extable_entry {
    s32 from, to;
    u32 kind;
};

struct pt_regs;
/* Moves regs->ip to the fixup of the faulting instruction; false when it has none. */
bool fixup_exception(struct pt_regs *regs);
void extable_init(void);    /* sorts the table; before the first fault */
