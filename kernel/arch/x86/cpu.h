/*
 * The processor's own instructions (CPUID, MSRs, control registers, ports) and what this machine's CPUs
 * can do. cpu_has is filled by cpu_detect() on the boot CPU before any other use; read-only afterwards.
 */
#pragma once
#include "kernel/lib/types.h"

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_APIC_BASE 0x1b
#define MSR_TSC_DEADLINE 0x6e0

#define EFER_SCE BIT(0)
#define EFER_NX BIT(11)
#define CR0_WP BIT(16)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

struct cpuid_regs {
    u32 eax, ebx, ecx, edx;
};

/* Serialises: instructions after it are fetched anew. By IRET to itself, which a hypervisor does not intercept, as it does CPUID. Not in an NMI
 * handler: IRET lets the next NMI in. */
static inline void sync_core(void)
{
    unsigned long word;

    __asm__ volatile("mov %%ss, %0\n\tpushq %0\n\t"
                     "pushq %%rsp\n\taddq $8, (%%rsp)\n\t"
                     "pushfq\n\t"
                     "mov %%cs, %0\n\tpushq %0\n\t"
                     "pushq $1f\n\tiretq\n1:"
                     : "=&r"(word)::"cc", "memory");
}

static inline struct cpuid_regs cpuid(u32 leaf, u32 sub)
{
    struct cpuid_regs r;

    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(sub));
    return r;
}

static inline u64 rdmsr(u32 msr)
{
    u32 lo, hi;

    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
    u32 lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (u64)hi << 32 | lo;
}

#define DEFINE_CR(n)                                                                                \
    static inline u64 read_cr##n(void)                                                             \
    {                                                                                               \
        u64 v;                                                                                      \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)::"memory");                                \
        return v;                                                                                   \
    }                                                                                               \
    static inline void write_cr##n(u64 v) { __asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory"); }
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)

static inline void outb(u16 port, u8 v) { __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port)); }
static inline void outw(u16 port, u16 v) { __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port)); }
static inline void outl(u16 port, u32 v) { __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port)); }

static inline u8 inb(u16 port)
{
    u8 v;

    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline u16 inw(u16 port)
{
    u16 v;

    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline u32 inl(u16 port)
{
    u32 v;

    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void invlpg(unsigned long addr)
{
    __asm__ volatile("invlpg (%0)" ::"r"(addr) : "memory");
}

struct cpu_features {
    bool nx, pages_1g, smep, smap, umip, fsgsbase, pcid, pge, rdtscp, rdrand;
    bool xsave, xsaveopt, x2apic, tsc_deadline, invariant_tsc, mwait, hypervisor, kvm_clock;
    u64 xcr0;                   /* what XSAVE covers; 0 without XSAVE */
    u32 xsave_bytes;            /* bytes of a state area; 512 without XSAVE */
    u32 phys_bits;
    char vendor[13];
    char brand[49];
};
extern struct cpu_features cpu_has;

void cpu_detect(void);          /* boot CPU, once */
void cpu_enable_features(void); /* each CPU: EFER, CR0, CR4, XCR0. The PAT stays as reset left it */
void cpu_print_features(void);
