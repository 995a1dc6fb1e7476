/*
 * Bulk copies to and from user memory: quadwords by string instructions, then the tail. No assumption
 * about ERMS. A fault returns how many bytes are left; the tail after a faulting quadword is not retried.
 */
    .macro SITE section
770:
    .byte 0x0f, 0x1f, 0x00
    .pushsection \section, "a"
    .long 770b - .
    .popsection
    .endm

    .macro EXTABLE from, to
    .pushsection .extable, "a"
    .balign 4
    .long \from - ., \to - ., 0
    .popsection
    .endm

    .text
    .code64

/* size_t __copy_user(void *dst, const void *src, size_t bytes) */
    .balign 16
    .globl __copy_user
__copy_user:
    SITE .stac_sites
    movq %rdx, %rcx
    shrq $3, %rcx
    jz 2f
1:  rep movsq
2:  movl %edx, %ecx
    andl $7, %ecx
    jz 4f
3:  rep movsb
4:  SITE .clac_sites
    movl %ecx, %eax
    ret
5:  andl $7, %edx                       /* quadwords left in rcx */
    leaq (%rdx,%rcx,8), %rax
    SITE .clac_sites
    ret
6:  movq %rcx, %rax
    SITE .clac_sites
    ret
    EXTABLE 1b, 5b
    EXTABLE 3b, 6b

/* size_t __clear_user(void *dst, size_t bytes) */
    .balign 16
    .globl __clear_user
__clear_user:
    SITE .stac_sites
    movq %rsi, %rcx
    shrq $3, %rcx
    xorl %eax, %eax
1:  rep stosq
    movl %esi, %ecx
    andl $7, %ecx
2:  rep stosb
    SITE .clac_sites
    movl %ecx, %eax
    ret
3:  andl $7, %esi
    leaq (%rsi,%rcx,8), %rax
    SITE .clac_sites
    ret
4:  movq %rcx, %rax
    SITE .clac_sites
    ret
    EXTABLE 1b, 3b
    EXTABLE 2b, 4b

/* long __strncpy_user(char *dst, const char *src, long bytes): length without NUL, or bytes, or -EFAULT */
    .balign 16
    .globl __strncpy_user
__strncpy_user:
    SITE .stac_sites
    xorl %eax, %eax
    testq %rdx, %rdx
    jle 3f
1:  movzbl (%rsi,%rax), %ecx
    movb %cl, (%rdi,%rax)
    testl %ecx, %ecx
    jz 3f
    incq %rax
    cmpq %rdx, %rax
    jne 1b
3:  SITE .clac_sites
    ret
4:  movq $-14, %rax
    SITE .clac_sites
    ret
    EXTABLE 1b, 4b

/* int copy_kernel_nofault_u64(u64 *dst, const void *src) */
    .globl copy_kernel_nofault_u64
copy_kernel_nofault_u64:
1:  movq (%rsi), %rax
    movq %rax, (%rdi)
    xorl %eax, %eax
    ret
2:  movl $-14, %eax
    ret
    EXTABLE 1b, 2b

    .section .note.GNU-stack, "", @progbits
