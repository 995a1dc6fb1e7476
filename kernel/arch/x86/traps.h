/*
 * Exceptions. Those of user mode become signals of the current task, those of the kernel are fixed up by
 * the exception table or end in a panic that prints the registers.
 */
#pragma once
#include "kernel/arch/x86/ptregs.h"

void show_regs(const struct pt_regs *regs);     /* prints; any context */
__noreturn void die(const struct pt_regs *regs, const char *what, unsigned long error);

/* A system call or signal changed pt_regs of current: return to user mode restores all of it by IRET. */
void force_full_return(void);
