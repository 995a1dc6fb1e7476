/* Owns the vmalloc range and its page tables (top slot made by paging_init). May not be called in
 * interrupts. Areas are looked up by their start in a sorted list; freed addresses are reused only
 * after a shootdown. */
#include "kernel/mm/vmalloc.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/tlb.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/mm/meminfo.h"

struct vm_area {
    u64 start;
    u64 pages;
    struct list_head link; /* in `areas`, by address; or in `unused` */
};

static DEFINE_SPINLOCK(vmalloc_lock); /* areas, the tables of the range */
static LIST_HEAD(areas);
static LIST_HEAD(unused); /* freed address ranges, guard page included */
static u64 next_va = VMALLOC_BASE + PAGE_SIZE;
static u64 mapped_pages; /* atomic */

static u64 *next_table_locked(u64 *entry)
{
    if (!(*entry & PTE_P)) {
        void *table = get_zeroed_page(GFP_KERNEL);

        if (!table)
            return NULL;
        *entry = virt_to_phys(table) | PTE_P | PTE_W | PTE_A;
    }
    return phys_to_virt(*entry & PTE_ADDR);
}

static u64 *kernel_pte_locked(u64 va)
{
    u64 *table = kernel_pgd;

    for (int shift = 39; shift > 12 && table; shift -= 9)
        table = next_table_locked(&table[va >> shift & 511]);
    return table ? &table[va >> 12 & 511] : NULL;
}

static struct vm_area *take_range_locked(u64 pages, struct vm_area *fresh)
{
    struct vm_area *a;

    list_for_each_entry (a, &unused, link) {
        if (a->pages == pages) {
            list_del(&a->link);
            return a;
        }
    }
    if (next_va + (pages + 1) * PAGE_SIZE > VMALLOC_BASE + (1UL << 39))
        return NULL;
    fresh->start = next_va;
    fresh->pages = pages;
    next_va += (pages + 1) * PAGE_SIZE;
    return fresh;
}

/* Clears the entries and frees the pages behind them, after every CPU has forgotten them. */
static void unmap_area(struct vm_area *a)
{
    struct page *chain = NULL;

    spin_lock(&vmalloc_lock);
    for (u64 i = 0; i < a->pages; i++) {
        u64 *pte = kernel_pte_locked(a->start + i * PAGE_SIZE);
        struct page *p;

        if (!pte || !(*pte & PTE_P))
            continue;
        p = pfn_to_page((*pte & PTE_ADDR) >> PAGE_SHIFT);
        *pte = 0;
        p->next = chain;
        chain = p;
    }
    spin_unlock(&vmalloc_lock);
    flush_tlb_kernel_range(a->start, a->start + a->pages * PAGE_SIZE);
    while (chain) {
        struct page *next = chain->next;

        put_page(chain);
        chain = next;
    }
    (void)atomic_fetch_sub_relaxed(&mapped_pages, a->pages);
    spin_lock(&vmalloc_lock);
    list_add(&a->link, &unused);
    spin_unlock(&vmalloc_lock);
}

static bool map_page(u64 va, gfp_t gfp, int nid)
{
    struct page *p = alloc_pages_node(nid, gfp, 0);
    u64 *pte;

    if (!p)
        return false;
    spin_lock(&vmalloc_lock);
    pte = kernel_pte_locked(va);
    if (pte)
        *pte = page_to_phys(p) | PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | pte_nx;
    spin_unlock(&vmalloc_lock);
    if (!pte)
        put_page(p);
    return pte;
}

void *vmalloc_node(u64 pages, gfp_t gfp, int nid)
{
    struct vm_area *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL), *a;

    if (!fresh)
        return NULL;
    spin_lock(&vmalloc_lock);
    a = take_range_locked(pages, fresh);
    spin_unlock(&vmalloc_lock);
    if (a != fresh)
        kfree(fresh);
    if (!a)
        return NULL;
    (void)atomic_fetch_add_relaxed(&mapped_pages, pages);
    for (u64 i = 0; i < pages; i++) {
        if (!map_page(a->start + i * PAGE_SIZE, gfp, nid)) {
            unmap_area(a);
            return NULL;
        }
    }
    spin_lock(&vmalloc_lock);
    list_add(&a->link, &areas);
    spin_unlock(&vmalloc_lock);
    return (void *)a->start;
}

void *vmalloc(size_t size)
{
    u64 pages = DIV_ROUND_UP(size, PAGE_SIZE);

    return pages && pages < nr_total_pages() ? vmalloc_node(pages, GFP_KERNEL | GFP_ZERO, -1)
                                             : NULL;
}

void vfree(void *va)
{
    struct vm_area *a, *found = NULL;

    if (!va)
        return;
    spin_lock(&vmalloc_lock);
    list_for_each_entry (a, &areas, link) {
        if (a->start == (u64)va) {
            found = a;
            break;
        }
    }
    ASSERT(found);
    list_del(&found->link);
    spin_unlock(&vmalloc_lock);
    unmap_area(found);
}

struct page *vmalloc_to_page(const void *va)
{
    u64 *pte;

    spin_lock(&vmalloc_lock);
    pte = kernel_pte_locked((u64)va);
    spin_unlock(&vmalloc_lock);
    return pte && *pte & PTE_P ? pfn_to_page((*pte & PTE_ADDR) >> PAGE_SHIFT) : NULL;
}

u64 nr_vmalloc_pages(void)
{
    return atomic_load_relaxed(&mapped_pages);
}

void vmalloc_init(void)
{
    ASSERT(kernel_pgd[VMALLOC_BASE >> 39 & 511] & PTE_P);
}
