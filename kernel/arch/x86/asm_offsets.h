/*
 * Numbers that assembly needs to know about C structures. Every one is checked by a static assertion in
 * kernel/arch/x86/asm_offsets.c; must be readable by the assembler.
 */
#pragma once

#define TASK_WORK 0
#define TASK_STACK 8
#define TASK_SP 16
#define TIF_RSEQ 0x80 /* kernel/task/task.h */

#define PT_R15 0
#define PT_R14 8
#define PT_R13 16
#define PT_R12 24
#define PT_BP 32
#define PT_BX 40
#define PT_R11 48
#define PT_R10 56
#define PT_R9 64
#define PT_R8 72
#define PT_AX 80
#define PT_CX 88
#define PT_DX 96
#define PT_SI 104
#define PT_DI 112
#define PT_ORIG_AX 120
#define PT_IP 128
#define PT_CS 136
#define PT_FLAGS 144
#define PT_SP 152
#define PT_SS 160
#define PT_BYTES 168

/* Selectors. The order user data, user code is what SYSRET wants. */
#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER32_CS 0x23
#define USER_DS 0x2b
#define USER_CS 0x33
#define TSS_SELECTOR 0x40

#define NR_SYSCALLS 512             /* kernel/syscall/syscalls.h says the same */

#define IST_NMI 1
#define IST_DOUBLE_FAULT 2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG 4
#define IST_STACK_BYTES 8192
