/*
 * The first instructions of the kernel. Owns the multiboot2 header, the PVH note, the way from 32-bit
 * protected mode to the higher half, and the first page tables (4 GiB mapped at 0, at the physmap and,
 * its first GiB, at KERNEL_BASE). Both loaders end in x86_start_kernel(protocol, info). Must not use
 * anything above .boot before long mode is on.
 */
#include "kernel/arch/x86/layout.h"

#define MB2_MAGIC 0xe85250d6
#define MB2_LOADER_MAGIC 0x36d76289

    .section .boot.header, "a"
    .balign 8
mb2_header:
    .long MB2_MAGIC, 0, mb2_header_end - mb2_header
    .long -(MB2_MAGIC + (mb2_header_end - mb2_header))
    .balign 8                           /* ask for: command line, modules, memory map */
    .short 1, 0
    .long 20, 1, 3, 6
    .balign 8                           /* entry address: e_entry is overridden */
    .short 3, 0
    .long 12, multiboot2_start
    .balign 8                           /* modules on page boundaries */
    .short 6, 0
    .long 8
    .balign 8
    .short 0, 0
    .long 8
mb2_header_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18                      /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad pvh_start

    .section .boot.text, "ax"
    .code32
    .globl multiboot2_start, pvh_start
multiboot2_start:
    cmpl $MB2_LOADER_MAGIC, %eax
    jne no_loader
    movl $BOOT_PROTOCOL_MULTIBOOT2, %edi
    jmp start32
pvh_start:
    movl $BOOT_PROTOCOL_PVH, %edi
start32:
    cld
    cli
    movl %ebx, %esi
    movl $boot_stack_low_top, %esp
    lgdt boot_gdtr
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    pushl %edi
    pushl %esi
    call check_long_mode

    /* Four page directories of 2 MiB pages: 0 .. 4 GiB. */
    movl $boot_pd, %edi
    movl $0x83, %eax
    xorl %edx, %edx
    movl $2048, %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $(boot_pd + 3), %eax
    movl $boot_pdpt, %edi
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    decl %ecx
    jnz 2b
    movl $(boot_pd + 3), boot_pdpt_high + 510 * 8
    movl $(boot_pdpt + 3), boot_pml4
    movl $(boot_pdpt + 3), boot_pml4 + PHYSMAP_PML4_SLOT * 8
    movl $(boot_pdpt_high + 3), boot_pml4 + 511 * 8

    popl %esi
    popl %edi
    movl $3f, %ebx
    jmp enter_long_mode
3:  ljmp $0x08, $start64_low

/*
 * Turns on long mode with boot_pml4 and goes on at the address in ebx, which far-jumps to a 64-bit segment.
 * Needs no stack: all APs run it at once (in place: .boot is identity mapped). Clobbers eax, ecx, edx.
 */
    .globl enter_long_mode
enter_long_mode:
    movl %cr4, %eax
    orl $0x20, %eax                     /* PAE */
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx              /* EFER: LME */
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80010033, %eax              /* PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    jmp *%ebx

check_long_mode:
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_loader
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc no_loader
    ret

/* Neither loader, or not a 64-bit CPU: one letter on the serial port, then stop. */
no_loader:
    movw $0x3f8, %dx
    movb $'!', %al
    outb %al, %dx
4:  cli
    hlt
    jmp 4b

    .code64
start64_low:
    movabsq $start64_high, %rax
    jmp *%rax

    .section .text.entry, "ax"
    .code64
start64_high:
    leaq boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $0x10, %eax
    movl %eax, %ss
    movl %edi, %edi
    movl %esi, %esi
    call x86_start_kernel
    ud2

    .section .boot.data, "aw"
    .balign 8
    .globl boot_gdt, boot_gdtr
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff            /* 0x08: 64-bit code */
    .quad 0x00cf93000000ffff            /* 0x10: data */
    .quad 0x00cf9b000000ffff            /* 0x18: 32-bit code */
boot_gdtr:
    .short boot_gdtr - boot_gdt - 1
    .quad boot_gdt

    .section .boot.bss, "aw", @nobits
    .balign 4096
    .globl boot_pml4
boot_pml4:          .skip 4096
boot_pdpt:          .skip 4096
boot_pdpt_high:     .skip 4096
boot_pd:            .skip 4 * 4096
boot_stack_low:     .skip 512
boot_stack_low_top:

    .section .bss.page_aligned, "aw", @nobits
    .balign 4096
    .globl boot_stack_guard, boot_stack, boot_stack_top
boot_stack_guard:   .skip 4096              /* unmapped by paging_init */
boot_stack:         .skip 16384             /* KSTACK_SIZE */
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
