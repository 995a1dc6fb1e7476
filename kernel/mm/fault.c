/* Page faults: from the exception to the right part of fault.h, and to a signal when the access was
 * wrong. The anonymous write fault and the copy-on-write break are the hot paths: no lock beyond
 * mmap_lock (read) and the lock of the leaf table, no look-up beyond the VMA cache. */
#include "kernel/mm/fault.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/extable.h"
#include "kernel/arch/x86/ptregs.h"
#include "kernel/arch/x86/tlb.h"
#include "kernel/arch/x86/traps.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/debug/assert.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/vma.h"

#define ERROR_PRESENT  1u
#define ERROR_WRITE    2u
#define ERROR_USER     4u
#define ERROR_RESERVED 8u
#define ERROR_FETCH    16u
#define X86_EFLAGS_AC  0x40000UL

u64 zero_pte;

struct page *user_page_copy(const struct page *from)
{
    struct page *p = alloc_page(from ? GFP_USER : GFP_USER | GFP_ZERO);

    if (unlikely(!p))
        return NULL;
    if (from)
        copy_page(page_to_virt(p), page_to_virt(from));
    p->flags = PG_ANON;
    mm_count(MC_ANON, 1);
    return p;
}

int fault_anon(struct fault *f)
{
    struct vm_area_struct *vma = f->vma;
    struct page *p;

    if (!f->write) {
        fault_install(f, zero_pte | vma->vm_page_prot);
        return 0;
    }
    p = user_page_copy(NULL);
    if (unlikely(!p))
        return -ENOMEM;
    if (unlikely(!fault_install(f, writable_entry(vma, p)))) {
        put_page(p);
        return 0;
    }
    atomic_inc_relaxed(&vma->vm_mm->rss_anon);
    return 0;
}

/* A private page that others may see is replaced by a copy. */
static int break_cow(struct fault *f, struct page *old)
{
    struct mm_struct *mm = f->vma->vm_mm;
    struct page *copy = user_page_copy(old);

    if (unlikely(!copy))
        return -ENOMEM;
    if (unlikely(!fault_install(f, writable_entry(f->vma, copy)))) {
        put_page(copy);
        return 0;
    }
    flush_tlb_page(mm, f->addr);
    if (!old) {
        atomic_inc_relaxed(&mm->rss_anon);
        return 0;
    }
    if (!(old->flags & PG_ANON)) {
        atomic_inc_relaxed(&mm->rss_anon);
        atomic_dec_relaxed(&mm->rss_file);
    }
    put_page(old);
    return 0;
}

int fault_write_protected(struct fault *f)
{
    struct page *p;

    if (unlikely(f->entry & PTE_SPECIAL))
        return break_cow(f, NULL);
    p = pte_page(f->entry);
    /* Ours alone: references rise only under this table's lock, or in fork, which mmap_lock keeps
     * out. */
    if ((p->flags & PG_ANON && atomic_load_acquire(&p->refs) == 1) ||
        f->vma->vm_flags & VM_SHARED) {
        if (fault_install(f, f->entry | PTE_W | PTE_D | PTE_A))
            flush_tlb_local_page(f->addr);
        return 0;
    }
    return break_cow(f, p);
}

/* A present entry that allows the access: another CPU, or the entry above, was faster than this
 * CPU's TLB. */
static int fault_spurious(struct fault *f)
{
    flush_tlb_local_page(f->addr);
    return 0;
}

static bool allowed(const struct vm_area_struct *vma, unsigned flags)
{
    unsigned long want = flags & FAULT_WRITE ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC;

    return vma->vm_flags & want;
}

int handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned flags)
{
    struct mm_struct *mm = vma->vm_mm;
    struct fault f = {.vma = vma, .addr = addr & PAGE_MASK, .write = flags & FAULT_WRITE};
    u64 *pmd = pmd_of(mm, addr), above;

    if (unlikely(!allowed(vma, flags)))
        return FAULT_SIGSEGV;
    if (unlikely(!pmd)) {
        pmd = pmd_make(mm, addr);
        if (!pmd)
            return -ENOMEM;
    }
    above = READ_ONCE(*pmd);
    if (unlikely((above & (PTE_P | PTE_W)) != (PTE_P | PTE_W))) {
        if (above ? table_unshare(mm, pmd, addr) : leaf_make(mm, pmd))
            return -ENOMEM;
        above = READ_ONCE(*pmd);
    }
    f.table = pte_page(above);
    f.pte = table_of(above) + pte_index(addr);
    f.entry = READ_ONCE(*f.pte);
    if (!f.entry)
        return vma->vm_ops ? fault_file(&f) : fault_anon(&f);
    if (f.write && !(f.entry & PTE_W))
        return fault_write_protected(&f);
    return fault_spurious(&f);
}

/* ---- bad accesses ---- */

static void kernel_fault_failed(struct pt_regs *regs, unsigned long error, unsigned long addr)
{
    if (fixup_exception(regs))
        return;
    pr_err("page fault: kernel mode, address %#lx, error %#lx\n", addr, error);
    die(regs, "page fault", error);
}

static void send_fault(struct pt_regs *regs, unsigned long error, unsigned long addr, int sig,
                       int code)
{
    if (!user_mode(regs)) {
        kernel_fault_failed(regs, error, addr);
        return;
    }
    current->thread.cr2 = addr;
    current->thread.trap_nr = 14;
    current->thread.error_code =
        addr >= TASK_SIZE ? error | ERROR_PRESENT : error; /* no hint about kernel addresses */
    force_sig_fault(sig, code, (void __user *)addr);
}

/* No memory for a user page: make room, and let the access be tried again unless we are the one
 * that dies. */
static void fault_without_memory(struct pt_regs *regs, unsigned long error, unsigned long addr)
{
    if (!user_mode(regs) && fatal_signal_pending(current)) {
        kernel_fault_failed(regs, error, addr);
        return;
    }
    out_of_memory();
}

/* ---- the exception ---- */

/* Upgrades to the write lock, grows the stack, goes back. NULL: the address is nobody's; then the
 * lock is not held. */
static __noinline struct vm_area_struct *grow_stack_for(struct mm_struct *mm, unsigned long addr)
{
    struct vm_area_struct *vma;

    up_read(&mm->mmap_lock);
    down_write(&mm->mmap_lock);
    vma = vma_lookup(mm, addr);
    if (!vma) {
        vma = stack_above(mm, addr);
        if (vma && expand_stack(vma, addr))
            vma = NULL;
    }
    up_write(&mm->mmap_lock);
    if (!vma)
        return NULL;
    down_read(&mm->mmap_lock);
    vma = vma_lookup(mm, addr);
    if (!vma)
        up_read(&mm->mmap_lock);
    return vma;
}

static bool access_denied(const struct vm_area_struct *vma, unsigned long error)
{
    if (error & ERROR_WRITE)
        return !(vma->vm_flags & VM_WRITE);
    if (error & ERROR_FETCH)
        return !(vma->vm_flags & VM_EXEC);
    return !(vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC));
}

static void user_address_fault(struct pt_regs *regs, unsigned long error, unsigned long addr)
{
    struct mm_struct *mm = current->mm;
    struct vm_area_struct *vma;
    int err;

    down_read(&mm->mmap_lock);
    vma = mm->vma_cache;
    if (unlikely(!vma || addr - vma->vm_start >= vma->vm_end - vma->vm_start)) {
        vma = find_vma(mm, addr);
        if (unlikely(!vma || vma->vm_start > addr)) {
            vma = grow_stack_for(mm, addr);
            if (!vma) {
                send_fault(regs, error, addr, SIGSEGV, SEGV_MAPERR);
                return;
            }
        }
    }
    err = unlikely(access_denied(vma, error))
              ? FAULT_SIGSEGV
              : handle_mm_fault(vma, addr, error & ERROR_WRITE ? FAULT_WRITE : 0);
    up_read(&mm->mmap_lock);
    current->stats.min_flt++;
    if (likely(!err))
        return;
    if (err == -ENOMEM)
        fault_without_memory(regs, error, addr);
    else if (err == FAULT_SIGSEGV)
        send_fault(regs, error, addr, SIGSEGV, SEGV_ACCERR);
    else
        send_fault(regs, error, addr, SIGBUS, BUS_ADRERR);
}

void do_page_fault(struct pt_regs *regs, unsigned long error, unsigned long addr)
{
    if (unlikely(addr >= TASK_SIZE || error & ERROR_RESERVED)) {
        ASSERT(!(error & ERROR_RESERVED));
        send_fault(regs, error, addr, SIGSEGV, SEGV_MAPERR);
        return;
    }
    if (unlikely(!user_mode(regs))) {
        /* Kernel code may touch user memory only through the exception table, with interrupts on
         * and SMAP open, and never run it. */
        if (!current->mm || preempt_count() || error & ERROR_FETCH ||
            !(regs->flags & X86_EFLAGS_IF) || (cpu_has.smap && !(regs->flags & X86_EFLAGS_AC))) {
            kernel_fault_failed(regs, error, addr);
            return;
        }
    }
    user_address_fault(regs, error, addr);
}
