/* The VMAs of a space: a list sorted by address and a balanced tree over it, with the largest hole
 * below each subtree. The caller holds mmap_lock (write to change), or nobody else knows the space yet.
 */
#pragma once
#include "kernel/mm/mm.h"

#define STACK_GUARD_GAP (256UL << PAGE_SHIFT)
#define MMAP_MIN_ADDR   0x10000UL

struct vm_area_struct *
vma_alloc(struct mm_struct *mm);           /* zeroed where it matters; NULL: no memory */
void vma_free(struct vm_area_struct *vma); /* no longer linked; drops nothing */
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_unlink(struct mm_struct *mm, struct vm_area_struct *vma);
/* Lists a VMA above all others of a new space (fork copies in order). vma_tree_done(), which makes the
 * tree, must follow the last one; before it nothing is found. */
void vma_append(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_tree_done(struct mm_struct *mm);
/* New bounds that do not cross a neighbour. */
void vma_resize(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
                unsigned long end);

static inline struct vm_area_struct *vma_next(const struct mm_struct *mm,
                                              const struct vm_area_struct *vma)
{
    return vma->link.next == &mm->vmas ? NULL
                                       : list_entry(vma->link.next, struct vm_area_struct, link);
}
static inline struct vm_area_struct *vma_prev(const struct mm_struct *mm,
                                              const struct vm_area_struct *vma)
{
    return vma->link.prev == &mm->vmas ? NULL
                                       : list_entry(vma->link.prev, struct vm_area_struct, link);
}
/* The VMA that contains addr, or NULL. */
static inline struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
    struct vm_area_struct *vma = find_vma(mm, addr);

    return vma && vma->vm_start <= addr ? vma : NULL;
}
/* First VMA that overlaps [start, end), or NULL. */
static inline struct vm_area_struct *vma_overlap(struct mm_struct *mm, unsigned long start,
                                                 unsigned long end)
{
    struct vm_area_struct *vma = find_vma(mm, start);

    return vma && vma->vm_start < end ? vma : NULL;
}
/* Where mappings below must end: a stack keeps its guard gap. */
static inline unsigned long vma_start_gap(const struct vm_area_struct *vma)
{
    unsigned long start = vma->vm_start;

    if (vma->vm_flags & VM_GROWSDOWN)
        start = start > STACK_GUARD_GAP ? start - STACK_GUARD_GAP : 0;
    return start;
}
/* The highest hole of len bytes that ends at or below `high`; 0: none. */
unsigned long vma_find_hole(struct mm_struct *mm, unsigned long len, unsigned long high);

u64 prot_of(unsigned long vm_flags); /* vm_page_prot */
/* Both halves stay linked; `vma` keeps the lower one, the upper one is returned. NULL: no memory.
 */
struct vm_area_struct *vma_split(struct mm_struct *mm, struct vm_area_struct *vma,
                                 unsigned long addr);
/* Takes the VMA out of the lists that other contexts walk; drops its file. Before its tables may be
 * freed. */
void vma_release(struct vm_area_struct *vma);
struct gather;
/* Releases and frees detached VMAs, in order of address, and the tables that served only them (see
 * free_tables). */
void vma_release_list(struct gather *g, struct list_head *list, unsigned long floor,
                      unsigned long ceiling);
void vma_link_mapping(struct vm_area_struct *vma);
void vma_unlink_mapping(struct vm_area_struct *vma);
/* Joins vma with its neighbours where they continue each other; returns what now covers it. */
struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma);
void vm_stat_account(struct mm_struct *mm, unsigned long vm_flags, s64 pages);
