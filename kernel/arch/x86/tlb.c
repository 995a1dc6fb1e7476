/*
 * TLB shootdown by function call. A CPU outside mm->cpu_mask has loaded another CR3 since it last used mm,
 * which (without PCID) dropped the translations.
 */
#include "kernel/arch/x86/tlb.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/lib/preempt.h"
#include "kernel/mm/mm.h"

#define MAX_SINGLE_PAGES 16     /* above it, reloading CR3 is cheaper than INVLPG page by page */

struct tlb_range {
    unsigned long start, end;
};

static void flush_local(void *arg)
{
    const struct tlb_range *r = arg;

    if (r->end - r->start > MAX_SINGLE_PAGES * PAGE_SIZE) {
        flush_tlb_local();
        return;
    }
    for (unsigned long at = r->start; at < r->end; at += PAGE_SIZE)
        flush_tlb_local_page(at);
}

static bool others_have(const struct mm_struct *mm, unsigned self)
{
    for (unsigned w = 0; w * 64 < nr_cpu_ids; w++) {
        unsigned long bits = atomic_load_relaxed(&mm->cpu_mask[w]);

        if (w == self / 64)
            bits &= ~BIT(self % 64);
        if (bits)
            return true;
    }
    return false;
}

void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    struct tlb_range range = {start & PAGE_MASK, end};
    unsigned self;

    preempt_disable();
    self = smp_processor_id();
    /* The page tables before the mask; partner: switch_mm sets its bit (RMW) before it loads CR3. */
    atomic_fence_full();
    if (atomic_load_relaxed(&mm->cpu_mask[self / 64]) >> (self % 64) & 1)
        flush_local(&range);
    if (others_have(mm, self))
        smp_call_function_many(mm->cpu_mask, flush_local, &range, true);
    preempt_enable();
}

void flush_tlb_mm(struct mm_struct *mm)
{
    flush_tlb_mm_range(mm, 0, TASK_SIZE);
}

void flush_tlb_page(struct mm_struct *mm, unsigned long addr)
{
    flush_tlb_mm_range(mm, addr, (addr & PAGE_MASK) + PAGE_SIZE);
}

/* Kernel pages are global: CR3 does not drop them, switching CR4.PGE off and on does. */
void flush_tlb_all_local(void)
{
    u64 cr4 = read_cr4();

    write_cr4(cr4 ^ CR4_PGE);
    write_cr4(cr4);
    flush_tlb_local();
}

static void flush_kernel_local(void *arg)
{
    const struct tlb_range *r = arg;

    if (r->end - r->start <= MAX_SINGLE_PAGES * PAGE_SIZE)
        flush_local(arg);
    else
        flush_tlb_all_local();
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
    struct tlb_range range = {start & PAGE_MASK, end};
    unsigned long flags;

    preempt_disable();
    flags = local_irq_save();
    flush_kernel_local(&range);
    local_irq_restore(flags);
    if (num_online_cpus() > 1)
        smp_call_function_many(cpu_online_mask, flush_kernel_local, &range, true);
    preempt_enable();
}
