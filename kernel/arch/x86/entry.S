/*
 * The borders between user mode, kernel mode and interrupts. Every entry leaves a complete struct pt_regs
 * on the task's kernel stack; every way out to user mode passes a look at current->work and the kick word
 * with interrupts off.
 *
 * System calls return by SYSRET and restore only what the ABI does not promise to keep; that is right
 * because C code keeps the callee-saved registers and whoever edits pt_regs (signals, exec, sigreturn,
 * ptrace) sets a bit of current->work, which takes the full return by IRET. User code cannot be mapped in
 * the last page of the user half, so the RIP that SYSRET loads is canonical.
 */
#include "kernel/arch/x86/entry_macros.h"

    .text
    .code64
    .balign 64
    .globl entry_syscall
entry_syscall:
    swapgs
    movq %rsp, %gs:user_rsp
    movq %gs:kstack_top, %rsp
    pushq $USER_DS
    pushq %gs:user_rsp
    pushq %r11
    pushq $USER_CS
    pushq %rcx
    pushq %rax                          /* orig_ax */
    PUSH_REGS ax=$-38                   /* -ENOSYS until the call returns */
    sti
    xorl %ebp, %ebp
    movl %eax, %eax                     /* the number is an int, as on Linux */
    cmpq $NR_SYSCALLS, %rax
    jae 2f
    movq %r10, %rcx
    call *syscall_table(,%rax,8)
1:
    cli
    movq %gs:current_task, %rcx
    movl %gs:cpu_kick, %edx
    andl $1, %edx
    orl TASK_WORK(%rcx), %edx
    jnz syscall_return_slow
    movq PT_BP(%rsp), %rbp
    movq PT_R10(%rsp), %r10
    movq PT_R9(%rsp), %r9
    movq PT_R8(%rsp), %r8
    movq PT_DX(%rsp), %rdx
    movq PT_SI(%rsp), %rsi
    movq PT_DI(%rsp), %rdi
    movq PT_IP(%rsp), %rcx
    movq PT_FLAGS(%rsp), %r11
    movq PT_SP(%rsp), %rsp
    swapgs
    sysretq

2:  movq $-38, %rax                     /* -ENOSYS */
    jmp 1b

/* SYSCALL of 32-bit code (AMD): there is no 32-bit ABI here. Nothing is saved, so nothing may be touched. */
    .balign 16
    .globl entry_syscall_compat
entry_syscall_compat:
    movl $-38, %eax
    sysretl

/* Interrupts off, pt_regs at the stack pointer: do the work, then return with every register restored. */
    .globl return_to_user
syscall_return_slow:
    movq %rax, PT_AX(%rsp)
    cmpl $TIF_RSEQ, %edx                /* nothing else: the fast return will do after it */
    je syscall_return_rseq
return_to_user:
    movq %rsp, %rdi
    call exit_to_user_work
return_to_user_now:
    POP_REGS
    addq $8, %rsp
    swapgs
user_iretq:
    iretq

syscall_return_rseq:
    movq %rsp, %rdi
    call rseq_return_from_syscall
    movq PT_AX(%rsp), %rax
    jmp 1b

/* The first instruction of a new task; rax = the task that ran before. */
    .globl ret_from_fork
ret_from_fork:
    movq %rax, %rdi
    xorl %ebp, %ebp
    call schedule_tail
    testq %rbx, %rbx
    jz 1f
    movq %r12, %rdi
    call *%rbx                          /* kernel thread; comes back only after an exec */
1:  cli
    jmp return_to_user

/*
 * struct task_struct *switch_to_asm(prev, next): the callee-saved registers and the stack; the rest is
 * __switch_to in C, on the next stack. Returns prev as the next task sees it.
 */
    .balign 16
    .globl switch_to_asm
switch_to_asm:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, TASK_SP(%rdi)
    movq TASK_SP(%rsi), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    jmp __switch_to

/* ---- exceptions ---- */

.macro EXCEPTION name, handler, has_error, iret=0
    .balign 16
    .globl \name
\name:
    .if \has_error == 0
    pushq $0
    .endif
    testb $3, 16(%rsp)
    jnz 1f
    .if \iret
    cmpq $user_iretq, 8(%rsp)           /* the user's GS is already back there */
    jne 2f
    .else
    jmp 2f
    .endif
1:  swapgs
2:  cld
    PUSH_REGS
    ENTRY_CLAC
    movq %rsp, %rdi
    movq PT_ORIG_AX(%rsp), %rsi
    movq $-1, PT_ORIG_AX(%rsp)
    call \handler
    jmp exception_return
.endm

exception_return:
    cli
    testb $3, PT_CS(%rsp)
    jz return_to_kernel
    movq %gs:current_task, %rcx
    movl %gs:cpu_kick, %edx
    andl $1, %edx
    orl TASK_WORK(%rcx), %edx
    jz return_to_user_now
    jmp return_to_user

return_to_kernel:
    POP_REGS
    addq $8, %rsp
    iretq

EXCEPTION entry_divide, trap_divide, 0
EXCEPTION entry_int3, trap_int3, 0
EXCEPTION entry_overflow, trap_overflow, 0
EXCEPTION entry_bounds, trap_bounds, 0
EXCEPTION entry_invalid_opcode, trap_invalid_opcode, 0
EXCEPTION entry_no_fpu, trap_no_fpu, 0
EXCEPTION entry_invalid_tss, trap_segment, 1
EXCEPTION entry_no_segment, trap_segment, 1, 1
EXCEPTION entry_stack_segment, trap_stack_segment, 1, 1
EXCEPTION entry_protection, trap_protection, 1, 1
EXCEPTION entry_page_fault, trap_page_fault, 1
EXCEPTION entry_fpu_error, trap_fpu_error, 0
EXCEPTION entry_alignment, trap_alignment, 1
EXCEPTION entry_simd_error, trap_simd_error, 0
EXCEPTION entry_unexpected, trap_unexpected, 0

/* ---- entries that may come at any instruction, on their own stack ---- */

/*
 * The GS base can be anything here. The top of each IST stack holds the CPU's own percpu offset, so it is
 * loaded from there and the old value put back before IRET.
 */
.macro PARANOID_CALL handler
    movl $0xc0000101, %ecx
    rdmsr
    movl %eax, %ebx
    movl %edx, %r12d
    movq %rsp, %rdx
    orq $(IST_STACK_BYTES - 1), %rdx
    movq -15(%rdx), %rax
    movq %rax, %rdx
    shrq $32, %rdx
    wrmsr
    movq %rsp, %rdi
    movq PT_ORIG_AX(%rsp), %rsi
    movq $-1, PT_ORIG_AX(%rsp)
    call \handler
    movl $0xc0000101, %ecx
    movl %ebx, %eax
    movl %r12d, %edx
    wrmsr
    POP_REGS
    addq $8, %rsp
    iretq
.endm

.macro PARANOID name, handler, has_error
    .balign 16
    .globl \name
\name:
    .if \has_error == 0
    pushq $0
    .endif
    cld
    PUSH_REGS
    ENTRY_CLAC
    PARANOID_CALL \handler
.endm

PARANOID entry_nmi, trap_nmi, 0
PARANOID entry_double_fault, trap_double_fault, 1
PARANOID entry_machine_check, trap_machine_check, 0

/* #DB from user mode moves to the task's stack, because its signal may sleep. */
    .balign 16
    .globl entry_debug
entry_debug:
    pushq $0
    cld
    PUSH_REGS
    ENTRY_CLAC
    testb $3, PT_CS(%rsp)
    jnz 1f
    PARANOID_CALL trap_debug_kernel
1:  swapgs
    movq %rsp, %rsi
    movq %gs:kstack_top, %rdi
    subq $PT_BYTES, %rdi
    movq %rdi, %rdx
    movl $(PT_BYTES / 8), %ecx
    rep movsq
    movq %rdx, %rsp
    movq %rsp, %rdi
    movq $-1, PT_ORIG_AX(%rsp)
    call trap_debug_user
    jmp exception_return

/* ---- interrupts: vectors 32 .. 255 ---- */

    .balign 16
    .globl irq_entries
irq_entries:
    vector = 32
    .rept 224
    .balign 16
    pushq $vector
    jmp irq_common
    vector = vector + 1
    .endr

    .balign 16
irq_common:
    testb $3, 16(%rsp)
    jz 1f
    swapgs
1:  cld
    PUSH_REGS
    ENTRY_CLAC
    movq %rsp, %rdi
    movq PT_ORIG_AX(%rsp), %rsi
    movq $-1, PT_ORIG_AX(%rsp)
    call do_irq
    testb $3, PT_CS(%rsp)
    jz 2f
    movq %gs:current_task, %rcx
    movl %gs:cpu_kick, %edx
    andl $1, %edx
    orl TASK_WORK(%rcx), %edx
    jz return_to_user_now
    jmp return_to_user
/* Preempt the kernel when it is preemptible here: count 0 and a reschedule is due. */
2:  cmpl $0, %gs:preempt_count_
    jne return_to_kernel
    testl $1, %gs:cpu_kick
    jz return_to_kernel
    testl $0x200, PT_FLAGS(%rsp)
    jz return_to_kernel
    call preempt_schedule_irq
    jmp return_to_kernel

/* A fault at IRET to user mode (wild selectors or a non-canonical RIP in a signal frame) is handled as one
 * of the user: bad_iret() kills the task with SIGSEGV. The frame of user_iretq is still on the stack. */
    .globl user_iretq
    .pushsection .extable, "a"
    .balign 4
    .long user_iretq - ., bad_iret_entry - ., 2
    .popsection
bad_iret_entry:
    pushq $-1
    PUSH_REGS
    movq %rsp, %rdi
    call bad_iret
    cli
    jmp return_to_user

    .section .note.GNU-stack, "", @progbits
