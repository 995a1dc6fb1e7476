/* Calls about ranges that do not move them: madvise, msync, mincore, mlock and its kin. */
#include "kernel/mm/hooks.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/space.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall/syscalls.h"

#define MADV_NORMAL         0
#define MADV_RANDOM         1
#define MADV_SEQUENTIAL     2
#define MADV_WILLNEED       3
#define MADV_DONTNEED       4
#define MADV_FREE           8
#define MADV_REMOVE         9
#define MADV_DONTFORK       10
#define MADV_DOFORK         11
#define MADV_MERGEABLE      12
#define MADV_UNMERGEABLE    13
#define MADV_HUGEPAGE       14
#define MADV_NOHUGEPAGE     15
#define MADV_DONTDUMP       16
#define MADV_DODUMP         17
#define MADV_WIPEONFORK     18
#define MADV_KEEPONFORK     19
#define MADV_COLD           20
#define MADV_PAGEOUT        21
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23

/* Start, length in bytes -> [start, *end); 0, -EINVAL, or -ENOMEM when it wraps. */
static int range_of(unsigned long start, size_t len, unsigned long *end)
{
    unsigned long size = ALIGN_UP(len, PAGE_SIZE);

    if (start & ~PAGE_MASK)
        return -EINVAL;
    *end = start + size;
    return (len && !size) || *end < start ? -EINVAL : 0;
}

/* ---- madvise ---- */

static int drop_pages(struct vm_area_struct *v, unsigned long start, unsigned long end)
{
    struct gather g;
    int err;

    if (v->vm_flags & (VM_LOCKED | VM_PFNMAP))
        return -EINVAL;
    gather_begin(&g, v->vm_mm);
    err = zap_range(&g, start, end);
    gather_end(&g);
    return err;
}

static int change_flags(struct vm_area_struct *v, unsigned long start, unsigned long end,
                        unsigned long set, unsigned long clear)
{
    struct mm_struct *mm = v->vm_mm;
    int err;

    if (((v->vm_flags | set) & ~clear) == v->vm_flags)
        return 0;
    err = vma_cut(mm, start, end);
    if (err)
        return err;
    v = vma_lookup(mm, start);
    v->vm_flags = (v->vm_flags | set) & ~clear;
    vma_merge(mm, v);
    return 0;
}

static int remove_pages(struct vm_area_struct *v, unsigned long start, unsigned long end)
{
    u64 first = v->vm_pgoff + ((start - v->vm_start) >> PAGE_SHIFT);

    if (!v->vm_mapping || v->vm_flags & VM_LOCKED)
        return -EINVAL;
    if (!(v->vm_flags & VM_SHARED) || !(v->vm_flags & VM_WRITE))
        return -EACCES;
    truncate_pagecache_range(v->vm_mapping, first, first + ((end - start) >> PAGE_SHIFT));
    return 0;
}

static int advise(struct vm_area_struct *v, unsigned long start, unsigned long end, int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
        return drop_pages(v, start, end);
    case MADV_FREE:
        return v->vm_ops || v->vm_flags & VM_SHARED ? -EINVAL : drop_pages(v, start, end);
    case MADV_REMOVE:
        return remove_pages(v, start, end);
    case MADV_DONTFORK:
        return change_flags(v, start, end, VM_DONTCOPY, 0);
    case MADV_DOFORK:
        return v->vm_flags & VM_IO ? -EINVAL : change_flags(v, start, end, 0, VM_DONTCOPY);
    case MADV_WIPEONFORK:
        return v->vm_file || v->vm_flags & VM_SHARED
                   ? -EINVAL
                   : change_flags(v, start, end, VM_WIPEONFORK, 0);
    case MADV_KEEPONFORK:
        return change_flags(v, start, end, 0, VM_WIPEONFORK);
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        return mm_populate(v->vm_mm, start, end) ? -EFAULT : 0;
    default:
        return 0; /* hints about things this kernel does not do: it has nothing to change */
    }
}

static bool known_advice(int advice)
{
    return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
           (advice >= MADV_FREE && advice <= MADV_POPULATE_WRITE);
}

long sys_madvise(unsigned long start, size_t len, int advice)
{
    struct mm_struct *mm = current->mm;
    unsigned long end, at = start;
    bool hole = false;
    int err = known_advice(advice) ? range_of(start, len, &end) : -EINVAL;

    if (err || start == end)
        return err;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    while (at < end && !err) {
        struct vm_area_struct *v = find_vma(mm, at);
        unsigned long to;

        if (!v || v->vm_start >= end) {
            hole = true;
            break;
        }
        hole |= v->vm_start > at;
        at = max(at, v->vm_start);
        to = min(end, v->vm_end);
        err = advise(v, at, to, advice);
        at = to;
    }
    up_write(&mm->mmap_lock);
    return err ? err : hole ? -ENOMEM : 0;
}

/* ---- msync: the page cache is the file ---- */

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

static bool wholly_mapped(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    while (start < end) {
        struct vm_area_struct *v = vma_lookup(mm, start);

        if (!v)
            return false;
        start = v->vm_end;
    }
    return true;
}

long sys_msync(unsigned long start, size_t len, int flags)
{
    struct mm_struct *mm = current->mm;
    unsigned long end;
    bool busy = false, mapped;

    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || start & ~PAGE_MASK ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    end = start + ALIGN_UP(len, PAGE_SIZE);
    if (end < start)
        return -ENOMEM;
    down_read(&mm->mmap_lock);
    mapped = wholly_mapped(mm, start, end);
    for (struct vm_area_struct *v = find_vma(mm, start); v && v->vm_start < end;
         v = vma_next(mm, v))
        busy |= v->vm_flags & VM_LOCKED;
    up_read(&mm->mmap_lock);
    return flags & MS_INVALIDATE && busy ? -EBUSY : mapped ? 0 : -ENOMEM;
}

/* ---- mincore ---- */

static u8 resident(struct vm_area_struct *v, unsigned long addr)
{
    u64 *pmd = pmd_of(v->vm_mm, addr);
    struct page *p;

    if (pmd && *pmd && table_of(*pmd)[pte_index(addr)])
        return 1;
    if (!v->vm_mapping)
        return 0;
    p = find_get_page(v->vm_mapping, v->vm_pgoff + ((addr - v->vm_start) >> PAGE_SHIFT));
    if (p)
        put_page(p);
    return p != NULL;
}

#define MINCORE_CHUNK 256u
long sys_mincore(unsigned long start, size_t len, unsigned char __user *vec)
{
    struct mm_struct *mm = current->mm;
    u64 pages = DIV_ROUND_UP(len, PAGE_SIZE);
    u8 state[MINCORE_CHUNK];

    if (start & ~PAGE_MASK)
        return -EINVAL;
    if (!access_ok((void __user *)start, len))
        return -ENOMEM;
    if (!access_ok(vec, pages))
        return -EFAULT;
    while (pages) {
        u32 n = (u32)min(pages, (u64)MINCORE_CHUNK), i;

        down_read(&mm->mmap_lock);
        for (i = 0; i < n; i++, start += PAGE_SIZE) {
            struct vm_area_struct *v = vma_lookup(mm, start);

            if (!v)
                break;
            state[i] = resident(v, start);
        }
        up_read(&mm->mmap_lock);
        if (i < n)
            return -ENOMEM;
        if (copy_to_user(vec, state, n))
            return -EFAULT;
        vec += n;
        pages -= n;
    }
    return 0;
}

/* ---- locking ---- */

#define MLOCK_ONFAULT 1
#define MCL_CURRENT   1
#define MCL_FUTURE    2
#define MCL_ONFAULT   4

static int lock_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool lock)
{
    unsigned long at = start;

    while (at < end) {
        struct vm_area_struct *v = vma_lookup(mm, at);
        unsigned long to;
        int err;

        if (!v)
            return -ENOMEM;
        to = min(end, v->vm_end);
        if (!(v->vm_flags & VM_LOCKED) == lock) {
            mm->locked_vm += lock ? (to - at) >> PAGE_SHIFT : -((to - at) >> PAGE_SHIFT);
            err = change_flags(v, at, to, lock ? VM_LOCKED : 0, lock ? 0 : VM_LOCKED);
            if (err)
                return err;
        }
        at = to;
    }
    return 0;
}

static long do_mlock(unsigned long start, size_t len, bool populate)
{
    struct mm_struct *mm = current->mm;
    unsigned long end;
    int err;

    len += start & ~PAGE_MASK;
    start &= PAGE_MASK;
    if (range_of(start, len, &end))
        return -EINVAL;
    err = may_lock(mm, 0, -ENOMEM);
    if (err || start == end)
        return err;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = may_lock(mm, (end - start) >> PAGE_SHIFT, -ENOMEM);
    if (!err)
        err = lock_range(mm, start, end, true);
    if (!err && populate && mm_populate(mm, start, end))
        err = -ENOMEM;
    up_write(&mm->mmap_lock);
    return err;
}

long sys_mlock(unsigned long start, size_t len)
{
    return do_mlock(start, len, true);
}

long sys_mlock2(unsigned long start, size_t len, int flags)
{
    return flags & ~MLOCK_ONFAULT ? -EINVAL : do_mlock(start, len, !(flags & MLOCK_ONFAULT));
}

long sys_munlock(unsigned long start, size_t len)
{
    struct mm_struct *mm = current->mm;
    unsigned long end;
    int err;

    len += start & ~PAGE_MASK;
    start &= PAGE_MASK;
    if (range_of(start, len, &end))
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = lock_range(mm, start, end, false);
    up_write(&mm->mmap_lock);
    return err;
}

static void lock_all(struct mm_struct *mm, bool lock)
{
    struct vm_area_struct *v;

    list_for_each_entry (v, &mm->vmas, link) {
        u64 pages = (v->vm_end - v->vm_start) >> PAGE_SHIFT;

        if (!(v->vm_flags & VM_LOCKED) == !lock)
            continue;
        mm->locked_vm += lock ? pages : -pages;
        v->vm_flags ^= VM_LOCKED;
    }
}

long sys_mlockall(int flags)
{
    struct mm_struct *mm = current->mm;
    struct vm_area_struct *v;
    int err;

    if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
        return -EINVAL;
    err = may_lock(mm, flags & MCL_CURRENT ? mm->total_vm - mm->locked_vm : 0, -ENOMEM);
    if (err)
        return err;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    mm->flags = (mm->flags & ~MM_LOCK_FUTURE) | (flags & MCL_FUTURE ? MM_LOCK_FUTURE : 0);
    if (flags & MCL_CURRENT)
        lock_all(mm, true);
    if ((flags & (MCL_CURRENT | MCL_ONFAULT)) == MCL_CURRENT)
        list_for_each_entry (v, &mm->vmas, link)
            (void)mm_populate(mm, v->vm_start,
                              v->vm_end); /* what cannot be had is faulted in later, as on Linux */
    up_write(&mm->mmap_lock);
    return 0;
}

long sys_munlockall(void)
{
    struct mm_struct *mm = current->mm;

    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    mm->flags &= ~MM_LOCK_FUTURE;
    lock_all(mm, false);
    up_write(&mm->mmap_lock);
    return 0;
}
