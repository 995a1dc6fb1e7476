/* Faults in mappings with vm_ops: page-cache files (private and shared) and whatever else a driver
 * maps. A read maps up to 16 pages that are in the cache around the address; a private write copies
 * at once. */
#include "kernel/mm/fault.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/radix64.h"
#include "kernel/mm/slab.h"

#define AROUND_BYTES (16 * PAGE_SIZE)

static u64 index_of(const struct vm_area_struct *vma, unsigned long addr)
{
    return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

/* The entry of a page of the cache: shared writable mappings need no second fault. */
static u64 cache_entry(const struct vm_area_struct *vma, const struct page *p)
{
    u64 e = page_to_phys(p) | vma->vm_page_prot;

    if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
        e |= PTE_W | PTE_D;
    return e;
}

/* Under the table's lock: truncation clears mapping before it takes that lock, so a stale page is
 * never mapped. */
static bool map_page_locked(struct page *table, u64 *pte, const struct vm_area_struct *vma,
                            struct page *p)
{
    if (*pte || (vma->vm_mapping && READ_ONCE(p->mapping) != vma->vm_mapping))
        return false;
    WRITE_ONCE(*pte, cache_entry(vma, p));
    table->pt_count++;
    return true;
}

static bool take_if_used(struct page *p)
{
    u32 refs = atomic_load_relaxed(&p->refs);

    while (refs)
        if (atomic_cas_acquire(&p->refs, &refs, refs + 1))
            return true;
    return false;
}

/* Maps what the cache has in [start, end); the RCU read section and the table's lock are held. */
static u32 map_cached_locked(struct fault *f, unsigned long start, unsigned long end)
{
    struct vm_area_struct *vma = f->vma;
    u64 *pte = f->pte - pte_index(f->addr) + pte_index(start);
    u64 index = index_of(vma, start);
    struct radix64 *leaf = NULL;
    u32 mapped = 0;

    for (; start < end; start += PAGE_SIZE, index++, pte++) {
        struct page *p;

        if (!leaf || !(index & (RADIX64_SLOTS - 1)))
            leaf = radix64_leaf(&vma->vm_mapping->root, index);
        p = leaf ? rcu_dereference(leaf->slot[index & (RADIX64_SLOTS - 1)]) : NULL;
        if (!p || *pte || !take_if_used(p))
            continue;
        if (map_page_locked(f->table, pte, vma, p))
            mapped++;
        else
            put_page(p);
    }
    return mapped;
}

static u64 file_pages(const struct vm_area_struct *vma)
{
    const struct inode *inode = vma->vm_mapping->host;

    return inode ? DIV_ROUND_UP((u64)atomic_load_relaxed(&inode->i_size), PAGE_SIZE) : ~0UL;
}

/* True when the address is mapped now. */
static bool fault_around(struct fault *f)
{
    struct vm_area_struct *vma = f->vma;
    unsigned long start = max(f->addr & ~(AROUND_BYTES - 1), vma->vm_start);
    unsigned long end = min(start + AROUND_BYTES, min(vma->vm_end, pmd_end(f->addr, TASK_SIZE)));
    u64 size = file_pages(vma), index = index_of(vma, start);
    u32 mapped;

    if (index >= size)
        return false;
    if (size - index < (end - start) >> PAGE_SHIFT)
        end = start + ((size - index) << PAGE_SHIFT);
    table_lock(f->table);
    mapped = map_cached_locked(f, start, end); /* preemption is off: an RCU read section */
    table_unlock(f->table);
    if (mapped)
        (void)atomic_fetch_add_relaxed(&vma->vm_mm->rss_file, mapped);
    return READ_ONCE(*f->pte);
}

static int map_copy(struct fault *f, struct page *from)
{
    struct page *copy = user_page_copy(from);

    if (!copy)
        return -ENOMEM;
    if (fault_install(f, writable_entry(f->vma, copy)))
        atomic_inc_relaxed(&f->vma->vm_mm->rss_anon);
    else
        put_page(copy);
    return 0;
}

/* Under the table's lock: the size shrinks before truncation takes that lock, so what it has passed is never mapped again. */
static bool beyond_end(const struct fault *f)
{
    return f->vma->vm_mapping && index_of(f->vma, f->addr) >= file_pages(f->vma);
}

static int map_fresh(struct fault *f, struct page *p)
{
    bool mapped;

    get_page(p); /* the entry's own */
    table_lock(f->table);
    mapped = !beyond_end(f) && map_page_locked(f->table, f->pte, f->vma, p);
    table_unlock(f->table);
    if (!mapped) {
        put_page(p); /* it is tried again: truncated meanwhile, or somebody was faster */
        return 0;
    }
    atomic_inc_relaxed(&f->vma->vm_mm->rss_file);
    return 0;
}

int fault_file(struct fault *f)
{
    struct vm_area_struct *vma = f->vma;
    bool copies = f->write && !(vma->vm_flags & VM_SHARED);
    struct vm_fault vmf = {
        .vma = vma, .address = f->addr, .pgoff = index_of(vma, f->addr), .write = f->write};
    int err;

    if (vma->vm_mapping && !copies && fault_around(f))
        return 0;
    if (!vma->vm_ops->fault)
        return -EFAULT;
    err = vma->vm_ops->fault(&vmf);
    if (err)
        return err == -ENOMEM ? -ENOMEM : -EFAULT;
    err = copies ? map_copy(f, vmf.page) : map_fresh(f, vmf.page);
    put_page(vmf.page);
    return err;
}

/* ---- page-cache files ---- */

static int filemap_fault(struct vm_fault *vmf)
{
    struct vm_area_struct *vma = vmf->vma;
    struct page *p;

    if (vmf->pgoff >= file_pages(vma))
        return -EFAULT;
    p = find_or_create_page(vma->vm_mapping, vmf->pgoff);
    if (IS_ERR(p))
        return PTR_ERR(p) == -ENOMEM ? -ENOMEM : -EFAULT;
    vmf->page = p;
    return 0;
}

const struct vm_operations_struct filemap_vm_ops = {.fault = filemap_fault};

/* ---- shared memory without a file ---- */

struct shm_anon {
    u32 refs; /* atomic: VMAs */
    struct address_space mapping;
};

static void shm_anon_open(struct vm_area_struct *vma)
{
    struct shm_anon *s = vma->vm_private_data;

    atomic_inc_relaxed(&s->refs);
}

static void shm_anon_close(struct vm_area_struct *vma)
{
    struct shm_anon *s = vma->vm_private_data;

    if (!atomic_dec_and_test_full(&s->refs))
        return;
    truncate_pagecache(&s->mapping, 0);
    kfree(s);
}

static const char *shm_anon_name(struct vm_area_struct *vma)
{
    return "/dev/zero (deleted)";
}

static const struct vm_operations_struct shm_anon_vm_ops = {
    .fault = filemap_fault,
    .open = shm_anon_open,
    .close = shm_anon_close,
    .name = shm_anon_name,
};

int shm_anon_map(struct vm_area_struct *vma)
{
    struct shm_anon *s = kmalloc(sizeof(*s), GFP_KERNEL);

    if (!s)
        return -ENOMEM;
    s->refs = 1;
    address_space_init(&s->mapping, NULL);
    vma->vm_private_data = s;
    vma->vm_mapping = &s->mapping;
    vma->vm_ops = &shm_anon_vm_ops;
    return 0;
}

int mmap_zero(struct file *file, struct vm_area_struct *vma)
{
    return vma->vm_flags & VM_SHARED ? shm_anon_map(vma) : 0;
}
