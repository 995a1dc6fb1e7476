/* mprotect: VMAs get new flags, entries their bits. W is only ever taken away here: a page becomes
 * writable again by a fault, which knows whether it may be shared. */
#include "kernel/arch/x86/tlb.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall/syscalls.h"

#define PROT_SEM       8
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP   0x02000000
#define PROT_BITS      (PTE_P | PTE_PROTNONE | PTE_U | PTE_NX_BIT)

/* True when an entry was there: a TLB may hold what it was. */
static bool protect_table(struct page *t, unsigned from, unsigned to, u64 prot, bool keep_write)
{
    u64 *table = page_to_virt(t);
    bool met = false;
    u32 left;

    table_lock(t);
    left = t->pt_count;
    for (unsigned i = from; i < to && left; i++) {
        u64 e = table[i];

        if (!e)
            continue;
        left--;
        met = true;
        e = (e & ~PROT_BITS) | (prot & PROT_BITS);
        if (!keep_write || !(prot & PTE_P))
            e &= ~PTE_W;
        WRITE_ONCE(table[i], e);
    }
    table_unlock(t);
    return met;
}

static int protect_range(struct mm_struct *mm, unsigned long start, unsigned long end, u64 prot,
                         bool keep_write, bool *flush)
{
    while (start < end) {
        unsigned long next = pmd_end(start, end);
        u64 *pmd = pmd_of(mm, start);

        if (!pmd) {
            start = pmd_skip(mm, start);
            continue;
        }
        if (*pmd) {
            if (!(*pmd & PTE_W) && table_unshare(mm, pmd, start))
                return -ENOMEM;
            if (protect_table(pte_page(*pmd), pte_index(start), pte_index(next - 1) + 1, prot,
                              keep_write))
                *flush = true;
        }
        start = next;
    }
    return 0;
}

/* One whole VMA. */
static int protect_vma(struct mm_struct *mm, struct vm_area_struct *v, unsigned long access,
                       bool *flush)
{
    unsigned long flags = (v->vm_flags & ~(VM_READ | VM_WRITE | VM_EXEC)) | access;
    s64 pages = (s64)((v->vm_end - v->vm_start) >> PAGE_SHIFT);
    int err;

    err = protect_range(mm, v->vm_start, v->vm_end, prot_of(flags), flags & VM_WRITE, flush);
    if (err)
        return err;
    vm_stat_account(mm, v->vm_flags, -pages);
    vm_stat_account(mm, flags, pages);
    v->vm_flags = flags;
    v->vm_page_prot = prot_of(flags);
    return 0;
}

static bool may_have(const struct vm_area_struct *v, unsigned long access)
{
    return !(access & ~(v->vm_flags >> 4) & (VM_READ | VM_WRITE | VM_EXEC));
}

static int protect_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
                          unsigned long access, bool *flush)
{
    unsigned long at = start;
    int err = 0;

    while (at < end && !err) {
        struct vm_area_struct *v =
            vma_lookup(mm, at); /* anew: joining may have swallowed the next one */
        unsigned long to;
        u64 grows;

        if (!v)
            return -ENOMEM;
        to = min(v->vm_end, end);
        grows = access & VM_WRITE && !(v->vm_flags & (VM_WRITE | VM_SHARED))
                    ? (to - at) >> PAGE_SHIFT
                    : 0;
        if (!may_have(v, access))
            return -EACCES;
        if ((v->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) != access) {
            if (grows && (!may_commit(access | v->vm_flags, grows) || !may_expand_data(mm, grows)))
                return -ENOMEM;
            err = vma_cut(mm, at, to);
            v = vma_lookup(mm, at);
            if (!err)
                err = protect_vma(mm, v, access, flush);
            if (!err)
                vma_merge(mm, v);
        }
        at = to;
    }
    return err;
}

long sys_mprotect(unsigned long start, size_t len, unsigned long prot)
{
    struct mm_struct *mm = current->mm;
    unsigned long size = ALIGN_UP(len, PAGE_SIZE), access = 0;
    unsigned long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    struct vm_area_struct *v;
    bool flush = false;
    int err;

    prot &= ~(unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP);
    if (start & ~PAGE_MASK ||
        prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM) ||
        grows == (PROT_GROWSDOWN | PROT_GROWSUP) || grows & PROT_GROWSUP)
        return -EINVAL;
    if (!len)
        return 0;
    if (!size || start + size <= start || start + size > TASK_SIZE)
        return -ENOMEM;
    access |= prot & PROT_READ ? VM_READ : 0;
    access |= prot & PROT_WRITE ? VM_WRITE : 0;
    access |= prot & PROT_EXEC ? VM_EXEC : 0;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = 0;
    v = grows ? find_vma(mm, start) : NULL;
    if (grows) {
        if (v && v->vm_start < start + size && v->vm_flags & VM_GROWSDOWN) {
            size += start - min(start, v->vm_start);
            start = min(start, v->vm_start);
        } else {
            err = v && v->vm_start < start + size ? -EINVAL : -ENOMEM;
        }
    }
    if (!err)
        err = protect_locked(mm, start, start + size, access, &flush);
    if (flush)
        flush_tlb_mm_range(mm, start, start + size);
    up_write(&mm->mmap_lock);
    return err;
}
