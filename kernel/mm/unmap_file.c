/* Truncation's side of mappings: takes pages of a file out of every space that maps them. Called
 * without mmap_lock; the VMAs stay because i_mmap_lock keeps them in the list, tables because they
 * are freed only after the VMA has left it. */
#include "kernel/arch/x86/tlb.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/space.h"

/* Private copies beyond the end of the file go too, as POSIX wants for truncate. Tables here are
 * never shared (P5). */
static unsigned unmap_table(struct mm_struct *mm, struct page *t, unsigned from, unsigned to,
                            bool copies, struct page **out)
{
    u64 *table = page_to_virt(t);
    unsigned n = 0;
    s64 anon = 0;

    table_lock(t);
    for (unsigned i = from; i < to; i++) {
        u64 e = table[i];

        if (!e || (!copies && (e & PTE_SPECIAL || pte_page(e)->flags & PG_ANON)))
            continue;
        WRITE_ONCE(table[i], 0);
        t->pt_count--;
        if (e & PTE_SPECIAL) {
            t->pt_special--;
            continue;
        }
        out[n] = pte_page(e);
        anon += out[n++]->flags / PG_ANON & 1;
    }
    table_unlock(t);
    (void)atomic_fetch_sub_relaxed(&mm->rss_anon, anon);
    (void)atomic_fetch_sub_relaxed(&mm->rss_file, (s64)n - anon);
    return n;
}

#define UNMAP_BATCH 32UL
static void unmap_vma_range(struct mm_struct *mm, unsigned long start, unsigned long end,
                            bool copies)
{
    struct page *pages[UNMAP_BATCH];

    while (start < end) {
        unsigned long next = min(pmd_end(start, end), start + UNMAP_BATCH * PAGE_SIZE);
        u64 *pmd = pmd_of(mm, start);
        unsigned n = 0;

        if (!pmd)
            next = min(pmd_skip(mm, start), end);
        else if (!*pmd)
            next = pmd_end(start, end);
        else
            n = unmap_table(mm, pte_page(*pmd), pte_index(start), pte_index(next - 1) + 1, copies,
                            pages);
        if (n) /* all of it: an mremap at work may have moved them here and flush the old place only at its end */
            flush_tlb_mm(mm);
        while (n)
            put_page(pages[--n]);
        start = next;
    }
}

void unmap_mapping_range(struct address_space *as, u64 first, u64 last, bool copies)
{
    struct vm_area_struct *v;

    spin_lock(&as->i_mmap_lock);
    list_for_each_entry (v, &as->i_mmap, shared_link) {
        u64 pages = (v->vm_end - v->vm_start) >> PAGE_SHIFT;
        u64 from = max(first, v->vm_pgoff), to = min(last, v->vm_pgoff + pages - 1);

        if (from <= to)
            unmap_vma_range(v->vm_mm, v->vm_start + ((from - v->vm_pgoff) << PAGE_SHIFT),
                            v->vm_start + ((to - v->vm_pgoff + 1) << PAGE_SHIFT), copies);
    }
    spin_unlock(&as->i_mmap_lock);
}
