/* Reaching user memory from outside: pages of a space that need not be the current one. */
#include "kernel/lib/string.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

/* The page of a present entry that allows the access, referenced under the table's lock; NULL: it
 * must be faulted in. */
static struct page *present_page(struct mm_struct *mm, unsigned long addr, bool write)
{
    u64 *pmd = pmd_of(mm, addr), above = pmd ? READ_ONCE(*pmd) : 0, e;
    struct page *t, *p = NULL;
    bool shared = !(above & PTE_W);

    if (!above || (write && shared))
        return NULL;
    if (shared) { /* another thread may unshare it now, and the other owners let it go */
        spin_lock(&mm->page_table_lock);
        above = READ_ONCE(*pmd);
    }
    t = pte_page(above);
    table_lock(t);
    e = table_of(above)[pte_index(addr)];
    if (pte_present(e) && (!write || e & PTE_W)) {
        p = pte_page(e);
        get_page(p);
    }
    table_unlock(t);
    if (shared)
        spin_unlock(&mm->page_table_lock);
    return p;
}

/* mmap_lock is held for reading or writing. ERR_PTR(-EFAULT / -ENOMEM). */
static struct page *get_page_locked(struct mm_struct *mm, unsigned long addr, bool write)
{
    for (;;) {
        struct page *p = present_page(mm, addr, write);
        struct vm_area_struct *v;
        int err;

        if (p)
            return p;
        v = vma_lookup(mm, addr);
        if (!v || (write && !(v->vm_flags & (VM_WRITE))))
            return ERR_PTR(-EFAULT);
        err = handle_mm_fault(v, addr, write ? FAULT_WRITE : 0);
        if (err)
            return ERR_PTR(err == -ENOMEM ? -ENOMEM : -EFAULT);
    }
}

/* A page that was touched stays in its table when its mapping becomes PROT_NONE. mmap_lock is held. */
static bool may_access(struct mm_struct *mm, unsigned long addr, bool write)
{
    struct vm_area_struct *v = vma_lookup(mm, addr);

    return v && v->vm_flags & (write ? VM_WRITE : VM_READ);
}

/* As get_page_locked, but with the mapping's rights alone. */
struct page *get_user_page(struct mm_struct *mm, unsigned long addr, bool write)
{
    struct page *p;

    if (addr >= TASK_SIZE)
        return ERR_PTR(-EFAULT);
    down_read(&mm->mmap_lock);
    p = may_access(mm, addr, write) ? get_page_locked(mm, addr, write) : ERR_PTR(-EFAULT);
    up_read(&mm->mmap_lock);
    return p;
}

/* mmap_lock is held. 0 or why it stopped. */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    for (; start < end; start += PAGE_SIZE) {
        struct vm_area_struct *v = vma_lookup(mm, start);
        struct page *p;

        if (!v)
            return -ENOMEM;
        if (!(v->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)))
            return -EFAULT;
        if (fatal_signal_pending(current))
            return -EINTR;
        p = get_page_locked(mm, start, (v->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE);
        if (IS_ERR(p))
            return (int)PTR_ERR(p);
        put_page(p);
    }
    return 0;
}

/* exec writes below the stack's first page: it grows as if the program had. */
static struct page *page_for_write(struct mm_struct *mm, unsigned long addr)
{
    struct page *p = get_user_page(mm, addr, true);
    struct vm_area_struct *v;

    if (!IS_ERR(p) || PTR_ERR(p) != -EFAULT)
        return p;
    down_write(&mm->mmap_lock);
    v = vma_lookup(mm, addr) ? NULL : stack_above(mm, addr);
    if (v && !expand_stack(v, addr))
        p = get_page_locked(mm, addr, true);
    up_write(&mm->mmap_lock);
    return p;
}

int mm_write(struct mm_struct *mm, unsigned long addr, const void *src, size_t len)
{
    while (len) {
        size_t off = addr & ~PAGE_MASK, n = min(len, PAGE_SIZE - off);
        struct page *p = page_for_write(mm, addr);

        if (IS_ERR(p))
            return (int)PTR_ERR(p);
        memcpy((char *)page_to_virt(p) + off, src, n);
        put_page(p);
        addr += n;
        src = (const char *)src + n;
        len -= n;
    }
    return 0;
}

ssize_t mm_read(struct mm_struct *mm, unsigned long addr, void *dst, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t off = (addr + done) & ~PAGE_MASK, n = min(len - done, PAGE_SIZE - off);
        struct page *p = get_user_page(mm, addr + done, false);

        if (IS_ERR(p))
            break;
        memcpy((char *)dst + done, (char *)page_to_virt(p) + off, n);
        put_page(p);
        done += n;
    }
    return (ssize_t)done;
}

/* ---- futex keys ---- */

static u64 last_futex_id; /* atomic; written once for each object with a futex in it */

static u64 futex_id_of(struct address_space *as)
{
    u64 id = atomic_load_relaxed(&as->futex_id), fresh;

    if (likely(id))
        return id;
    fresh = atomic_fetch_add_relaxed(&last_futex_id, 1) + 1;
    return atomic_cas_full(&as->futex_id, &id, fresh) ? fresh : id;
}

/* Of a shared mapping the object and the index are the key, whoever maps it and where; of private
 * memory the space and the address. The page itself is not pinned: only that the address is mapped
 * is checked, as for any access. */
int get_futex_key_shared(struct mm_struct *mm, unsigned long addr, struct futex_key *key)
{
    struct vm_area_struct *v;
    int err = -EFAULT;

    down_read(&mm->mmap_lock);
    v = vma_lookup(mm, addr); /* nothing is mapped above TASK_SIZE */
    if (v && v->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) {
        bool shared = v->vm_flags & VM_SHARED && v->vm_mapping;

        key->kind = shared ? FUTEX_KEY_FILE : FUTEX_KEY_ANON;
        key->a = shared ? futex_id_of(v->vm_mapping) : (u64)mm;
        key->b = shared ? v->vm_pgoff + ((addr - v->vm_start) >> PAGE_SHIFT) : addr;
        key->offset = shared ? addr & ~PAGE_MASK : 0;
        err = 0;
    }
    up_read(&mm->mmap_lock);
    return err;
}
