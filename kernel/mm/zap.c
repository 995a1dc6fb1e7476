/* Taking mappings away: entries, the pages behind them, and tables that nothing needs any more.
 * Owns no state. The caller holds mmap_lock for writing, or is the last user of the space. Pages
 * are freed only after the flush, unless nobody else can use the space. */
#include "kernel/arch/x86/tlb.h"
#include "kernel/debug/assert.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/pgtable.h"

void gather_begin(struct gather *g, struct mm_struct *mm)
{
    g->mm = mm;
    g->start = ~0UL;
    g->end = 0;
    g->exiting = atomic_load_relaxed(&mm->users) == 0;
    g->direct = g->exiting || (atomic_load_relaxed(&mm->users) == 1 && current->mm == mm);
    g->chain = NULL;
    g->tables = NULL;
    g->count = 0;
    g->rss_anon = 0;
    g->rss_file = 0;
}

static void gather_flush(struct gather *g)
{
    if (g->start < g->end && !g->exiting)
        flush_tlb_mm_range(g->mm, g->start, g->end);
    g->start = ~0UL;
    g->end = 0;
    for (u32 i = 0; i < g->count; i++) {
        struct page *p = (struct page *)(g->pages[i] & ~1UL);

        if (g->pages[i] & 1)
            table_put(p);
        else
            put_page(p);
    }
    g->count = 0;
}

static void gather_span(struct gather *g, unsigned long start, unsigned long end)
{
    g->start = min(g->start, start);
    g->end = max(g->end, end);
}

/* A full one is flushed in the middle of a table, whose other entries go next: its span stays. */
static void gather_add(struct gather *g, u64 page)
{
    unsigned long start = g->start, end = g->end;

    g->pages[g->count++] = page;
    if (g->count < GATHER_PAGES)
        return;
    gather_flush(g);
    gather_span(g, start, end);
}

static void account(struct gather *g)
{
    struct mm_struct *mm = g->mm;

    if (!g->exiting) {
        u64 rss = get_mm_rss(mm);

        if (rss > mm->hiwater_rss)
            mm->hiwater_rss = rss;
    }
    (void)atomic_fetch_sub_relaxed(&mm->rss_anon, g->rss_anon);
    (void)atomic_fetch_sub_relaxed(&mm->rss_file, g->rss_file);
}

void gather_end(struct gather *g)
{
    u64 *tables;

    gather_flush(g);
    if (g->chain)
        free_page_chain(g->chain);
    for (tables = g->tables; tables;) {
        u64 *next = (u64 *)tables[0];

        tables[0] = 0;
        table_free(tables);
        tables = next;
    }
    account(g);
}

/* One page that an entry of this space no longer maps. */
static inline void release(struct gather *g, struct page *p, bool anon)
{
    if (!g->direct) {
        gather_add(g, (u64)p);
    } else if (anon && page_drop_last(p)) {
        p->next = g->chain;
        g->chain = p;
    } else {
        put_page(p);
    }
}

static void zap_table(struct gather *g, struct page *t, unsigned from, unsigned to)
{
    u64 *table = page_to_virt(t);
    u32 anon = 0, file = 0, special = 0, left = t->pt_count;

    if (!left)
        return;
    table_lock(t);
    left = t->pt_count;
    for (unsigned i = from; i < to && left; i++) {
        u64 e = table[i];
        struct page *p;

        if (!e)
            continue;
        WRITE_ONCE(table[i], 0);
        left--;
        if (unlikely(e & PTE_SPECIAL)) {
            special++;
            continue;
        }
        p = pte_page(e);
        if (p->flags & PG_ANON) {
            anon++;
            release(g, p, true);
        } else {
            file++;
            release(g, p, false);
        }
    }
    t->pt_count = left;
    t->pt_special -= special;
    table_unlock(t);
    g->rss_anon += anon;
    g->rss_file += file;
}

/* A shared table that goes whole: only this space's reference to it. */
static void drop_shared(struct gather *g, u64 *pmd, struct page *t)
{
    u64 mapped = t->pt_count - t->pt_special;

    spin_lock(&g->mm->page_table_lock);
    WRITE_ONCE(*pmd, 0);
    g->mm->pgtables_bytes -= PAGE_SIZE;
    spin_unlock(&g->mm->page_table_lock);
    g->rss_anon += (s64)mapped;
    if (g->exiting)
        table_put(t);
    else
        gather_add(g, (u64)t | 1);
}

static int zap_pmd(struct gather *g, u64 *pmd, unsigned long start, unsigned long end)
{
    u64 e = READ_ONCE(*pmd);
    struct page *t = pte_page(e);

    gather_span(g, start, end);
    if (unlikely(!(e & PTE_W)) && !(g->exiting && !table_is_shared(t))) {
        if (table_is_shared(t) && (g->exiting || end - start == PMD_SIZE)) {
            drop_shared(g, pmd, t);
            return 0;
        }
        if (table_unshare(g->mm, pmd, start))
            return -ENOMEM;
        t = pte_page(READ_ONCE(*pmd));
    }
    zap_table(g, t, pte_index(start), pte_index(end - 1) + 1);
    return 0;
}

int zap_range(struct gather *g, unsigned long start, unsigned long end)
{
    while (start < end) {
        unsigned long next = pmd_end(start, end);
        u64 *pmd = pmd_of(g->mm, start);

        if (!pmd) {
            start = pmd_skip(g->mm, start);
            continue;
        }
        if (*pmd && zap_pmd(g, pmd, start, next))
            return -ENOMEM;
        start = next;
    }
    return 0;
}

/* ---- tables ---- */

static void release_table(struct gather *g, u64 *entry)
{
    u64 *table = table_of(*entry);

    WRITE_ONCE(*entry, 0);
    g->mm->pgtables_bytes -= PAGE_SIZE;
    if (g->exiting) {
        table_free(table);
        return;
    }
    table[0] = (u64)g->tables; /* not walked: the entry above is gone, and is flushed before the
                                  word is cleared */
    g->tables = table;
}

/* shift: log2 of what one entry of `table` spans. */
static void free_level(struct gather *g, u64 *table, unsigned shift, unsigned long start,
                       unsigned long end, unsigned long floor, unsigned long ceiling)
{
    unsigned long size = 1UL << shift;

    while (start < end) {
        unsigned long first = start & ~(size - 1), next = first + size;
        u64 *entry = &table[start >> shift & 511];

        if (*entry) {
            if (shift > 21)
                free_level(g, table_of(*entry), shift - 9, start, min(next, end), floor, ceiling);
            if (first >= floor && next <= ceiling) {
                gather_span(g, start, min(next, end));
                release_table(g, entry);
            }
        }
        start = next;
    }
}

void free_tables(struct gather *g, unsigned long start, unsigned long end, unsigned long floor,
                 unsigned long ceiling)
{
    /* No space ends at the last byte of the user half: the last table may go when nothing is mapped
     * above. */
    if (ceiling >= TASK_SIZE)
        ceiling = 1UL << 47;
    free_level(g, g->mm->pgd, 39, start, end, floor, ceiling);
}
