/*
 * TLB shootdown. A CPU is in mm->cpu_mask while it may hold translations of mm; switch_mm() of kernel/mm
 * keeps it so. These calls return when no CPU can use an old translation any more. Callers have interrupts
 * on and page-table changes already visible; they may hold spin locks that no interrupt handler takes.
 */
#pragma once
#include "kernel/lib/types.h"

struct mm_struct;
void flush_tlb_mm(struct mm_struct *mm);
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end);
void flush_tlb_page(struct mm_struct *mm, unsigned long addr);
void flush_tlb_kernel_range(unsigned long start, unsigned long end); /* all CPUs */

/* This CPU only. */
void flush_tlb_all_local(void); /* this CPU, kernel pages too */
static inline void flush_tlb_local(void)
{
    u64 cr3;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}
static inline void flush_tlb_local_page(unsigned long addr)
{
    __asm__ volatile("invlpg (%0)" ::"r"(addr) : "memory");
}
