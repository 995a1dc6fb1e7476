/*
 * Assembly macros shared by entry.S and the IST entries: saving and restoring struct pt_regs, and the
 * SMAP instructions that patch_smap() turns from a NOP into CLAC. Only for the assembler.
 */
#pragma once
#include "kernel/arch/x86/asm_offsets.h"

.macro PUSH_REGS ax=%rax
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq \ax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

/* Leaves the stack pointer at orig_ax. */
.macro POP_REGS
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
.endm

.macro ENTRY_CLAC
771:
    .byte 0x0f, 0x1f, 0x00
    .pushsection .clac_sites, "a"
    .long 771b - .
    .popsection
.endm
