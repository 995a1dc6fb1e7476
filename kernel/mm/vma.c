/* VMAs as objects: making, splitting, joining, and their links to the files behind them. Owns their
 * cache. */
#include "kernel/mm/vma.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/space.h"

static struct kmem_cache *vma_cache;

void vma_init(void)
{
    vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 64);
}

struct vm_area_struct *vma_alloc(struct mm_struct *mm)
{
    struct vm_area_struct *v = kmem_cache_alloc(vma_cache, GFP_KERNEL);

    if (!v)
        return NULL;
    v->vm_pgoff = 0;
    v->vm_file = NULL;
    v->vm_ops = NULL;
    v->vm_private_data = NULL;
    v->vm_mapping = NULL;
    v->vm_mm = mm;
    return v;
}

void vma_free(struct vm_area_struct *v)
{
    kmem_cache_free(vma_cache, v);
}

u64 prot_of(unsigned long vm_flags)
{
    u64 prot = vm_flags & VM_EXEC ? PTE_U | PTE_A : PTE_U | PTE_A | pte_nx;

    return prot | (vm_flags & (VM_READ | VM_WRITE | VM_EXEC) ? PTE_P : PTE_PROTNONE);
}

void vm_stat_account(struct mm_struct *mm, unsigned long vm_flags, s64 pages)
{
    mm->total_vm += (u64)pages;
    if (vm_flags & VM_LOCKED)
        mm->locked_vm += (u64)pages;
    if ((vm_flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC)
        mm->exec_vm += (u64)pages;
    else if (vm_flags & VM_GROWSDOWN)
        mm->stack_vm += (u64)pages;
    else if ((vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
        mm->data_vm += (u64)pages;
}

/* ---- the mapping behind ---- */

static bool writes_mapping(const struct vm_area_struct *v)
{
    return (v->vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

/* The program that runs: nobody may write or truncate its file while this open file lives, and the
 * VMA holds it. So no truncation looks for the VMA, and processes of one program share no lock in
 * fork, exec and exit. */
static bool never_truncated(const struct vm_area_struct *v)
{
    return v->vm_file && (v->vm_file->f_mode & FMODE_EXEC);
}

void vma_link_mapping(struct vm_area_struct *v)
{
    struct address_space *as = v->vm_mapping;

    if (!as || never_truncated(v))
        return;
    if (writes_mapping(v))
        atomic_inc_relaxed(&as->writable_mappings);
    spin_lock(&as->i_mmap_lock);
    list_add_tail(&v->shared_link, &as->i_mmap);
    spin_unlock(&as->i_mmap_lock);
}

void vma_unlink_mapping(struct vm_area_struct *v)
{
    struct address_space *as = v->vm_mapping;

    if (!as || never_truncated(v))
        return;
    if (writes_mapping(v))
        atomic_dec_relaxed(&as->writable_mappings);
    spin_lock(&as->i_mmap_lock);
    list_del(&v->shared_link);
    spin_unlock(&as->i_mmap_lock);
}

void vma_release(struct vm_area_struct *v)
{
    if (!v->vm_ops && !v->vm_file)
        return;
    vma_unlink_mapping(v);
    if (v->vm_ops && v->vm_ops->close)
        v->vm_ops->close(v);
    if (v->vm_file)
        fput(v->vm_file);
}

/* Neighbours whose tables are next to each other are served by one walk. */
void vma_release_list(struct gather *g, struct list_head *list, unsigned long floor,
                      unsigned long ceiling)
{
    struct vm_area_struct *v, *n;
    unsigned long from = 0;

    list_for_each_entry_safe (v, n, list, link) {
        bool last = &n->link == list;
        unsigned long end = v->vm_end, next = last ? ceiling : n->vm_start;

        from = from ? from : v->vm_start;
        vma_release(v);
        vma_free(v);
        if (!last && next - end < 2 * PMD_SIZE)
            continue;
        free_tables(g, from, end, floor, next);
        from = 0;
    }
}

/* ---- split and join ---- */

struct vm_area_struct *vma_split(struct mm_struct *mm, struct vm_area_struct *v, unsigned long addr)
{
    struct vm_area_struct *upper = kmem_cache_alloc(vma_cache, GFP_KERNEL);

    if (!upper)
        return NULL;
    *upper = *v;
    upper->vm_start = addr;
    upper->vm_pgoff += (addr - v->vm_start) >> PAGE_SHIFT;
    if (upper->vm_file)
        get_file(upper->vm_file);
    if (upper->vm_ops && upper->vm_ops->open)
        upper->vm_ops->open(upper);
    /* Truncation must never see a page of both or of none: the upper half is there before the lower
     * one shrinks. */
    vma_link_mapping(upper);
    vma_resize(mm, v, v->vm_start, addr);
    vma_link(mm, upper);
    return upper;
}

static bool continues(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
    if (a->vm_end != b->vm_start || a->vm_flags != b->vm_flags || a->vm_ops != b->vm_ops ||
        a->vm_file != b->vm_file || a->vm_mapping != b->vm_mapping ||
        a->vm_private_data != b->vm_private_data)
        return false;
    if (!a->vm_ops && !a->vm_file)
        return true;
    return !(a->vm_ops && a->vm_ops->close) &&
           a->vm_pgoff + ((a->vm_end - a->vm_start) >> PAGE_SHIFT) == b->vm_pgoff;
}

/* a swallows b. */
static void join(struct mm_struct *mm, struct vm_area_struct *a, struct vm_area_struct *b)
{
    unsigned long end = b->vm_end;

    vma_unlink(mm, b);
    vma_resize(mm, a, a->vm_start, end);
    vma_release(b);
    vma_free(b);
}

struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *prev = vma_prev(mm, v), *next = vma_next(mm, v);

    if (next && continues(v, next))
        join(mm, v, next);
    if (!prev || !continues(prev, v))
        return v;
    join(mm, prev, v);
    return prev;
}

const char *vma_name(struct vm_area_struct *v)
{
    const struct mm_struct *mm = v->vm_mm;

    if (v->vm_ops && v->vm_ops->name)
        return v->vm_ops->name(v);
    if (v->vm_file)
        return NULL;
    if (v->vm_start <= mm->brk && v->vm_end >= mm->start_brk)
        return "[heap]";
    if (v->vm_start <= mm->start_stack && v->vm_end >= mm->start_stack)
        return "[stack]";
    return NULL;
}
