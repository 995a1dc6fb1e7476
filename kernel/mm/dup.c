/* fork of an address space. The parent holds mmap_lock for writing all the time, so that its tables
 * change only by truncation.
 *
 * Each leaf table of the parent goes one of two ways:
 *   shared  (P1..P5 of pgtable.h) when it lies in plain private anonymous memory and holds at least
 * SHARE_MIN pages: the cost of fork does not grow with what the process has touched; copied  entry
 * by entry, private pages write-protected on both sides. A page that the parent wrote since its
 * last fork will most likely be written again at once by parent and child: up to HOT_PAGES of them
 * are copied here, which saves both their faults. */
#include "kernel/arch/x86/tlb.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/vma.h"

#define SHARE_MIN 48u
#define HOT_PAGES 8u

struct dup {
    struct mm_struct *to, *from;
    bool protected; /* W was cleared somewhere in the parent: its TLBs must forget */
    u32 hot;        /* pages that may still be copied */
    s64 rss_anon, rss_file;
};

/* ---- sharing ---- */

static bool plain_anon(const struct vm_area_struct *v)
{
    return !v->vm_ops && !v->vm_file &&
           !(v->vm_flags &
             (VM_SHARED | VM_DONTCOPY | VM_WIPEONFORK | VM_LOCKED | VM_PFNMAP | VM_IO));
}

/* Whether everything mapped in the 2 MiB at base, around v, is plain. */
static bool only_plain(const struct mm_struct *mm, const struct vm_area_struct *v,
                       unsigned long base)
{
    const struct vm_area_struct *at;

    for (at = v; at && at->vm_end > base; at = vma_prev(mm, at))
        if (!plain_anon(at))
            return false;
    for (at = vma_next(mm, v); at && at->vm_start < base + PMD_SIZE; at = vma_next(mm, at))
        if (!plain_anon(at))
            return false;
    return true;
}

static void share_table(struct dup *d, u64 *dst, u64 *src, struct page *t)
{
    u64 e = *src & ~PTE_W;

    table_share(t); /* P4 */
    if (*src != e) {
        WRITE_ONCE(*src, e);
        d->protected = true;
    }
    *dst = e;
    d->to->pgtables_bytes += PAGE_SIZE;
    d->rss_anon += t->pt_count - t->pt_special;
}

/* ---- copying ---- */

/* The child's entry for a private page that the parent may write now. */
static u64 copy_writable(struct dup *d, u64 *src, u64 e, struct page *p)
{
    struct page *copy;

    if (d->hot && p->flags & PG_ANON) {
        copy = user_page_copy(p);
        if (copy) {
            d->hot--;
            return (e & ~PTE_ADDR) | page_to_phys(copy);
        }
    }
    e &= ~PTE_W;
    WRITE_ONCE(*src, e);
    d->protected = true;
    get_page(p);
    return e;
}

static void copy_entries(struct dup *d, struct page *to, struct page *from, unsigned first,
                         unsigned end, bool shared)
{
    u64 *src = page_to_virt(from), *dst = page_to_virt(to);
    u32 left, copied = 0, special = 0;
    s64 anon = 0;

    table_lock(from);
    left = from->pt_count;
    for (unsigned i = first; i < end && left; i++) {
        u64 e = src[i];
        struct page *p;

        if (!e)
            continue;
        left--;
        copied++;
        if (unlikely(e & PTE_SPECIAL)) {
            special++;
            dst[i] = e;
            continue;
        }
        p = pte_page(e);
        anon += p->flags / PG_ANON & 1;
        if (e & PTE_W && !shared)
            e = copy_writable(d, &src[i], e, p);
        else
            get_page(p);
        dst[i] = e;
    }
    table_unlock(from);
    to->pt_count += copied;
    to->pt_special += special;
    d->rss_anon += anon;
    d->rss_file += (s64)(copied - special) - anon;
}

static int copy_pmd(struct dup *d, struct vm_area_struct *v, u64 *src, unsigned long start,
                    unsigned long end)
{
    struct page *t = pte_page(*src);
    u64 *dst;

    if (!t->pt_count)
        return 0;
    dst = pmd_make(d->to, start);
    if (!dst)
        return -ENOMEM;
    if (*dst && pte_page(*dst) == t)
        return 0; /* shared already, with a neighbour's part */
    if (!*dst && ((!(*src & PTE_W) && table_is_shared(t)) || t->pt_count >= SHARE_MIN) &&
        only_plain(d->from, v, start & PMD_MASK)) {
        share_table(d, dst, src, t);
        return 0;
    }
    /* A neighbour came since it was shared. */
    if (!(*src & PTE_W) && table_unshare(d->from, src, start))
        return -ENOMEM;
    if (leaf_make(d->to, dst))
        return -ENOMEM;
    copy_entries(d, pte_page(*dst), pte_page(*src), pte_index(start), pte_index(end - 1) + 1,
                 v->vm_flags & VM_SHARED);
    return 0;
}

static int copy_pages(struct dup *d, struct vm_area_struct *v)
{
    for (unsigned long at = v->vm_start, next; at < v->vm_end; at = next) {
        u64 *src = pmd_of(d->from, at);

        if (!src) {
            next = pmd_skip(d->from, at);
            continue;
        }
        next = pmd_end(at, v->vm_end);
        if (*src && copy_pmd(d, v, src, at, next))
            return -ENOMEM;
    }
    return 0;
}

/* ---- VMAs ---- */

static struct vm_area_struct *copy_vma(struct mm_struct *mm, const struct vm_area_struct *old)
{
    struct vm_area_struct *v = vma_alloc(mm);

    if (!v)
        return NULL;
    v->vm_start = old->vm_start;
    v->vm_end = old->vm_end;
    v->vm_flags = old->vm_flags & ~VM_LOCKED;
    v->vm_page_prot = old->vm_page_prot;
    v->vm_pgoff = old->vm_pgoff;
    if (likely(!old->vm_ops && !old->vm_file))
        return v;
    v->vm_file = old->vm_file;
    v->vm_ops = old->vm_ops;
    v->vm_private_data = old->vm_private_data;
    v->vm_mapping = old->vm_mapping;
    if (v->vm_file)
        get_file(v->vm_file);
    if (v->vm_ops && v->vm_ops->open)
        v->vm_ops->open(v);
    vma_link_mapping(
        v); /* before its pages: truncation finds the parent's entries or the child's */
    return v;
}

static int dup_vmas(struct dup *d)
{
    struct vm_area_struct *old;

    list_for_each_entry (old, &d->from->vmas, link) {
        struct vm_area_struct *v;

        if (unlikely(old->vm_flags & VM_DONTCOPY)) {
            vm_stat_account(d->to, old->vm_flags & ~VM_LOCKED, /* the copy began with nothing locked */
                            -(s64)((old->vm_end - old->vm_start) >> PAGE_SHIFT));
            continue;
        }
        v = copy_vma(d->to, old);
        if (unlikely(!v))
            return -ENOMEM;
        vma_append(d->to, v);
        if (!(old->vm_flags & VM_WIPEONFORK) && copy_pages(d, old))
            return -ENOMEM;
    }
    vma_tree_done(d->to);
    return 0;
}

static void copy_layout(struct mm_struct *to, const struct mm_struct *from)
{
    to->mmap_base = from->mmap_base;
    to->start_code = from->start_code;
    to->end_code = from->end_code;
    to->start_data = from->start_data;
    to->end_data = from->end_data;
    to->start_brk = from->start_brk;
    to->brk = from->brk;
    to->start_stack = from->start_stack;
    to->arg_start = from->arg_start;
    to->arg_end = from->arg_end;
    to->env_start = from->env_start;
    to->env_end = from->env_end;
    to->total_vm = from->total_vm;
    to->data_vm = from->data_vm;
    to->exec_vm = from->exec_vm;
    to->stack_vm = from->stack_vm;
    to->dumpable = from->dumpable;
    to->flags = MM_FORKED | (from->flags & MM_INHERITED); /* locks of memory are not inherited */
    to->exe_file = from->exe_file;
    if (to->exe_file)
        get_file(to->exe_file);
    for (unsigned i = 0; i < ARRAY_SIZE(to->saved_auxv); i += 2) {
        to->saved_auxv[i] = from->saved_auxv[i];
        to->saved_auxv[i + 1] = from->saved_auxv[i + 1];
        if (!from->saved_auxv[i])
            break;
    }
}

struct mm_struct *mm_dup(struct mm_struct *old)
{
    struct dup d = {.from = old};
    int err;

    d.to = mm_alloc();
    if (!d.to)
        return ERR_PTR(-ENOMEM);
    down_write(&old->mmap_lock);
    /* Not beside another thread: it could write a copied page and then one that is not copied yet, out of order for the child. */
    d.hot = old->flags & MM_FORKED && atomic_load_relaxed(&old->users) == 1 ? HOT_PAGES : 0;
    copy_layout(d.to, old);
    err = dup_vmas(&d);
    old->flags |= MM_FORKED;
    d.to->rss_anon = d.rss_anon;
    d.to->rss_file = d.rss_file;
    if (d.protected)
        flush_tlb_mm(old); /* P5 */
    up_write(&old->mmap_lock);
    if (err) {
        mmput(d.to);
        return ERR_PTR(err);
    }
    return d.to;
}
