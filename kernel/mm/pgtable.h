/* User page tables: entry bits, tables, the walk.
 *
 * Guards. An entry of a leaf table: the table's ptl (page of the table). An entry above:
 * mm->page_table_lock to set it, and mmap_lock for writing to take a table away. Lock order:
 * mmap_lock, i_mmap's lock, page_table_lock, ptl of the parent's table, ptl of the child's.
 *
 * A leaf table may be shared by several address spaces after fork (its page's pt_shares says by how
 * many): P1 an entry above a shared table has W clear, in every space; W clear above means "may be
 * shared". P2 no entry of a shared table is changed, except that W is cleared; who needs to change
 * one, for a read fault too, first calls table_unshare(), which copies the table or, for the last
 * owner, sets W above. P3 the first copy clears W in all entries of the old table, under its ptl,
 * before the copy is visible: so the last owner may set W above without reaching pages that others
 * map. P4 pt_shares rises only in fork, under the parent's mmap_lock for writing, before the child's
 * entry is visible, and falls after the TLB flush of the space that lets go. P5 fork returns only
 * after the parent's flush. Only tables that lie in plain private anonymous memory are shared, so
 *      that truncation never meets one.
 *
 * A table page has one reference from table_alloc() until it leaves the stack of free ones, and who late finds it as a page of a file may
 * hold another for a moment: so the page's refs neither says how many spaces share it nor is ever stored.
 *
 * A free table is zero throughout, and a table page is used as nothing else until the CPUs that may
 * walk it have reloaded CR3: table_free() keeps them on a per-CPU stack. */
#pragma once
#include "kernel/arch/x86/paging.h"
#include "kernel/lib/spinlock.h"
#include "kernel/mm/mm.h"

#define PTE_SPECIAL      BIT(9) /* software: the zero page; neither counted nor freed */
#define PTE_PROTNONE     PTE_G  /* with P clear: mapped, PROT_NONE */
#define TABLE_FLAGS      (PTE_P | PTE_W | PTE_U | PTE_A)
#define PMD_SIZE         (1UL << 21)
#define PMD_MASK         (~(PMD_SIZE - 1))
#define USER_PGD_ENTRIES 256

extern u64 zero_pte; /* address of the zero page, PTE_SPECIAL */

static inline struct page *pte_page(u64 e)
{
    return pfn_to_page((e & PTE_ADDR) >> PAGE_SHIFT);
}
static inline u64 *table_of(u64 e)
{
    return phys_to_virt(e & PTE_ADDR);
}
static inline unsigned pte_index(unsigned long addr)
{
    return addr >> PAGE_SHIFT & 511;
}
static inline bool pte_present(u64 e)
{
    return e & (PTE_P | PTE_PROTNONE);
}
static inline unsigned long pmd_end(unsigned long addr, unsigned long end)
{
    unsigned long next = (addr + PMD_SIZE) & PMD_MASK;

    return next - 1 < end - 1 ? next : end;
}
/* ptl is only taken in task context: preemption off is enough. */
static inline void table_lock(struct page *t)
{
    preempt_disable();
    qlock_lock(&t->ptl);
}
static inline void table_unlock(struct page *t)
{
    qlock_unlock(&t->ptl);
    preempt_enable();
}
static inline bool table_is_shared(const struct page *t)
{
    return atomic_load_acquire(&t->pt_shares) > 1;
}
static inline void table_share(struct page *t)
{
    atomic_inc_relaxed(&t->pt_shares);
}

u64 *table_alloc(void);      /* a zeroed table of one space, or NULL */
void table_free(u64 *table); /* all entries are zero again */
/* The entry above the leaf table of addr. pmd_of: NULL when there is none yet; pmd_make: NULL only
 * without memory. */
u64 *pmd_of(const struct mm_struct *mm, unsigned long addr);
/* Where pmd_of may find something again after it found nothing at addr. */
unsigned long pmd_skip(const struct mm_struct *mm, unsigned long addr);
u64 *pmd_make(struct mm_struct *mm, unsigned long addr);
/* Installs a leaf table below *pmd if there is none. 0 or -ENOMEM. */
int leaf_make(struct mm_struct *mm, u64 *pmd);
/* Makes the leaf table below *pmd this space's own and *pmd writable. addr is any address in it. 0
 * or -ENOMEM. */
int table_unshare(struct mm_struct *mm, u64 *pmd, unsigned long addr);

/* One space lets go of a leaf table; the last one releases what it maps. */
void table_put(struct page *t);

/* Pages on their way out: freed only when no CPU can reach them any more. */
#define GATHER_PAGES 96
struct gather {
    struct mm_struct *mm;
    unsigned long start, end; /* what must be flushed; start > end: nothing */
    bool direct;              /* nobody else can use the space: pages go at once */
    bool exiting; /* the whole space goes, nothing uses it any more: no flush, tables go at once */
    struct page *chain; /* direct, anonymous: by page->next */
    u64 *tables;        /* chained by their first word, cleared before table_free */
    u32 count;
    s64 rss_anon, rss_file;  /* subtracted at the end */
    u64 pages[GATHER_PAGES]; /* struct page addresses; bit 0: a shared table to let go of */
};
void gather_begin(struct gather *g, struct mm_struct *mm);
void gather_end(struct gather *g);
/* Unmaps [start, end); 0, or -ENOMEM when a shared table could not be copied (never when it covers
 * whole tables). */
int zap_range(struct gather *g, unsigned long start, unsigned long end);
/* Frees tables that only serve [start, end), given the end of what is mapped below and the start of
 * what is mapped above. */
void free_tables(struct gather *g, unsigned long start, unsigned long end, unsigned long floor,
                 unsigned long ceiling);
