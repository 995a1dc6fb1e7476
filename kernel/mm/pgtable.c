/* Tables: the per-CPU stack of zeroed ones, the walk, and the end of sharing (P1..P5 of pgtable.h).
 */
#include "kernel/mm/pgtable.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/arch/x86/tlb.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/mm/meminfo.h"
#include "percpu/percpu.h"

#define STACK_TABLES 96u

struct table_stack {
    struct page *free; /* chained by page->next; every one is zero */
    u32 count;
};

static DEFINE_PER_CPU(struct table_stack, table_stack, NOIRQ);

#ifdef CLOUDOS_DEBUG
static void assert_zero(const u64 *table)
{
    for (unsigned i = 0; i < 512; i++)
        ASSERT(!table[i]);
}
#else
static void assert_zero(const u64 *table)
{
}
#endif

static u64 *table_init(struct page *p)
{
    p->flags = PG_TABLE;
    p->pt_shares = 1;
    p->pt_count = 0;
    p->pt_special = 0;
    p->ptl = (struct qlock)QLOCK_INIT;
    mm_count(MC_TABLES, 1);
    return page_to_virt(p);
}

u64 *table_alloc(void)
{
    unsigned long flags = local_irq_save();
    struct table_stack *s = this_cpu_ptr(&table_stack);
    struct page *p = s->free;

    if (likely(s->count)) {
        s->free = p->next;
        s->count--;
        local_irq_restore(flags);
        return table_init(p);
    }
    local_irq_restore(flags);
    p = alloc_page(GFP_USER | GFP_ZERO);
    return p ? table_init(p) : NULL;
}

/* Half of the stack goes back. This CPU may still walk a space that ended here: it must forget its
 * tables first. */
static __noinline void spill_tables(struct table_stack *s)
{
    struct page *chain = NULL;

    flush_tlb_local();
    while (s->count > STACK_TABLES / 2) {
        struct page *p = s->free;

        s->free = p->next;
        s->count--;
        if (page_drop_last(p)) {
            p->next = chain;
            chain = p;
        } else {
            put_page(p);
        }
    }
    free_page_chain(chain);
}

void table_free(u64 *table)
{
    struct page *p = virt_to_page(table);
    unsigned long flags;
    struct table_stack *s;

    assert_zero(table);
    mm_count(MC_TABLES, -1);
    flags = local_irq_save();
    s = this_cpu_ptr(&table_stack);
    p->next = s->free;
    s->free = p;
    if (unlikely(++s->count > STACK_TABLES))
        spill_tables(s);
    local_irq_restore(flags);
}

u64 nr_ready_tables(void)
{
    u64 n = 0;

    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
        n += READ_ONCE(per_cpu(table_stack, cpu).count);
    return n;
}

u64 *pmd_of(const struct mm_struct *mm, unsigned long addr)
{
    u64 e = READ_ONCE(mm->pgd[addr >> 39 & 511]);

    if (!e)
        return NULL;
    e = READ_ONCE(table_of(e)[addr >> 30 & 511]);
    return e ? &table_of(e)[addr >> 21 & 511] : NULL;
}

unsigned long pmd_skip(const struct mm_struct *mm, unsigned long addr)
{
    unsigned long span = READ_ONCE(mm->pgd[addr >> 39 & 511]) ? 1UL << 30 : 1UL << 39;

    return (addr | (span - 1)) + 1;
}

/* Sets *entry to a fresh table unless somebody else has. */
static int table_below(struct mm_struct *mm, u64 *entry)
{
    u64 *fresh;

    if (likely(READ_ONCE(*entry)))
        return 0;
    fresh = table_alloc();
    if (!fresh)
        return -ENOMEM;
    spin_lock(&mm->page_table_lock);
    if (!*entry) {
        WRITE_ONCE(*entry, virt_to_phys(fresh) | TABLE_FLAGS);
        mm->pgtables_bytes += PAGE_SIZE;
        fresh = NULL;
    }
    spin_unlock(&mm->page_table_lock);
    if (unlikely(fresh))
        table_free(fresh);
    return 0;
}

u64 *pmd_make(struct mm_struct *mm, unsigned long addr)
{
    u64 *entry = &mm->pgd[addr >> 39 & 511];

    if (table_below(mm, entry))
        return NULL;
    entry = &table_of(READ_ONCE(*entry))[addr >> 30 & 511];
    if (table_below(mm, entry))
        return NULL;
    return &table_of(READ_ONCE(*entry))[addr >> 21 & 511];
}

int leaf_make(struct mm_struct *mm, u64 *pmd)
{
    return table_below(mm, pmd);
}

/* ---- the end of sharing ---- */

void table_put(struct page *t)
{
    u64 *table = page_to_virt(t);

    if (!atomic_dec_and_test_full(&t->pt_shares))
        return;
    for (unsigned i = 0; t->pt_count; i++) {
        u64 e = table[i];

        if (!e)
            continue;
        table[i] = 0;
        t->pt_count--;
        if (!(e & PTE_SPECIAL))
            put_page(pte_page(e));
    }
    table_free(table);
}

/* P3: under both locks; the copy is not visible yet. */
static void copy_table_locked(struct page *to, struct page *from)
{
    u64 *dst = page_to_virt(to), *src = page_to_virt(from);
    u32 left = from->pt_count;

    to->pt_count = left;
    to->pt_special = from->pt_special;
    for (unsigned i = 0; left; i++) {
        u64 e = src[i];

        if (!e)
            continue;
        left--;
        if (e & PTE_W) {
            e &= ~PTE_W;
            WRITE_ONCE(src[i], e);
        }
        if (!(e & PTE_SPECIAL))
            get_page(pte_page(e));
        dst[i] = e;
    }
}

static int table_copy(struct mm_struct *mm, u64 *pmd, unsigned long addr)
{
    u64 *fresh = table_alloc();
    struct page *old;

    if (!fresh)
        return -ENOMEM;
    spin_lock(&mm->page_table_lock);
    if (*pmd & PTE_W) {
        spin_unlock(&mm->page_table_lock);
        table_free(fresh);
        return 0;
    }
    old = pte_page(*pmd);
    table_lock(old);
    copy_table_locked(virt_to_page(fresh), old);
    table_unlock(old);
    WRITE_ONCE(*pmd, virt_to_phys(fresh) | TABLE_FLAGS);
    spin_unlock(&mm->page_table_lock);
    flush_tlb_page(mm, addr); /* drops what CPUs remember of the entry above, too */
    table_put(old);           /* P4 */
    return 0;
}

int table_unshare(struct mm_struct *mm, u64 *pmd, unsigned long addr)
{
    if (table_is_shared(pte_page(READ_ONCE(*pmd))))
        return table_copy(mm, pmd, addr);
    spin_lock(&mm->page_table_lock);
    WRITE_ONCE(*pmd, *pmd | PTE_W);
    spin_unlock(&mm->page_table_lock);
    return 0;
}
