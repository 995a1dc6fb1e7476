/* mmap and munmap: placing, checking, making and removing VMAs. Everything is checked before
 * anything is changed; after the first change only lack of memory can fail. */
#include "kernel/debug/assert.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall/syscalls.h"

#define MAX_MAP_COUNT 65530u
#define MAP_TYPE      0x0f
#define MAP_32BIT     0x40
/* What MAP_SHARED_VALIDATE accepts: every flag that mmap(2) has always ignored or known. */
#define MAP_LEGACY_FLAGS 0x7f97fU

/* ---- places ---- */

unsigned long find_free_range(struct mm_struct *mm, unsigned long hint, unsigned long len)
{
    unsigned long at;

    if (len > TASK_SIZE - MMAP_MIN_ADDR)
        return -ENOMEM;
    if (hint) {
        hint = max(ALIGN_UP(hint, PAGE_SIZE), MMAP_MIN_ADDR);
        if (hint <= TASK_SIZE - len) {
            struct vm_area_struct *next = find_vma(mm, hint);

            if (!next || hint + len <= vma_start_gap(next))
                return hint;
        }
    }
    at = vma_find_hole(mm, len, mm->mmap_base);
    if (!at)
        at = vma_find_hole(mm, len, TASK_SIZE); /* above the usual place, rather than fail */
    return at ? at : -ENOMEM;
}

static long place(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned flags)
{
    unsigned long at;

    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        at = flags & MAP_32BIT ? vma_find_hole(mm, len, 1UL << 31) : find_free_range(mm, addr, len);
        return at ? (long)at : -ENOMEM;
    }
    if (addr & ~PAGE_MASK)
        return -EINVAL;
    if (len > TASK_SIZE || addr > TASK_SIZE - len)
        return -ENOMEM;
    if (addr < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
        return -EPERM;
    if (flags & MAP_FIXED_NOREPLACE && vma_overlap(mm, addr, addr + len))
        return -EEXIST;
    return (long)addr;
}

/* ---- making ---- */

static unsigned long vm_flags_of(int prot, unsigned flags)
{
    unsigned long f = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

    f |= prot & PROT_READ ? VM_READ : 0;
    f |= prot & PROT_WRITE ? VM_WRITE : 0;
    f |= prot & PROT_EXEC ? VM_EXEC : 0;
    f |= flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0;
    f |= flags & MAP_LOCKED ? VM_LOCKED : 0;
    return f | (flags & MAP_NORESERVE ? VM_NORESERVE : 0);
}

/* Nothing of a mount with "noexec" is run, by mprotect() later neither. 0 or -EPERM. */
static int check_noexec(const struct file *file, unsigned long *vm_flags)
{
    if (!path_noexec(&file->f_path))
        return 0;
    if (*vm_flags & VM_EXEC)
        return -EPERM;
    *vm_flags &= ~VM_MAYEXEC;
    return 0;
}

/* What the open mode of the file allows. 0 or -errno. */
static int check_file(const struct file *file, unsigned flags, unsigned long *vm_flags)
{
    unsigned type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && flags & ~MAP_LEGACY_FLAGS)
        return -EOPNOTSUPP;
    if (type != MAP_PRIVATE && *vm_flags & VM_WRITE && !(file->f_mode & FMODE_WRITE))
        return -EACCES;
    if (!(file->f_mode & FMODE_READ))
        return -EACCES;
    if (check_noexec(file, vm_flags))
        return -EPERM;
    if (!file->f_op->mmap)
        return -ENODEV;
    if (flags & MAP_GROWSDOWN)
        return -EINVAL;
    if (type != MAP_PRIVATE) {
        *vm_flags |= VM_SHARED;
        if (!(file->f_mode & FMODE_WRITE))
            *vm_flags &= ~(VM_MAYWRITE);
    }
    return 0;
}

static int check_anon(unsigned flags, unsigned long *vm_flags)
{
    unsigned type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE)
        return -EINVAL;
    if (type == MAP_SHARED) {
        if (flags & MAP_GROWSDOWN)
            return -EINVAL;
        *vm_flags |= VM_SHARED;
    }
    return 0;
}

/* Whoever maps decides what is behind: the file's driver, or shared memory of its own. */
static int attach(struct vm_area_struct *v, struct file *file)
{
    int err = 0;

    if (!file)
        return v->vm_flags & VM_SHARED ? shm_anon_map(v) : 0;
    get_file(file);
    v->vm_file = file;
    err = file->f_op->mmap(file, v);
    if (err) {
        fput(file);
        return err;
    }
    if (v->vm_ops == &filemap_vm_ops)
        v->vm_mapping = &file->f_inode->i_data;
    return 0;
}

/* An anonymous neighbour below or above just grows: no VMA is made. */
static bool extend_neighbour(struct mm_struct *mm, unsigned long start, unsigned long end,
                             unsigned long vm_flags)
{
    struct vm_area_struct *next = find_vma(mm, start), *prev;

    prev = next                    ? vma_prev(mm, next)
           : list_empty(&mm->vmas) ? NULL
                                   : list_last_entry(&mm->vmas, struct vm_area_struct, link);
    if (prev && prev->vm_end == start && prev->vm_flags == vm_flags && !prev->vm_ops &&
        !prev->vm_file) {
        vma_resize(mm, prev, prev->vm_start, end);
        vma_merge(mm, prev);
        return true;
    }
    if (next && next->vm_start == end && next->vm_flags == vm_flags && !next->vm_ops &&
        !next->vm_file && !(vm_flags & VM_GROWSDOWN)) {
        vma_resize(mm, next, start, next->vm_end);
        return true;
    }
    return false;
}

static int map_region(struct mm_struct *mm, struct file *file, unsigned long start,
                      unsigned long len, unsigned long vm_flags, u64 pgoff)
{
    struct vm_area_struct *v;
    int err;

    if (!file && !(vm_flags & (VM_SHARED | VM_GROWSDOWN)) &&
        extend_neighbour(mm, start, start + len, vm_flags))
        return 0;
    v = vma_alloc(mm);
    if (!v)
        return -ENOMEM;
    v->vm_start = start;
    v->vm_end = start + len;
    v->vm_flags = vm_flags;
    v->vm_page_prot = prot_of(vm_flags);
    v->vm_pgoff = file ? pgoff : vm_flags & VM_SHARED ? 0 : start >> PAGE_SHIFT;
    err = attach(v, file);
    if (err) {
        vma_free(v);
        return err;
    }
    vma_link_mapping(v);
    vma_link(mm, v);
    if (file)
        vma_merge(mm, v);
    return 0;
}

static long mmap_locked(struct mm_struct *mm, struct file *file, unsigned long addr,
                        unsigned long len, unsigned long vm_flags, unsigned flags, u64 pgoff)
{
    u64 pages = len >> PAGE_SHIFT, replaced = 0;
    long at = place(mm, addr, len, flags);
    int err;

    if (at < 0)
        return at;
    if (mm->map_count >= MAX_MAP_COUNT)
        return -ENOMEM;
    if (vm_flags & VM_LOCKED && mm == current->mm && (err = may_lock(mm, pages, -EAGAIN)))
        return err;
    if (flags & MAP_FIXED)
        for (struct vm_area_struct *v = find_vma(mm, at); v && v->vm_start < at + len;
             v = vma_next(mm, v))
            replaced +=
                (min(v->vm_end, at + len) - max(v->vm_start, (unsigned long)at)) >> PAGE_SHIFT;
    if (!may_expand_vm(mm, vm_flags, pages - replaced) || !may_commit(vm_flags, pages))
        return -ENOMEM;
    if (replaced && (err = do_munmap_locked(mm, at, len)))
        return err;
    err = map_region(mm, file, at, len, vm_flags, pgoff);
    if (err)
        return err;
    vm_stat_account(mm, vm_flags, (s64)pages);
    return at;
}

long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr, size_t len, int prot,
             int flags, u64 pgoff)
{
    unsigned long vm_flags = vm_flags_of(prot, (unsigned)flags), size = ALIGN_UP(len, PAGE_SIZE);
    long at;
    int err;

    if (!len)
        return -EINVAL;
    if (!size || size > TASK_SIZE)
        return -ENOMEM;
    if (pgoff + (size >> PAGE_SHIFT) < pgoff)
        return -EOVERFLOW;
    err = file ? check_file(file, (unsigned)flags, &vm_flags)
               : check_anon((unsigned)flags, &vm_flags);
    if (err)
        return err;
    if (flags & MAP_LOCKED && (err = may_lock(mm, 0, -EAGAIN)))
        return err;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    vm_flags |= mm->flags & MM_LOCK_FUTURE ? VM_LOCKED : 0;
    at = mmap_locked(mm, file, addr, size, vm_flags, (unsigned)flags, pgoff);
    up_write(&mm->mmap_lock);
    if (at >= 0 &&
        (vm_flags & VM_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)) {
        down_read(&mm->mmap_lock);
        (void)mm_populate(mm, at, at + size);
        up_read(&mm->mmap_lock);
    }
    return at;
}

/* ---- removing ---- */

int vma_cut(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    struct vm_area_struct *v = vma_lookup(mm, start);

    if (v && v->vm_start < start) {
        if (mm->map_count >= MAX_MAP_COUNT || !vma_split(mm, v, start))
            return -ENOMEM;
    }
    v = vma_lookup(mm, end - 1);
    if (v && v->vm_end > end) {
        if (mm->map_count >= MAX_MAP_COUNT || !vma_split(mm, v, end))
            return -ENOMEM;
    }
    return 0;
}

/* Whole VMAs from `first` up to `end` leave the space. */
static void detach_range(struct mm_struct *mm, struct vm_area_struct *first, unsigned long end,
                         struct list_head *gone)
{
    struct vm_area_struct *v = first, *next;

    for (; v && v->vm_start < end; v = next) {
        next = vma_next(mm, v);
        vma_unlink(mm, v);
        vm_stat_account(mm, v->vm_flags, -(s64)((v->vm_end - v->vm_start) >> PAGE_SHIFT));
        list_add_tail(&v->link, gone);
    }
}

/* The table of addr, when it is shared, becomes this space's own: before anything is unmapped. */
static int own_table(struct mm_struct *mm, unsigned long addr)
{
    u64 *pmd = addr & ~PMD_MASK && (addr + 1) & ~PMD_MASK ? pmd_of(mm, addr) : NULL;

    return pmd && *pmd && !(*pmd & PTE_W) ? table_unshare(mm, pmd, addr) : 0;
}

int do_munmap_locked(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
    struct vm_area_struct *first = vma_overlap(mm, addr, addr + len), *v, *prev, *next;
    unsigned long end = addr + len;
    LIST_HEAD(gone);
    struct gather g;
    int err;

    if (!first)
        return 0;
    err = vma_cut(mm, addr, end);
    if (err)
        return err;
    first = vma_overlap(mm, addr, end);
    err = own_table(mm, first->vm_start);
    if (!err)
        err = own_table(mm, end - 1);
    if (err)
        return err;
    gather_begin(&g, mm);
    /* A shared table in the middle that is covered by several VMAs may still fail: then the VMAs
     * are still there. */
    for (v = first; v && v->vm_start < end && !err; v = vma_next(mm, v))
        err = zap_range(&g, v->vm_start, v->vm_end);
    if (err) {
        gather_end(&g);
        return err;
    }
    prev = vma_prev(mm, first);
    detach_range(mm, first, end, &gone);
    next = find_vma(mm, addr);
    vma_release_list(&g, &gone, prev ? prev->vm_end : 0, next ? next->vm_start : TASK_SIZE);
    gather_end(&g);
    return 0;
}

int do_munmap(struct mm_struct *mm, unsigned long addr, size_t len)
{
    unsigned long size = ALIGN_UP(len, PAGE_SIZE);
    int err;

    if (addr & ~PAGE_MASK || addr > TASK_SIZE || size > TASK_SIZE - addr || !size)
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = do_munmap_locked(mm, addr, size);
    up_write(&mm->mmap_lock);
    return err;
}

/* ---- for exec ---- */

/* An anonymous region that replaces what is there; whoever calls it knows the limits. */
long vm_brk(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long vm_flags)
{
    unsigned long end = ALIGN_UP(addr + len, PAGE_SIZE), start = addr & PAGE_MASK;
    long err;

    if (end < start || end > TASK_SIZE)
        return -ENOMEM;
    if (end == start)
        return (long)addr;
    vm_flags |= VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    down_write(&mm->mmap_lock);
    err = mmap_locked(mm, NULL, start, end - start, vm_flags, MAP_FIXED, 0);
    up_write(&mm->mmap_lock);
    return err < 0 ? err : (long)addr;
}

#define INITIAL_STACK_BYTES (132UL << 10)
int setup_stack_vma(struct mm_struct *mm, unsigned long top, unsigned long vm_flags,
                    struct vm_area_struct **out)
{
    unsigned long start = top - INITIAL_STACK_BYTES;
    long err;

    vm_flags |= VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN;
    down_write(&mm->mmap_lock);
    err = mmap_locked(mm, NULL, start, INITIAL_STACK_BYTES, vm_flags, MAP_FIXED, 0);
    if (err >= 0) {
        mm->start_stack = top;
        if (out)
            *out = vma_lookup(mm, start);
    }
    up_write(&mm->mmap_lock);
    return err < 0 ? (int)err : 0;
}

/* ---- system calls ---- */

long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
              unsigned long fd, unsigned long off)
{
    struct file *file = NULL;
    long at;

    if (off & ~PAGE_MASK)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS)) {
        file = fget((int)fd);
        if (!file)
            return -EBADF;
    }
    at = do_mmap(current->mm, file, addr, len, (int)prot, (int)flags, off >> PAGE_SHIFT);
    if (file)
        fput(file);
    return at;
}

long sys_munmap(unsigned long addr, size_t len)
{
    return do_munmap(current->mm, addr, len);
}
