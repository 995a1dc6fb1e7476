/* The life of an address space: mm_struct with its top table, made once and kept ready on a per-CPU
 * stack; its end; and which CPU has it loaded. Owns init_mm. */
#include "kernel/mm/space.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/pgtable.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vma.h"

#define READY_SPACES 16u

/* Spaces without any user of theirs: the top table has the kernel half and a zero user half. */
struct space_stack {
    u32 count;
    struct mm_struct *mm[READY_SPACES];
};
static DEFINE_PER_CPU(struct space_stack, space_stack, NOIRQ);
static struct kmem_cache *mm_cache;
static u64 last_ctx_id; /* atomic */

struct mm_struct init_mm = {
    .pgd = kernel_pgd,
    .users = 1,
    .count = 1u << 30, /* never dropped for good: idle and kernel threads lend it to each other */
    .vmas = LIST_HEAD_INIT(init_mm.vmas),
};

static struct mm_struct *space_make(void)
{
    struct mm_struct *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL | GFP_ZERO);
    u64 *pgd = mm ? table_alloc() : NULL;

    if (!pgd) {
        if (mm)
            kmem_cache_free(mm_cache, mm);
        return NULL;
    }
    memcpy(pgd + USER_PGD_ENTRIES, kernel_pgd + USER_PGD_ENTRIES, PAGE_SIZE / 2);
    mm->pgd = pgd;
    mm->pgd_phys = virt_to_phys(pgd);
    init_rwsem(&mm->mmap_lock);
    INIT_LIST_HEAD(&mm->vmas);
    return mm;
}

static struct mm_struct *space_take(void)
{
    unsigned long flags = local_irq_save();
    struct space_stack *s = this_cpu_ptr(&space_stack);
    struct mm_struct *mm = s->count ? s->mm[--s->count] : NULL;

    local_irq_restore(flags);
    return mm ? mm : space_make();
}

static void space_free(struct mm_struct *mm)
{
    memset(mm->pgd + USER_PGD_ENTRIES, 0, PAGE_SIZE / 2);
    table_free(mm->pgd);
    kmem_cache_free(mm_cache, mm);
}

static void space_give(struct mm_struct *mm)
{
    unsigned long flags = local_irq_save();
    struct space_stack *s = this_cpu_ptr(&space_stack);
    bool kept = s->count < READY_SPACES;

    if (kept)
        s->mm[s->count++] = mm;
    local_irq_restore(flags);
    if (!kept)
        space_free(mm);
}

/* What space_take() leaves as the last user had it and a new one must not see. mmap_lock is free
 * and the tree empty. */
struct mm_struct *mm_alloc(void)
{
    struct mm_struct *mm = space_take();

    if (!mm)
        return NULL;
    DEBUG_ASSERT(list_empty(&mm->vmas) && !mm->map_count);
    mm->users = 1;
    mm->count = 1;
    mm->vma_root = NULL;
    mm->vma_cache = NULL;
    mm->ctx_id = atomic_fetch_add_relaxed(&last_ctx_id, 1) + 1;
    mm->mmap_base = TASK_SIZE - (128UL << 20);
    mm->start_code = mm->end_code = mm->start_data = mm->end_data = 0;
    mm->start_brk = mm->brk = mm->start_stack = 0;
    mm->arg_start = mm->arg_end = mm->env_start = mm->env_end = 0;
    mm->total_vm = mm->locked_vm = mm->data_vm = mm->exec_vm = mm->stack_vm = 0;
    mm->rss_anon = mm->rss_file = mm->rss_shmem = 0;
    mm->hiwater_rss = 0;
    mm->exe_file = NULL;
    mm->saved_auxv[0] = mm->saved_auxv[1] = 0;
    mm->pgtables_bytes = PAGE_SIZE;
    mm->flags = 0;
    mm->dumpable = 1;
    mm->futex_table = NULL;
    return mm;
}

/* ---- the end ---- */

static void leave_space(void *arg)
{
    struct mm_struct *mm = arg;
    unsigned cpu = smp_processor_id();

    if (!(atomic_load_relaxed(&mm->cpu_mask[cpu / 64]) & BIT(cpu % 64)))
        return;
    write_cr3(virt_to_phys(kernel_pgd));
    (void)atomic_fetch_and_full(&mm->cpu_mask[cpu / 64], ~BIT(cpu % 64));
}

/* Other CPUs that still have the dead space loaded (idle or in a kernel thread) leave it before its
 * tables go. The running CPU may stay: table_free() sees to it. */
static void evict_others(struct mm_struct *mm)
{
    unsigned self;
    unsigned long others = 0;

    preempt_disable();
    self = smp_processor_id();
    for (unsigned w = 0; w * 64 < nr_cpu_ids; w++) {
        unsigned long bits = atomic_load_relaxed(&mm->cpu_mask[w]);

        others |= w == self / 64 ? bits & ~BIT(self % 64) : bits;
    }
    if (unlikely(others))
        smp_call_function_many(mm->cpu_mask, leave_space, mm, true);
    preempt_enable();
}

/* From here on nobody runs in mm, and only truncation may still look at its VMAs. */
static void exit_mmap(struct mm_struct *mm)
{
    struct vm_area_struct *v;
    struct gather g;

    gather_begin(&g, mm);
    list_for_each_entry (v, &mm->vmas, link)
        (void)zap_range(&g, v->vm_start, v->vm_end);
    vma_release_list(&g, &mm->vmas, 0, TASK_SIZE);
    gather_end(&g);
    INIT_LIST_HEAD(&mm->vmas);
    mm->map_count = 0;
}

void mmput(struct mm_struct *mm)
{
    if (!atomic_dec_and_test_full(&mm->users))
        return;
    evict_others(mm);
    exit_mmap(mm);
    if (mm->exe_file) {
        fput(mm->exe_file);
        mm->exe_file = NULL;
    }
    if (mm->futex_table)
        futex_mm_free(mm->futex_table);
    mmdrop(mm);
}

static void assert_empty(const struct mm_struct *mm)
{
#ifdef CLOUDOS_DEBUG
    for (unsigned i = 0; i < USER_PGD_ENTRIES; i++)
        ASSERT(!mm->pgd[i]);
#endif
    DEBUG_ASSERT(mm->rss_anon == 0 && mm->rss_file == 0);
}

/* The last reference: no CPU has it loaded. Any context. */
void mmdrop(struct mm_struct *mm)
{
    if (!atomic_dec_and_test_full(&mm->count))
        return;
    DEBUG_ASSERT(mm != &init_mm);
    assert_empty(mm);
    space_give(mm);
}

/* ---- which CPU has which space ---- */

/* Interrupts are off. The mask bit before CR3: a shootdown that misses the bit is done before this
 * CPU can walk. Partner: flush_tlb_mm_range in arch/x86/tlb.c. */
void switch_mm(struct mm_struct *prev, struct mm_struct *next)
{
    unsigned cpu = smp_processor_id();
    unsigned long bit = BIT(cpu % 64);

    if (prev == next)
        return;
    if (next != &init_mm)
        (void)atomic_fetch_or_full(&next->cpu_mask[cpu / 64], bit);
    write_cr3(next->pgd_phys);
    if (prev && prev != &init_mm)
        (void)atomic_fetch_and_full(&prev->cpu_mask[cpu / 64], ~bit);
}

/* A kernel thread borrows the space that is loaded: nothing to do, flushes still reach this CPU. */
void enter_lazy_tlb(struct mm_struct *mm)
{
}

void leave_borrowed_mm(void)
{
    struct mm_struct *lazy = current->active_mm;

    if (lazy == &init_mm)
        return;
    switch_mm(lazy, &init_mm);
    atomic_inc_relaxed(&init_mm.count);
    current->active_mm = &init_mm;
    mmdrop(lazy);
}

struct mm_struct *exec_mmap_switch(struct mm_struct *mm)
{
    struct task_struct *t = current;
    struct mm_struct *old = t->mm;
    struct mm_struct *lazy = old ? NULL : t->active_mm; /* a kernel thread becomes a user process */
    unsigned long flags = local_irq_save();

    switch_mm(t->active_mm, mm);
    t->mm = mm;
    t->active_mm = mm;
    local_irq_restore(flags);
    if (lazy && lazy != &init_mm)
        mmdrop(lazy);
    return old;
}

void space_init(void)
{
    init_mm.pgd_phys = virt_to_phys(kernel_pgd);
    init_rwsem(&init_mm.mmap_lock);
    mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 64);
    zero_pte = virt_to_phys(get_zeroed_page(GFP_KERNEL)) | PTE_SPECIAL;
}
