/*
 * The kernel's virtual address map, for C and assembly. Offers the constants and the two translations
 * that are pure arithmetic; must not include anything that assembly cannot read outside the C part.
 *
 *   0000000000000000 .. 00007fffffffefff  user (one page below the canonical hole stays unmapped)
 *   ffff888000000000 .. ffffc87fffffffff  physmap: all memory, NX, 64 TiB
 *   ffffc90000000000 .. ffffe8ffffffffff  vmalloc: stacks with guard pages, device registers
 *   ffffea0000000000 .. ffffeaffffffffff  vmemmap: the array of struct page
 *   ffffffff80000000 .. ffffffffbfffffff  kernel image
 */
#pragma once

#define PHYSMAP_PML4_SLOT 273
#define BOOT_PROTOCOL_PVH 0
#define BOOT_PROTOCOL_MULTIBOOT2 1

#ifndef __ASSEMBLER__
#include <stdint.h>

#define KERNEL_BASE 0xffffffff80000000UL
#define KERNEL_VBASE KERNEL_BASE
#define PHYSMAP_BASE 0xffff888000000000UL
#define PHYSMAP_END 0xffffc88000000000UL
#define VMALLOC_BASE 0xffffc90000000000UL
#define VMALLOC_END 0xffffe90000000000UL

/* The kernel address of physical memory; valid for every byte of RAM and ACPI memory. */
static inline void *phys_to_virt(uint64_t phys)
{
    return (void *)(PHYSMAP_BASE + phys);
}

/* Of a physmap or a kernel image address; never of a vmalloc one. */
static inline uint64_t virt_to_phys(const void *virt)
{
    uint64_t v = (uint64_t)virt;

    return v >= KERNEL_BASE ? v - KERNEL_BASE : v - PHYSMAP_BASE;
}

extern char __boot_start[], __boot_end[];
extern char __kernel_start[], __kernel_end[];
extern char __text_start[], __text_end[];
extern char __rodata_start[], __rodata_end[];
extern char __data_start[], __data_end[];
#endif
