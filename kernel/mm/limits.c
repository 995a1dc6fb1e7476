/* What a space may have: resource limits, overcommit, locked memory; the growth of stacks and of
 * the heap. */
#include "kernel/mm/limits.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall/syscalls.h"

bool may_expand_data(const struct mm_struct *mm, u64 pages)
{
    return mm->data_vm + pages <= rlimit(RLIMIT_DATA) >> PAGE_SHIFT;
}

bool may_expand_vm(const struct mm_struct *mm, unsigned long vm_flags, u64 pages)
{
    if (mm->total_vm + pages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
        return false;
    if ((vm_flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE)
        return may_expand_data(mm, pages);
    return true;
}

/* Heuristic overcommit: only what could never be there is refused. */
bool may_commit(unsigned long vm_flags, u64 pages)
{
    if (vm_flags & VM_NORESERVE || !(vm_flags & VM_WRITE))
        return true;
    return pages <= nr_total_pages();
}

int may_lock(const struct mm_struct *mm, u64 pages, int excess)
{
    u64 limit = rlimit(RLIMIT_MEMLOCK);

    if (capable(CAP_IPC_LOCK))
        return 0;
    if (!limit)
        return -EPERM;
    return mm->locked_vm + pages > limit >> PAGE_SHIFT ? excess : 0;
}

/* ---- stacks ---- */

struct vm_area_struct *stack_above(struct mm_struct *mm, unsigned long addr)
{
    struct vm_area_struct *v = find_vma(mm, addr);

    return v && v->vm_flags & VM_GROWSDOWN ? v : NULL;
}

int expand_stack(struct vm_area_struct *v, unsigned long addr)
{
    struct mm_struct *mm = v->vm_mm;
    struct vm_area_struct *prev = vma_prev(mm, v);
    unsigned long start = addr & PAGE_MASK;
    u64 pages = (v->vm_start - start) >> PAGE_SHIFT;

    if (start < MMAP_MIN_ADDR || v->vm_end - start > rlimit(RLIMIT_STACK))
        return -ENOMEM;
    if (prev && !(prev->vm_flags & VM_GROWSDOWN) &&
        prev->vm_flags & (VM_READ | VM_WRITE | VM_EXEC) && start - prev->vm_end < STACK_GUARD_GAP)
        return -ENOMEM;
    if (prev && start < prev->vm_end)
        return -ENOMEM;
    if (!may_expand_vm(mm, v->vm_flags, pages) ||
        (v->vm_flags & VM_LOCKED && may_lock(mm, pages, -ENOMEM)))
        return -ENOMEM;
    v->vm_pgoff -= pages;
    vma_resize(mm, v, start, v->vm_end);
    vm_stat_account(mm, v->vm_flags, (s64)pages);
    return 0;
}

/* ---- the heap ---- */

static bool grow_heap(struct mm_struct *mm, unsigned long from, unsigned long to)
{
    struct vm_area_struct *v = find_vma(mm, from ? from - 1 : 0), *next;
    unsigned long flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    u64 pages = (to - from) >> PAGE_SHIFT;

    flags |= mm->flags & MM_LOCK_FUTURE ? VM_LOCKED : 0;
    next = vma_overlap(mm, from, to + PAGE_SIZE);
    if (next && vma_start_gap(next) < to + PAGE_SIZE)
        return false;
    if (!may_expand_vm(mm, flags, pages) || !may_commit(flags, pages))
        return false;
    if (v && v->vm_end == from && v->vm_flags == flags && !v->vm_ops && !v->vm_file) {
        vma_resize(mm, v, v->vm_start, to);
    } else {
        v = vma_alloc(mm);
        if (!v)
            return false;
        v->vm_start = from;
        v->vm_end = to;
        v->vm_flags = flags;
        v->vm_page_prot = prot_of(flags);
        v->vm_pgoff = from >> PAGE_SHIFT;
        vma_link(mm, v);
    }
    vm_stat_account(mm, flags, (s64)pages);
    return true;
}

/* The new break, or the old one when it cannot be. */
long sys_brk(unsigned long brk)
{
    struct mm_struct *mm = current->mm;
    unsigned long from, to, result;
    bool populate = false;

    if (brk < mm->start_brk)
        return (long)mm->brk;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    result = mm->brk;
    from = ALIGN_UP(mm->brk, PAGE_SIZE);
    to = ALIGN_UP(brk, PAGE_SIZE);
    if (brk >= mm->start_brk && brk < TASK_SIZE - PAGE_SIZE &&
        brk - mm->start_brk + (mm->end_data - mm->start_data) <= rlimit(RLIMIT_DATA)) {
        bool done = true;

        if (to > from)
            done = populate = grow_heap(mm, from, to);
        else if (to < from)
            done = !do_munmap_locked(mm, to, from - to);
        if (done)
            result = mm->brk = brk;
    }
    populate = populate && mm->flags & MM_LOCK_FUTURE;
    up_write(&mm->mmap_lock);
    if (populate) {
        down_read(&mm->mmap_lock);
        (void)mm_populate(mm, from, to);
        up_read(&mm->mmap_lock);
    }
    return (long)result;
}
