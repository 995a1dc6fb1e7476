/*
 * GDT, TSS and IDT. The IDT is filled once and shared; GDT and TSS are per CPU because the TSS descriptor
 * and the stacks differ.
 */
#include "kernel/arch/x86/desc.h"
#include "kernel/arch/x86/cpu.h"

#define GDT_ENTRIES 10
#define GATE_INTERRUPT 0x8e
#define GATE_USER 0xee

struct idt_gate {
    u16 offset_low, selector;
    u8 ist, type;
    u16 offset_mid;
    u32 offset_high, reserved;
} __packed;

struct table_pointer {
    u16 limit;
    u64 base;
} __packed;

DEFINE_PER_CPU(struct tss, cpu_tss, NOPREEMPT) __aligned(64);
DEFINE_PER_CPU(unsigned long, kstack_top, ANYWHERE);
DEFINE_PER_CPU(unsigned long, user_rsp, NOIRQ);
DEFINE_PER_CPU(void *, ist_stacks, ANYWHERE);
static DEFINE_PER_CPU(u64, cpu_gdt[GDT_ENTRIES], NOIRQ) __aligned(64);

static struct idt_gate idt[256] __aligned(4096);

void entry_divide(void), entry_debug(void), entry_nmi(void), entry_int3(void), entry_overflow(void);
void entry_bounds(void), entry_invalid_opcode(void), entry_no_fpu(void), entry_double_fault(void);
void entry_invalid_tss(void), entry_no_segment(void), entry_stack_segment(void);
void entry_protection(void), entry_page_fault(void), entry_fpu_error(void), entry_alignment(void);
void entry_machine_check(void), entry_simd_error(void), entry_unexpected(void), entry_syscall(void);
void entry_syscall_compat(void);
extern char irq_entries[];

static void set_gate(unsigned vector, const void *entry, u8 ist, u8 type)
{
    u64 at = (u64)entry;

    idt[vector] = (struct idt_gate){
        .offset_low = at, .selector = KERNEL_CS, .ist = ist, .type = type,
        .offset_mid = at >> 16, .offset_high = at >> 32,
    };
}

void idt_init(void)
{
    static void (*const entries[32])(void) = {
        entry_divide, entry_debug, entry_nmi, entry_int3, entry_overflow, entry_bounds,
        entry_invalid_opcode, entry_no_fpu, entry_double_fault, entry_unexpected, entry_invalid_tss,
        entry_no_segment, entry_stack_segment, entry_protection, entry_page_fault, entry_unexpected,
        entry_fpu_error, entry_alignment, entry_machine_check, entry_simd_error,
    };

    for (unsigned v = 0; v < 32; v++)
        set_gate(v, entries[v] ? entries[v] : entry_unexpected, 0, GATE_INTERRUPT);
    for (unsigned v = 32; v < 256; v++)
        set_gate(v, irq_entries + (v - 32) * 16, 0, GATE_INTERRUPT);
    set_gate(1, entry_debug, IST_DEBUG, GATE_INTERRUPT);
    set_gate(2, entry_nmi, IST_NMI, GATE_INTERRUPT);
    set_gate(3, entry_int3, 0, GATE_USER);
    set_gate(4, entry_overflow, 0, GATE_USER);
    set_gate(8, entry_double_fault, IST_DOUBLE_FAULT, GATE_INTERRUPT);
    set_gate(18, entry_machine_check, IST_MACHINE_CHECK, GATE_INTERRUPT);
}

static void load_tables(u64 *gdt)
{
    struct table_pointer gdtr = {.limit = GDT_ENTRIES * 8 - 1, .base = (u64)gdt};
    struct table_pointer idtr = {.limit = sizeof(idt) - 1, .base = (u64)idt};
    u64 gs = rdmsr(MSR_GS_BASE);

    __asm__ volatile("lgdt %0" ::"m"(gdtr));
    __asm__ volatile("lidt %0" ::"m"(idtr));
    __asm__ volatile("pushq %0\n leaq 1f(%%rip), %%rax\n pushq %%rax\n lretq\n1:\n"
                     "movl %1, %%eax\n movl %%eax, %%ss\n xorl %%eax, %%eax\n"
                     "movl %%eax, %%ds\n movl %%eax, %%es\n movl %%eax, %%fs\n movl %%eax, %%gs\n"
                     ::"i"(KERNEL_CS), "i"(KERNEL_DS) : "rax", "memory");
    wrmsr(MSR_GS_BASE, gs);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    __asm__ volatile("lldt %w0" ::"r"(0));
    __asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR));
}

/* The word under each IST top is the CPU's GS base: entry.S, PARANOID_CALL. */
static void set_ist(struct tss *tss, unsigned index, char *stack, u64 gs_base)
{
    u64 *top = (u64 *)(stack + IST_STACK_BYTES - 16);

    *top = gs_base;
    tss->ist[index - 1] = (u64)top;
}

void desc_init_cpu(unsigned cpu, void *ist_stacks)
{
    struct tss *tss = per_cpu_ptr(&cpu_tss, cpu);
    u64 *gdt = *per_cpu_ptr(&cpu_gdt, cpu);
    u64 base = (u64)tss;

    for (unsigned i = 1; i <= 4; i++)
        set_ist(tss, i, (char *)ist_stacks + (i - 1) * IST_STACK_BYTES, percpu_offset[cpu]);
    tss->iomap_base = sizeof(*tss);
    gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;
    gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
    gdt[USER32_CS / 8] = 0x00cffb000000ffff;
    gdt[USER_DS / 8] = 0x00cff3000000ffff;
    gdt[USER_CS / 8] = 0x00affb000000ffff;
    gdt[TSS_SELECTOR / 8] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 |
                            (base >> 24 & 0xff) << 56;
    gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
    load_tables(gdt);
    wrmsr(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
    wrmsr(MSR_LSTAR, (u64)entry_syscall);
    wrmsr(MSR_CSTAR, (u64)entry_syscall_compat);
    wrmsr(MSR_SYSCALL_MASK, 0x257fd5);          /* every flag but the reserved ones */
}
