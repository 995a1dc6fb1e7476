/*
 * Where application processors start. The 16-bit part is copied to TRAMPOLINE_PHYS; the rest runs in
 * place. All APs run it at once, so nothing here writes memory before a CPU has its own stack. Only CPUs of
 * cpu_apic_id[1 .. nr_cpu_ids) are started; one that finds another id of itself sleeps for ever, and the boot CPU says who is missing.
 */
    .section .boot.text, "ax"
    .code16
    .globl trampoline_start, trampoline_end
trampoline_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl trampoline_gdtr - trampoline_start
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x18, $ap_start32
    .balign 4
trampoline_gdtr:
    .short 31
    .long boot_gdt
trampoline_end:

    .code32
ap_start32:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $1f, %ebx
    jmp enter_long_mode
1:  ljmp $0x08, $ap_start64_low

    .code64
ap_start64_low:
    movabsq $ap_start64_high, %rax
    jmp *%rax

    .section .text.entry, "ax"
ap_start64_high:
    movl $0x10, %eax                    /* while boot_gdt is still mapped */
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $0xc0000080, %ecx              /* EFER as on the boot CPU: kernel_pgd has NX bits */
    movl ap_efer(%rip), %eax
    xorl %edx, %edx
    wrmsr
    movq ap_cr3(%rip), %rax
    movq %rax, %cr3

    cmpl $0, ap_use_leaf_b(%rip)
    je 1f
    movl $0xb, %eax
    xorl %ecx, %ecx
    cpuid
    movl %edx, %edi
    jmp 2f
1:  movl $1, %eax
    cpuid
    movl %ebx, %edi
    shrl $24, %edi
2:  movl nr_cpu_ids(%rip), %ecx
    movl $1, %esi                       /* 0 is the boot CPU */
3:  cmpl %ecx, %esi
    jae 4f
    cmpl cpu_apic_id(,%rsi,4), %edi
    je 5f
    incl %esi
    jmp 3b
4:  cli
    hlt
    jmp 4b

5:  movq ap_stack_top(,%rsi,8), %rsp
    xorl %ebp, %ebp
    movl %esi, %edi
    call ap_start
    ud2

    .section .note.GNU-stack, "", @progbits
