/* Owns the zones: free lists, merging and splitting, deferred sections, the take-over from the
 * early allocator. Must never sleep; any context. Lock order: section_lock, then a zone's lock. */
#include "kernel/mm/zone.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/boot/bootmem.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"

#define MAX_FREE_RANGES 1024
#define EAGER_PAGES     (256UL << (20 - PAGE_SHIFT)) /* initialised at boot, per node */

struct free_range {
    u64 start, end; /* page frames */
    u32 node;
};

enum { SECTION_ABSENT, SECTION_DEFERRED, SECTION_READY };

struct zone zones[MAX_NODES];
unsigned zone_count;
static DEFINE_SPINLOCK(section_lock);
static u8 section_state[MAX_SECTIONS];
static u32 section_top;
static struct free_range ranges[MAX_FREE_RANGES]; /* sorted; set once by zones_init */
static u32 range_count;

static void push_block(struct zone *z, struct page *p, unsigned order)
{
    p->flags = PG_BUDDY;
    p->order = (u8)order;
    list_add(&p->lru, &z->free[order]);
}

static void free_block_locked(struct zone *z, u64 pfn, unsigned order)
{
    u16 node = (u16)(z - zones);

    z->free_pages += 1UL << order;
    for (; order < MAX_ORDER; order++) {
        struct page *buddy = pfn_to_page(pfn ^ (1UL << order));

        if (buddy->flags != PG_BUDDY || buddy->order != order || buddy->node != node)
            break;
        list_del(&buddy->lru);
        buddy->flags = 0;
        pfn &= ~(1UL << order);
    }
    pfn_to_page(pfn)->node = node;
    push_block(z, pfn_to_page(pfn), order);
}

/* ---- sections ---- */

static void add_frames(struct zone *z, u64 pfn, u64 end)
{
    while (pfn < end) {
        unsigned order =
            pfn ? min_t(unsigned, (unsigned)__builtin_ctzl(pfn), MAX_ORDER) : MAX_ORDER;

        while (pfn + (1UL << order) > end)
            order--;
        free_block_locked(z, pfn, order);
        pfn += 1UL << order;
    }
}

static void section_init_locked(u32 section)
{
    u64 first = section * SECTION_PAGES, last = first + SECTION_PAGES;

    memset(pfn_to_page(first), 0, SECTION_PAGES * sizeof(struct page));
    section_state[section] = SECTION_READY;
    for (u32 i = 0; i < range_count; i++) {
        u64 from = max(ranges[i].start, first), to = min(ranges[i].end, last);
        struct zone *z = &zones[ranges[i].node];

        if (from >= to)
            continue;
        spin_lock(&z->lock);
        add_frames(z, from, to);
        spin_unlock(&z->lock);
        (void)atomic_fetch_sub_release(&z->deferred_pages, to - from); /* who sees it finds the frames */
    }
}

static bool section_has_node(u32 section, u32 node)
{
    u64 first = section * SECTION_PAGES, last = first + SECTION_PAGES;

    for (u32 i = 0; i < range_count; i++)
        if (ranges[i].node == node && ranges[i].start < last && ranges[i].end > first)
            return true;
    return false;
}

/* Before an attempt to allocate, for zone_grow() after it. */
static u64 still_deferred(const struct zone *z)
{
    return atomic_load_acquire(&z->deferred_pages);
}

/* Initialises the next deferred section that has memory of z, unless another CPU has given z memory since `seen` was read: that may have
 * been the last. False when there is nothing that the attempt has not seen. */
static bool zone_grow(struct zone *z, u64 seen)
{
    unsigned long flags;
    bool grown = false;

    if (still_deferred(z) != seen)
        return true;
    if (!seen)
        return false;
    spin_lock_irqsave(&section_lock, flags);
    for (; z->next_section < section_top && !grown; z->next_section++) {
        if (section_state[z->next_section] == SECTION_DEFERRED &&
            section_has_node(z->next_section, z - zones)) {
            section_init_locked(z->next_section);
            grown = true;
        }
    }
    spin_unlock_irqrestore(&section_lock, flags);
    return grown || still_deferred(z) != seen;
}

/* ---- allocation ---- */

static bool below_reserve(const struct zone *z, gfp_t gfp, u64 want)
{
    u64 keep = z->reserve_pages;

    if ((gfp & GFP_CACHE) == GFP_CACHE)
        keep *= 4;
    else if (gfp & GFP_LOWPRIO)
        keep *= 2;
    return !(gfp & GFP_HIGHPRIO) && z->free_pages < keep + want;
}

static struct page *take_block_locked(struct zone *z, unsigned order)
{
    unsigned at = order;
    struct page *p;

    while (at <= MAX_ORDER && list_empty(&z->free[at]))
        at++;
    if (at > MAX_ORDER)
        return NULL;
    p = list_first_entry(&z->free[at], struct page, lru);
    list_del(&p->lru);
    while (at > order) {
        struct page *half = p + (1UL << --at);

        half->node = p->node;
        push_block(z, half, at);
    }
    z->free_pages -= 1UL << order;
    p->flags = 0;
    return p;
}

struct page *zone_alloc(struct zone *z, gfp_t gfp, unsigned order)
{
    struct page *p = NULL;
    unsigned long flags;
    u64 seen;

    do {
        seen = still_deferred(z);
        spin_lock_irqsave(&z->lock, flags);
        if (!below_reserve(z, gfp, 1UL << order))
            p = take_block_locked(z, order);
        spin_unlock_irqrestore(&z->lock, flags);
    } while (!p && zone_grow(z, seen));
    return p;
}

static unsigned chain_block(struct page **chain, struct page *p, unsigned order)
{
    unsigned n = 1u << order;

    for (unsigned i = n; i-- > 0;) {
        p[i].node = p->node;
        p[i].flags = 0;
        p[i].next = *chain;
        *chain = &p[i];
    }
    return n;
}

struct page *zone_alloc_bulk(struct zone *z, gfp_t gfp, unsigned n, unsigned *got)
{
    struct page *chain = NULL, *p;
    unsigned long flags;
    unsigned have = 0;
    u64 seen;

    do {
        seen = still_deferred(z);
        spin_lock_irqsave(&z->lock, flags);
        while (have < n && !below_reserve(z, gfp, 1)) {
            unsigned order = 31 - (unsigned)__builtin_clz(n - have);

            while (order && (list_empty(&z->free[order]) || below_reserve(z, gfp, 1UL << order)))
                order--; /* the largest block that is there as it is; at 0 a larger one is split */
            p = take_block_locked(z, order);
            if (!p)
                break;
            have += chain_block(&chain, p, order);
        }
        spin_unlock_irqrestore(&z->lock, flags);
    } while (!have && zone_grow(z, seen));
    *got = have;
    return chain;
}

void zone_free(struct page *p, unsigned order)
{
    struct zone *z = &zones[p->node];
    unsigned long flags;

    DEBUG_ASSERT(p->flags != PG_BUDDY && p->refs == 0);
    spin_lock_irqsave(&z->lock, flags);
    free_block_locked(z, page_to_pfn(p), order);
    spin_unlock_irqrestore(&z->lock, flags);
}

void zone_free_chain(struct page *p)
{
    unsigned long flags = local_irq_save();

    while (p) {
        u16 node = p->node;
        struct zone *z = &zones[node];

        spin_lock(&z->lock);
        while (p && p->node == node) {
            struct page *next = p->next;

            free_block_locked(z, page_to_pfn(p), 0);
            p = next;
        }
        spin_unlock(&z->lock);
    }
    local_irq_restore(flags);
}

/* ---- take-over from bootmem ---- */

static u64 *vmemmap_pmd(u64 va)
{
    u64 *pud = (u64 *)phys_to_virt(kernel_pgd[va >> 39 & 511] & PTE_ADDR) + (va >> 30 & 511);

    if (!(*pud & PTE_P))
        *pud = bootmem_alloc(PAGE_SIZE, PAGE_SIZE, BOOTMEM_ANY_NODE) | PTE_P | PTE_W | PTE_A;
    return (u64 *)phys_to_virt(*pud & PTE_ADDR) + (va >> 21 & 511);
}

/* Every section with RAM gets its 2 MiB of struct pages, from its own node when that has room. Not
 * cleared here. */
static void section_map(u32 section, int node)
{
    u64 va = VMEMMAP_BASE + ((u64)section << 21), *pmd;

    if (section_state[section] != SECTION_ABSENT)
        return;
    section_state[section] = SECTION_DEFERRED;
    section_top = max(section_top, section + 1);
    pmd = vmemmap_pmd(va);
    *pmd = bootmem_alloc_dirty(2UL << 20, 2UL << 20, node) | PTE_P | PTE_W | PTE_A | PTE_D |
           PTE_HUGE | PTE_G | pte_nx;
}

static void map_sections(void)
{
    struct bootmem_cursor c = {0};
    u64 start, end;
    int node;

    while (bootmem_next_ram(&c, &start, &end, &node)) {
        ASSERT(end >> SECTION_SHIFT < MAX_SECTIONS);
        zones[node].present_pages += (end - start) >> PAGE_SHIFT;
        for (u64 s = start >> SECTION_SHIFT; s <= (end - 1) >> SECTION_SHIFT; s++)
            section_map((u32)s, node);
    }
}

static void collect_free(void)
{
    struct bootmem_cursor c = {0};
    u64 start, end;
    int node;

    while (range_count < MAX_FREE_RANGES && bootmem_next_free(&c, &start, &end, &node)) {
        ranges[range_count++] =
            (struct free_range){start >> PAGE_SHIFT, end >> PAGE_SHIFT, (u32)node};
        zones[node].deferred_pages += (end - start) >> PAGE_SHIFT;
    }
}

static void order_fallback(struct zone *z, unsigned node)
{
    for (unsigned i = 0; i < zone_count; i++) { /* insertion sort by distance, ties by number */
        u16 n = z->fallback[i];
        unsigned at = i;

        for (; at > 0 && node_distance(node, z->fallback[at - 1]) > node_distance(node, n); at--)
            z->fallback[at] = z->fallback[at - 1];
        z->fallback[at] = n;
    }
}

static void build_fallback(void)
{
    u16 nodes[MAX_NODES];

    for (unsigned n = 0; n < MAX_NODES; n++)
        if (zones[n].deferred_pages)
            nodes[zone_count++] = (u16)n;
    ASSERT(zone_count);
    for (unsigned n = 0; n < MAX_NODES; n++) {
        memcpy(zones[n].fallback, nodes, zone_count * sizeof(u16));
        order_fallback(&zones[n], n);
    }
}

void zones_init(void)
{
    for (unsigned n = 0; n < MAX_NODES; n++) {
        spin_lock_init(&zones[n].lock);
        for (unsigned o = 0; o <= MAX_ORDER; o++)
            INIT_LIST_HEAD(&zones[n].free[o]);
    }
    map_sections();
    collect_free();
    build_fallback();
    for (unsigned i = 0; i < zone_count; i++) {
        struct zone *z = &zones[zones[0].fallback[i]];

        z->reserve_pages = min(z->deferred_pages / 256, 1024UL);
        while (z->free_pages < EAGER_PAGES && zone_grow(z, still_deferred(z)))
            continue;
    }
}

static void free_frames(u64 pfn, u64 end, u32 node)
{
    while (pfn < end) {
        u32 section = (u32)(pfn / SECTION_PAGES);
        u64 stop = min(end, (section + 1) * SECTION_PAGES);
        unsigned long flags;

        spin_lock_irqsave(&section_lock, flags);
        if (section_state[section] == SECTION_DEFERRED)
            section_init_locked(section);
        spin_lock(&zones[node].lock);
        add_frames(&zones[node], pfn, stop);
        spin_unlock(&zones[node].lock);
        spin_unlock_irqrestore(&section_lock, flags);
        pfn = stop;
    }
}

void free_reserved_range(u64 start, u64 end)
{
    struct bootmem_cursor c = {0};
    u64 from, to;
    int node;

    start = ALIGN_UP(start, PAGE_SIZE);
    end = ALIGN_DOWN(end, PAGE_SIZE);
    while (bootmem_next_ram(&c, &from, &to, &node)) {
        from = max(from, start);
        to = min(to, end);
        if (from < to)
            free_frames(from >> PAGE_SHIFT, to >> PAGE_SHIFT, (u32)node);
    }
}
