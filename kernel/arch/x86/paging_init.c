/*
 * Builds the kernel's page tables: the physmap (1 GiB pages when the CPU has them, else 2 MiB, never
 * executable) and the image by 4 KiB pages with the protection of each section, so nothing in kernel_pgd is
 * writable and executable. Runs on the early tables of head.S, which reach 4 GiB.
 */
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/boot/boot_info.h"
#include "kernel/boot/bootmem.h"
#include "kernel/debug/assert.h"
#include "kernel/mm/page.h"

#define SIZE_2M (2UL << 20)
#define SIZE_1G (1UL << 30)
#define MMIO_BASE 0xffffffffc0000000UL

u64 kernel_pgd[512] __aligned(4096);
u64 pte_nx;
extern char boot_stack_guard[];     /* head.S: one page below the boot CPU's stack */
static u64 mmio_next = MMIO_BASE;

static u64 *table_below(u64 *entry)
{
    if (!(*entry & PTE_P))
        *entry = bootmem_alloc(PAGE_SIZE, PAGE_SIZE, BOOTMEM_ANY_NODE) | PTE_P | PTE_W | PTE_A;
    return phys_to_virt(*entry & PTE_ADDR);
}

static u64 *pdpt_entry(u64 va)
{
    return &table_below(&kernel_pgd[va >> 39 & 511])[va >> 30 & 511];
}

static u64 *pd_entry(u64 va)
{
    return &table_below(pdpt_entry(va))[va >> 21 & 511];
}

void kernel_map_early(u64 va, u64 pa, u64 flags)
{
    table_below(pd_entry(va))[va >> 12 & 511] = pa | flags | PTE_P | PTE_A | PTE_D | PTE_G;
    invlpg(va);
}

void *ioremap_early(u64 pa, u64 bytes)
{
    u64 offset = pa & ~PAGE_MASK, va = mmio_next;

    for (u64 at = 0; at < offset + bytes; at += PAGE_SIZE)
        kernel_map_early(va + at, (pa & PAGE_MASK) + at, PTE_W | PTE_PCD | PTE_PWT | pte_nx);
    mmio_next += ALIGN_UP(offset + bytes, PAGE_SIZE) + PAGE_SIZE;
    return (void *)(va + offset);
}

/* [start, end) is rounded outward to 2 MiB; a whole GiB takes one entry when the CPU can. */
static void map_physmap(u64 start, u64 end)
{
    u64 flags = PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_HUGE | pte_nx;

    start = ALIGN_DOWN(start, SIZE_2M);
    end = ALIGN_UP(end, SIZE_2M);
    while (start < end) {
        u64 va = PHYSMAP_BASE + start;
        u64 *pdpte = pdpt_entry(va);

        if (*pdpte & PTE_HUGE) {
            start = ALIGN_DOWN(start, SIZE_1G) + SIZE_1G;
        } else if (cpu_has.pages_1g && !(*pdpte & PTE_P) && !(start & (SIZE_1G - 1)) &&
                   end - start >= SIZE_1G) {
            *pdpte = start | flags;
            start += SIZE_1G;
        } else {
            *pd_entry(va) = start | flags;
            start += SIZE_2M;
        }
    }
}

void physmap_ensure(u64 pa, u64 bytes)
{
    map_physmap(pa, pa + bytes);
}

static void map_image(const char *from, const char *to, u64 flags)
{
    for (u64 va = (u64)from; va < (u64)to; va += PAGE_SIZE)
        kernel_map_early(va, va - KERNEL_BASE, flags);
}

static bool is_memory(u32 type)
{
    return type == BOOT_RAM || type == BOOT_ACPI || type == BOOT_ACPI_NVS;
}

void paging_init(void)
{
    pte_nx = cpu_has.nx ? PTE_NX_BIT : 0;
    map_physmap(0, SIZE_2M);                    /* BIOS tables and the AP trampoline */
    for (u32 i = 0; i < boot_info.range_count; i++)
        if (is_memory(boot_info.ranges[i].type))
            map_physmap(boot_info.ranges[i].start, boot_info.ranges[i].end);
    map_image(__text_start, __text_end, 0);
    map_image(__rodata_start, __rodata_end, pte_nx);
    map_image(__data_start, boot_stack_guard, PTE_W | pte_nx);
    map_image(boot_stack_guard + PAGE_SIZE, __data_end, PTE_W | pte_nx);
    table_below(&kernel_pgd[VMALLOC_BASE >> 39 & 511]);
    table_below(&kernel_pgd[VMEMMAP_BASE >> 39 & 511]);
    table_below(&kernel_pgd[511]);
    write_cr3(virt_to_phys(kernel_pgd));
    bootmem_set_limit(~0UL);
}

/* Protection bits only stand in the last level here: the levels above are writable and executable. */
static void check_table(const u64 *table, int level, u64 va)
{
    for (u64 i = 0; i < 512; i++) {
        u64 entry = table[i], at = va | i << (12 + 9 * level);

        if (!(entry & PTE_P))
            continue;
        if (level && !(entry & PTE_HUGE))
            check_table(phys_to_virt(entry & PTE_ADDR), level - 1, at);
        else if ((entry & PTE_W) && !(entry & PTE_NX_BIT))
            panic("paging: %lx is writable and executable", at);
    }
}

void paging_check_wx(void)
{
    for (u64 i = 256; i < 512 && cpu_has.nx; i++)
        if (kernel_pgd[i] & PTE_P)
            check_table(phys_to_virt(kernel_pgd[i] & PTE_ADDR), 2, 0xffff000000000000UL | i << 39);
}
