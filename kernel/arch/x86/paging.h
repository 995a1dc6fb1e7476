/*
 * The kernel's own page tables: kernel_pgd, whose upper half every address space shares entry by entry.
 * Offers the entry bits and early mapping. After paging_init() the top-level slots of physmap, vmalloc,
 * vmemmap and image exist and never change, so a new address space copies entries 256..511 once.
 */
#pragma once
#include "kernel/lib/types.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_HUGE BIT(7)
#define PTE_G BIT(8)
#define PTE_NX_BIT BIT(63)
#define PTE_ADDR 0x000ffffffffff000UL

extern u64 kernel_pgd[512];
extern u64 pte_nx;              /* PTE_NX_BIT when the CPU has NX, else 0 */

void paging_init(void);         /* boot CPU: physmap and image, then loads CR3 */

/* Maps one page of the kernel half; tables come from bootmem, so only before mm_init(). */
void kernel_map_early(u64 va, u64 pa, u64 flags);

/* Makes sure that phys_to_virt() of [pa, pa + bytes) works: firmware tables in reserved memory. Before
 * mm_init() only. */
void physmap_ensure(u64 pa, u64 bytes);

/* Device registers, uncached. Before mm_init() only. Never returns NULL. */
void *ioremap_early(u64 pa, u64 bytes);

/* Panics if a mapping of the kernel half is writable and executable. Debug kernel, boot CPU. */
void paging_check_wx(void);
