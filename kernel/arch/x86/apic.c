/*
 * Local APIC access. In xAPIC mode an IPI is two stores to the command register, so it runs with
 * interrupts off; an NMI that sends one restores nothing and therefore only does so on the way to a stop.
 */
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/debug/printk.h"
#include "kernel/dev/acpi.h"
#include "lockfree/atomic.h"

#define REG_ID 0x20
#define REG_TPR 0x80
#define REG_EOI 0xb0
#define REG_SVR 0xf0
#define REG_ESR 0x280
#define REG_ICR 0x300
#define REG_ICR_HIGH 0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE 0x3e0
#define MSR_X2APIC 0x800
#define LVT_MASKED 0x10000
#define ICR_PENDING 0x1000

static volatile u32 *mmio;          /* xAPIC; unused in x2APIC mode */
static bool x2;

static __always_inline u32 reg_read(u32 reg)
{
    return x2 ? (u32)rdmsr(MSR_X2APIC + reg / 16) : mmio[reg / 4];
}

static __always_inline void reg_write(u32 reg, u32 v)
{
    if (x2)
        wrmsr(MSR_X2APIC + reg / 16, v);
    else
        mmio[reg / 4] = v;
}

u32 apic_read_boot_id(void)
{
    if (cpu_has.x2apic && cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx)
        return cpuid(0xb, 0).edx;
    return cpuid(1, 0).ebx >> 24;
}

void apic_init(void)
{
    x2 = cpu_has.x2apic;
    outb(0x21, 0xff);                           /* the 8259s stay masked */
    outb(0xa1, 0xff);
    if (!x2)
        mmio = ioremap_early(acpi.lapic_address, PAGE_SIZE);
    pr_info("apic: %s\n", x2 ? "x2APIC" : "xAPIC");
}

void apic_init_cpu(void)
{
    u64 base = rdmsr(MSR_APIC_BASE) | BIT(11);

    if (x2 && !(base & BIT(10)))
        wrmsr(MSR_APIC_BASE, base);             /* x2APIC only from the enabled xAPIC state */
    wrmsr(MSR_APIC_BASE, x2 ? base | BIT(10) : base);
    reg_write(REG_SVR, 0x100 | VECTOR_SPURIOUS);
    reg_write(REG_LVT_LINT0, LVT_MASKED);
    reg_write(REG_LVT_LINT1, 0x400);            /* NMI */
    reg_write(REG_LVT_ERROR, LVT_MASKED);
    reg_write(REG_TIMER_DIVIDE, 0xb);           /* by 1 */
    apic_timer_mode(0, true);
    apic_eoi();
    reg_write(REG_TPR, 0);                      /* last: drops what the 8259 had raised through LINT0 */
}

u32 apic_id(void)
{
    return x2 ? reg_read(REG_ID) : reg_read(REG_ID) >> 24;
}

void apic_eoi(void)
{
    reg_write(REG_EOI, 0);
}

static void send(u32 target, u32 icr)
{
    unsigned long flags;

    if (x2) {
        atomic_fence_full();                    /* MSR writes do not wait for earlier stores */
        wrmsr(MSR_X2APIC + REG_ICR / 16, (u64)target << 32 | icr);
        return;
    }
    flags = local_irq_save();
    while (mmio[REG_ICR / 4] & ICR_PENDING)
        cpu_relax();
    mmio[REG_ICR_HIGH / 4] = target << 24;
    mmio[REG_ICR / 4] = icr;
    local_irq_restore(flags);
}

void apic_send(u32 target_apic_id, u32 icr)
{
    send(target_apic_id, icr);
}

void apic_timer_mode(u32 mode, bool masked)
{
    reg_write(REG_LVT_TIMER, VECTOR_TIMER | mode | (masked ? LVT_MASKED : 0));
    atomic_fence_full();                        /* the mode before the first deadline */
}

void apic_timer_start(u32 count)
{
    reg_write(REG_TIMER_INITIAL, count);
}

u32 apic_timer_left(void)
{
    return reg_read(REG_TIMER_CURRENT);
}
