/* The parts of one page fault: fault.c finds the entry, these fill it. Private to kernel/mm. */
#pragma once
#include "kernel/mm/pgtable.h"
#include "kernel/mm/space.h"

/* One fault being served. mmap_lock is held for reading; the leaf table is this space's own (not
 * shared). */
struct fault {
    struct vm_area_struct *vma;
    unsigned long addr; /* page aligned */
    struct page *table; /* page of the leaf table */
    u64 *pte;
    u64 entry; /* what it held when the fault began */
    bool write;
};

/* Each returns 0, -EFAULT (SIGBUS) or -ENOMEM. An entry that changed meanwhile is success: the
 * access is tried again. */
int fault_anon(struct fault *f);            /* nothing mapped, anonymous */
int fault_write_protected(struct fault *f); /* mapped without W, write */
int fault_file(struct fault *f);            /* nothing mapped, vm_ops */

/* A page for one entry of a user space that replaces `from` (NULL: zeroed). NULL: no memory. */
struct page *user_page_copy(const struct page *from);
static inline u64 writable_entry(const struct vm_area_struct *vma, const struct page *p)
{
    return page_to_phys(p) | vma->vm_page_prot | PTE_W | PTE_D;
}
/* The entry is still *f->entry: puts `value` there and counts it. False: somebody was faster. */
static inline bool fault_install(struct fault *f, u64 value)
{
    bool same;

    table_lock(f->table);
    same = *f->pte == f->entry;
    if (likely(same)) {
        WRITE_ONCE(*f->pte, value);
        f->table->pt_count += !f->entry;
        f->table->pt_special += (value / PTE_SPECIAL & 1) - (u32)(f->entry / PTE_SPECIAL & 1);
    }
    table_unlock(f->table);
    return same;
}
