/* mremap: shrinks, grows in place, or moves a mapping with its pages. Entries are moved, not
 * copied: the pages keep their references. */
#include "kernel/arch/x86/tlb.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall/syscalls.h"

#define MREMAP_MAYMOVE   1ul
#define MREMAP_FIXED     2ul
#define MREMAP_DONTUNMAP 4ul

/* Both leaf tables of one entry, this space's own. */
static int tables_for_move(struct mm_struct *mm, unsigned long from, unsigned long to, u64 **src,
                           u64 **dst)
{
    *src = pmd_of(mm, from);
    if (!*src || !**src)
        return 0;
    if (!(**src & PTE_W) && table_unshare(mm, *src, from))
        return -ENOMEM;
    *dst = pmd_make(mm, to);
    if (!*dst || leaf_make(mm, *dst))
        return -ENOMEM;
    return !(**dst & PTE_W) ? table_unshare(mm, *dst, to) : 0;
}

/* Truncation may look at either table: an entry is never in both, and never in none while only one
 * lock is held. */
static void move_entry(u64 *src_pmd, u64 *dst_pmd, unsigned long from, unsigned long to)
{
    struct page *s = pte_page(*src_pmd), *d = pte_page(*dst_pmd);
    u64 *src = table_of(*src_pmd) + pte_index(from), *dst = table_of(*dst_pmd) + pte_index(to);
    struct page *first = min(s, d), *second = max(s, d);
    u64 e;

    table_lock(first);
    if (second != first)
        table_lock(second);
    e = *src;
    if (e) {
        WRITE_ONCE(*src, 0);
        WRITE_ONCE(*dst, e);
        s->pt_count--;
        d->pt_count++;
        s->pt_special -= e / PTE_SPECIAL & 1;
        d->pt_special += e / PTE_SPECIAL & 1;
    }
    if (second != first)
        table_unlock(second);
    table_unlock(first);
}

static int move_pages(struct mm_struct *mm, unsigned long from, unsigned long to, unsigned long len)
{
    unsigned long end = from + len;

    while (from < end) {
        u64 *src = NULL, *dst = NULL;

        if (tables_for_move(mm, from, to, &src, &dst))
            return -ENOMEM;
        if (!src || !*src) {
            unsigned long next = pmd_end(from, end);

            to += next - from;
            from = next;
            continue;
        }
        if (table_of(*src)[pte_index(from)])
            move_entry(src, dst, from, to);
        from += PAGE_SIZE;
        to += PAGE_SIZE;
    }
    return 0;
}

/* A VMA like v, for [addr, addr + len), whose first page is the one at `from`. */
static struct vm_area_struct *clone_vma(struct mm_struct *mm, struct vm_area_struct *v,
                                        unsigned long from, unsigned long addr, unsigned long len)
{
    struct vm_area_struct *n = vma_alloc(mm);

    if (!n)
        return NULL;
    n->vm_start = addr;
    n->vm_end = addr + len;
    n->vm_flags = v->vm_flags;
    n->vm_page_prot = v->vm_page_prot;
    n->vm_pgoff = v->vm_ops || v->vm_file ? v->vm_pgoff + ((from - v->vm_start) >> PAGE_SHIFT)
                                          : addr >> PAGE_SHIFT;
    n->vm_file = v->vm_file;
    n->vm_ops = v->vm_ops;
    n->vm_private_data = v->vm_private_data;
    n->vm_mapping = v->vm_mapping;
    if (n->vm_file)
        get_file(n->vm_file);
    if (n->vm_ops && n->vm_ops->open)
        n->vm_ops->open(n);
    vma_link_mapping(n);
    return n;
}

static long move_vma(struct mm_struct *mm, struct vm_area_struct *v, unsigned long from,
                     unsigned long old_len, unsigned long to, unsigned long new_len, bool keep_old)
{
    struct vm_area_struct *n = clone_vma(mm, v, from, to, new_len);
    unsigned long moved = min(old_len, new_len);

    if (!n)
        return -ENOMEM;
    vma_link(mm, n);
    vm_stat_account(mm, n->vm_flags, (s64)(new_len >> PAGE_SHIFT));
    if (move_pages(mm, from, to, moved)) {
        (void)move_pages(mm, to, from, moved); /* the tables for the way back exist */
        (void)do_munmap_locked(mm, to, new_len);
        return -ENOMEM;
    }
    flush_tlb_mm_range(mm, from, from + moved);
    if (!keep_old && do_munmap_locked(mm, from, old_len))
        return -ENOMEM;
    vma_merge(mm, n);
    return (long)to;
}

/* 0, or why the old mapping may not become the new one. */
static int check_old(struct mm_struct *mm, struct vm_area_struct *v, unsigned long addr,
                     unsigned long old_len, unsigned long new_len, unsigned long flags)
{
    u64 more = new_len > old_len ? (new_len - old_len) >> PAGE_SHIFT : 0;
    int err;

    if (!v || v->vm_start > addr)
        return -EFAULT;
    if (!old_len && !(v->vm_flags & VM_SHARED))
        return -EINVAL;
    if (flags & MREMAP_DONTUNMAP && v->vm_ops)
        return -EINVAL;
    if (old_len > v->vm_end - addr)
        return -EFAULT;
    if (more && v->vm_flags & (VM_PFNMAP | VM_IO))
        return -EFAULT;
    if (more > TASK_SIZE >> PAGE_SHIFT) /* sums with it do not wrap from here on */
        return -ENOMEM;
    if (v->vm_flags & VM_LOCKED && more && (err = may_lock(mm, more, -EAGAIN)))
        return err;
    return may_expand_vm(mm, v->vm_flags, more) && may_commit(v->vm_flags, more) ? 0 : -ENOMEM;
}

static long remap_to(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
                     unsigned long new_len, unsigned long flags, unsigned long new_addr)
{
    struct vm_area_struct *v;
    int err;

    if (flags & MREMAP_FIXED) {
        if (new_addr & ~PAGE_MASK || new_len > TASK_SIZE || new_addr > TASK_SIZE - new_len)
            return -EINVAL;
        if (addr + old_len > new_addr && new_addr + new_len > addr)
            return -EINVAL;
        err = do_munmap_locked(mm, new_addr, new_len);
        if (err)
            return err;
    }
    if (old_len > new_len && !(flags & MREMAP_DONTUNMAP)) {
        err = do_munmap_locked(mm, addr + new_len, old_len - new_len);
        if (err)
            return err;
        old_len = new_len;
    }
    v = find_vma(mm, addr);
    err = check_old(mm, v, addr, old_len, new_len, flags);
    if (err)
        return err;
    if (!(flags & MREMAP_FIXED)) {
        new_addr = find_free_range(mm, flags & MREMAP_DONTUNMAP ? new_addr : 0, new_len);
        if (IS_ERR_VALUE(new_addr))
            return (long)new_addr;
    }
    return move_vma(mm, v, addr, old_len, new_addr, new_len, flags & MREMAP_DONTUNMAP || !old_len);
}

static bool room_above(struct mm_struct *mm, struct vm_area_struct *v, unsigned long more)
{
    struct vm_area_struct *next = vma_next(mm, v);

    return v->vm_end + more <= (next ? vma_start_gap(next) : TASK_SIZE);
}

static long remap_locked(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
                         unsigned long new_len, unsigned long flags, unsigned long new_addr)
{
    struct vm_area_struct *v = find_vma(mm, addr);
    unsigned long more = new_len - old_len;
    int err;

    if (!v || v->vm_start > addr)
        return -EFAULT;
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        return remap_to(mm, addr, old_len, new_len, flags, new_addr);
    if (old_len >= new_len) {
        err = old_len > new_len ? do_munmap_locked(mm, addr + new_len, old_len - new_len) : 0;
        return err ? err : (long)addr;
    }
    err = check_old(mm, v, addr, old_len, new_len, flags);
    if (err)
        return err;
    if (old_len && v->vm_end == addr + old_len && room_above(mm, v, more)) {
        vma_resize(mm, v, v->vm_start, v->vm_end + more);
        vm_stat_account(mm, v->vm_flags, (s64)(more >> PAGE_SHIFT));
        vma_merge(mm, v);
        return (long)addr;
    }
    return flags & MREMAP_MAYMOVE ? remap_to(mm, addr, old_len, new_len, flags, 0) : -ENOMEM;
}

long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
                unsigned long flags, unsigned long new_addr)
{
    struct mm_struct *mm = current->mm;
    struct vm_area_struct *v;
    long at;

    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) || addr & ~PAGE_MASK)
        return -EINVAL;
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    old_len = ALIGN_UP(old_len, PAGE_SIZE);
    new_len = ALIGN_UP(new_len, PAGE_SIZE);
    if (!new_len || (flags & MREMAP_DONTUNMAP && old_len != new_len))
        return -EINVAL;
    if (old_len > TASK_SIZE || addr > TASK_SIZE - old_len)
        return -EFAULT;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    at = remap_locked(mm, addr, old_len, new_len, flags, new_addr);
    v = at > 0 ? vma_lookup(mm, at) : NULL;
    if (v && v->vm_flags & VM_LOCKED)
        (void)mm_populate(mm, at, at + new_len);
    up_write(&mm->mmap_lock);
    return at;
}
