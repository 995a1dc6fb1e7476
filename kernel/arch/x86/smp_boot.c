/*
 * Starts the application processors: an INIT and two SIPIs to each, then all run at once. Each finds its own
 * stack by its APIC id (trampoline.S), makes itself ready and becomes its idle task.
 */
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/desc.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/time/timekeeping.h"

#define TRAMPOLINE_PHYS 0x8000UL
#define AP_TIMEOUT_US 20000000UL

extern char trampoline_start[], trampoline_end[];

/* Read by trampoline.S. */
u32 ap_efer, ap_use_leaf_b;
u64 ap_cr3;
u64 ap_stack_top[MAX_CPUS];

static u32 stopping;                    /* atomic: smp_stop_others was called */

__noreturn void ap_start(u32 cpu);
__noreturn void ap_start(u32 cpu)
{
    wrmsr(MSR_GS_BASE, percpu_offset[cpu]);
    cpu_enable_features();
    desc_init_cpu(cpu, per_cpu(ist_stacks, cpu));
    apic_init_cpu();
    time_check_tsc();
    time_init_cpu();
    mm_init_cpu(cpu);
    sched_init_cpu(cpu);
    (void)atomic_fetch_or_full(&cpu_online_mask[cpu / 64], BIT(cpu % 64));
    cpu_idle_loop();
}

static void prepare_ap(u32 cpu)
{
    struct task_struct *idle = fork_idle(cpu);

    if (IS_ERR_OR_NULL(idle))
        panic("smp: no memory for the idle task of cpu %u", cpu);
    per_cpu(current_task, cpu) = idle;
    per_cpu(preempt_count_, cpu) = 1;
    ap_stack_top[cpu] = (u64)idle->stack + KSTACK_SIZE;
    per_cpu(kstack_top, cpu) = ap_stack_top[cpu];
}

/*
 * One by one, never to all: a CPU that maxcpus= leaves out has no stack and nobody waits for it, so it would still be in
 * the boot code when that is given back.
 */
static void send_to_each(u32 icr)
{
    for (u32 cpu = 1; cpu < nr_cpu_ids; cpu++)
        apic_send(cpu_apic_id[cpu], icr);
}

/* A second SIPI reaches only CPUs that missed the first. */
static void start_aps(void)
{
    send_to_each(APIC_ICR_INIT);
    udelay(200);
    send_to_each(APIC_ICR_STARTUP | TRAMPOLINE_PHYS >> 12);
    udelay(200);
    send_to_each(APIC_ICR_STARTUP | TRAMPOLINE_PHYS >> 12);
}

void smp_boot_aps(void)
{
    s64 start = ktime_get_ns();

    if (nr_cpu_ids == 1)
        return;
    memcpy(phys_to_virt(TRAMPOLINE_PHYS), phys_to_virt((u64)trampoline_start),
           trampoline_end - trampoline_start);
    ap_efer = (u32)rdmsr(MSR_EFER) & ~(u32)BIT(10);
    ap_cr3 = virt_to_phys(kernel_pgd);
    ap_use_leaf_b = cpu_has.x2apic && cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx;
    for (u32 cpu = 1; cpu < nr_cpu_ids; cpu++)
        prepare_ap(cpu);
    atomic_fence_full();
    start_aps();
    while (num_online_cpus() < nr_cpu_ids) {
        if (ktime_get_ns() - start > (s64)AP_TIMEOUT_US * 1000)
            panic("smp: only %u of %u cpus came up", num_online_cpus(), nr_cpu_ids);
        time_publish_tsc();
        cpu_relax();
    }
    time_choose_clock();
    pr_info("smp: %u cpus up in %ld us\n", nr_cpu_ids, (long)(ktime_get_ns() - start) / 1000);
}

void smp_halt_until(const u32 *word, u32 value)
{
    while (atomic_load_acquire(word) != value)
        __asm__ volatile("hlt");
}

void smp_resume(unsigned cpu)
{
    apic_send(cpu_apic_id[cpu], APIC_ICR_NMI);
}

void smp_stop_others(void)
{
    if (atomic_xchg_full(&stopping, 1) || num_online_cpus() == 1)
        return;
    /* CPUs that maxcpus= left out have no IDT and must not be woken. */
    for_each_online_cpu(cpu)
        if (cpu != smp_processor_id())
            apic_send(cpu_apic_id[cpu], APIC_ICR_NMI);
    for (u32 i = 0; i < 1000; i++)      /* let them leave what they do; nobody answers */
        cpu_relax();
}

void nmi_stop_check(struct pt_regs *regs)
{
    if (!atomic_load_acquire(&stopping))
        return;
    for (;;)
        __asm__ volatile("cli; hlt");
}
