/* The page allocator's front: per-CPU stacks of single pages over the zones. Owns the stacks and
 * the counters of free memory. Any context; must never sleep. A stack is touched only by its CPU
 * with interrupts off; others may read its counts. */
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/space.h"
#include "kernel/mm/zone.h"
#include "percpu/percpu.h"

#define PCP_BATCH      64u
#define PCP_REMOTE_MAX 32u

struct page_stack {
    struct page *local;  /* chained by page->next, newest first; all of this CPU's home node */
    struct page *remote; /* freed here, of other nodes */
    u32 count;
    u32 remote_count;
    u32 high;       /* set once: more than this many go back to the zone */
    u16 home;       /* set once: the nearest node with memory */
    u16 node;       /* set once: the CPU's own node */
    u32 fail_count; /* allocations since the last one that was made to fail */
};

static DEFINE_PER_CPU(struct page_stack, page_stack,
                      NOIRQ); /* NOIRQ; remote readers see counts of a moment ago */
u32 fail_alloc_interval;

int numa_node_id(void)
{
    return this_cpu_hint(&page_stack)->node;
}

unsigned nr_nodes_with_memory(void)
{
    return zone_count;
}

static bool made_to_fail(struct page_stack *s, gfp_t gfp)
{
    if (gfp & GFP_NOFAIL || ++s->fail_count < fail_alloc_interval)
        return false;
    s->fail_count = 0;
    return true;
}

bool fail_alloc_now(gfp_t gfp)
{
    unsigned long flags;
    bool fails;

    if (likely(!fail_alloc_interval))
        return false;
    flags = local_irq_save();
    fails = made_to_fail(this_cpu_ptr(&page_stack), gfp);
    local_irq_restore(flags);
    return fails;
}

unsigned zones_first_node(void)
{
    return zones[0].fallback[0];
}

static bool refill(struct page_stack *s, gfp_t gfp)
{
    s->local = zone_alloc_bulk(&zones[s->home], gfp, PCP_BATCH, &s->count);
    return s->count;
}

static struct page *prepare(struct page *p)
{
    DEBUG_ASSERT(p->refs == 0 && p->flags == 0);
    p->refs = 1;
    p->order = 0;
    return p;
}

static struct page *alloc_fallback(int nid, gfp_t gfp, unsigned order)
{
    const struct zone *home = &zones[nid];
    unsigned nodes = gfp & GFP_NEAREST ? 1 : zone_count;

    for (unsigned i = 0; i < nodes; i++) {
        struct page *p = zone_alloc(&zones[home->fallback[i]], gfp, order);

        if (p) {
            prepare(p)->order = (u8)order;
            return p;
        }
    }
    return NULL;
}

static struct page *finish(struct page *p, gfp_t gfp, unsigned order)
{
    if (p && (gfp & GFP_ZERO))
        for (unsigned i = 0; i < 1u << order; i++)
            clear_page((char *)page_to_virt(p) + i * PAGE_SIZE);
    return p;
}

/* The stack is empty, or the request is not for a single page of the home node. */
static __noinline struct page *alloc_slow(int nid, gfp_t gfp, unsigned order)
{
    unsigned long flags = local_irq_save();
    struct page_stack *s = this_cpu_ptr(&page_stack);
    struct page *p = NULL;
    int from = nid < 0 ? s->node : nid;

    if (unlikely(fail_alloc_interval) && made_to_fail(s, gfp)) {
        local_irq_restore(flags);
        return NULL;
    }
    if (order == 0 && (nid < 0 || nid == s->home) && (s->count || refill(s, gfp))) {
        p = s->local;
        s->local = p->next;
        s->count--;
        prepare(p);
    }
    local_irq_restore(flags);
    if (!p)
        p = alloc_fallback(from, gfp, order);
    if (unlikely(!p) && (gfp & (GFP_WAIT | GFP_NEAREST)) == GFP_WAIT && !preempt_count() && !irqs_disabled() &&
        reclaim_kernel_stacks())
        p = alloc_fallback(from, gfp, order);
    return finish(p, gfp, order);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned order)
{
    unsigned long flags;
    struct page_stack *s;
    struct page *p;

    if (unlikely(order || nid >= 0 || fail_alloc_interval))
        return alloc_slow(nid, gfp, order);
    flags = local_irq_save();
    s = this_cpu_ptr(&page_stack);
    p = s->local;
    if (unlikely(!s->count)) {
        local_irq_restore(flags);
        return alloc_slow(nid, gfp, order);
    }
    s->local = p->next;
    s->count--;
    local_irq_restore(flags);
    prepare(p);
    if (gfp & GFP_ZERO)
        clear_page(page_to_virt(p));
    return p;
}

/* Takes PCP_BATCH pages off the top of the stack and gives them back to their zone. */
static __noinline void spill_local(struct page_stack *s)
{
    struct page *chain = s->local, *last = chain;

    for (unsigned i = 1; i < PCP_BATCH; i++)
        last = last->next;
    s->local = last->next;
    last->next = NULL;
    s->count -= PCP_BATCH;
    zone_free_chain(chain);
}

static __noinline void free_remote(struct page_stack *s, struct page *p)
{
    p->next = s->remote;
    s->remote = p;
    if (++s->remote_count >= PCP_REMOTE_MAX) {
        struct page *chain = s->remote;

        s->remote = NULL;
        s->remote_count = 0;
        zone_free_chain(chain);
    }
}

#ifdef CLOUDOS_DEBUG
static void poison(struct page *p, unsigned order)
{
    memset(page_to_virt(p), 0x6b, PAGE_SIZE << order);
}
#else
static void poison(struct page *p, unsigned order)
{
}
#endif

void put_page_free(struct page *p)
{
    unsigned long flags;
    struct page_stack *s;

    ASSERT(!(p->flags & (PG_BUDDY | PG_SLAB | PG_RESERVED)));
    if (!(p->flags & PG_WIPED))
        poison(p, p->order);
    if (p->flags & PG_ANON)
        mm_count(MC_ANON, -1);
    p->flags = 0;
    if (unlikely(p->order)) {
        zone_free(p, p->order);
        return;
    }
    flags = local_irq_save();
    s = this_cpu_ptr(&page_stack);
    if (likely(p->node == s->home)) {
        p->next = s->local;
        s->local = p;
        if (unlikely(++s->count > s->high))
            spill_local(s);
    } else {
        free_remote(s, p);
    }
    local_irq_restore(flags);
}

void free_page_chain(struct page *p)
{
    unsigned long flags = local_irq_save();
    struct page_stack *s = this_cpu_ptr(&page_stack);
    s64 anon = 0;

    while (p) {
        struct page *next = p->next;

        DEBUG_ASSERT(p->refs == 0 && p->order == 0);
        poison(p, 0);
        anon += p->flags / PG_ANON & 1;
        p->flags = 0;
        if (likely(p->node == s->home)) {
            p->next = s->local;
            s->local = p;
            if (unlikely(++s->count > s->high))
                spill_local(s);
        } else {
            free_remote(s, p);
        }
        p = next;
    }
    mm_count(MC_ANON, -anon);
    local_irq_restore(flags);
}

/* Gives this CPU's pages back: others starve. */
void drain_local_pages(void)
{
    unsigned long flags = local_irq_save();
    struct page_stack *s = this_cpu_ptr(&page_stack);
    struct page *local = s->local, *remote = s->remote;

    s->local = NULL;
    s->remote = NULL;
    s->remote_count = 0;
    if (s->count)
        zone_free_chain(local);
    s->count = 0;
    zone_free_chain(remote);
    local_irq_restore(flags);
}

void *get_zeroed_page(gfp_t gfp)
{
    struct page *p = alloc_page(gfp | GFP_ZERO);

    return p ? page_to_virt(p) : NULL;
}

void free_page_virt(void *va)
{
    if (va)
        put_page(virt_to_page(va));
}

void clear_page(void *va)
{
    unsigned long n = PAGE_SIZE / 8;

    __asm__ volatile("rep stosq" : "+D"(va), "+c"(n) : "a"(0UL) : "memory");
}

void copy_page(void *dst, const void *src)
{
    unsigned long n = PAGE_SIZE / 8;

    __asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}

/* ---- counters ---- */

static u64 stacked_pages(int nid)
{
    u64 n = 0;

    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
        const struct page_stack *s = per_cpu_ptr(&page_stack, cpu);

        if (nid < 0 || s->home == nid)
            n += READ_ONCE(s->count);
    }
    return n;
}

u64 nr_node_free_pages(int nid)
{
    const struct zone *z = &zones[nid];

    return READ_ONCE(z->free_pages) + atomic_load_relaxed(&z->deferred_pages) + stacked_pages(nid);
}

u64 nr_free_pages(void)
{
    u64 n = stacked_pages(-1) + nr_ready_tables() + nr_free_stack_pages();

    for (unsigned i = 0; i < MAX_NODES; i++)
        n += READ_ONCE(zones[i].free_pages) + atomic_load_relaxed(&zones[i].deferred_pages);
    return n;
}

u64 nr_node_pages(int nid)
{
    return zones[nid].present_pages;
}

u64 nr_total_pages(void)
{
    u64 n = 0;

    for (unsigned i = 0; i < nr_node_ids; i++)
        n += zones[i].present_pages;
    return n;
}

/* ---- start ---- */

void mm_init_cpu(unsigned cpu)
{
    struct page_stack *s = per_cpu_ptr(&page_stack, cpu);
    unsigned node = (unsigned)cpu_to_node(cpu), home = zones[node].fallback[0];
    u64 share = zones[home].present_pages / (32 * nr_cpu_ids);

    s->node = (u16)node;
    s->home = (u16)home;
    s->high = (u32)max(2UL * PCP_BATCH, min(share, 2048UL));
}

void mm_init(void)
{
    zones_init();
    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
        mm_init_cpu(cpu);
    slab_init();
    vmalloc_init();
    pagecache_init();
    vma_init();
    space_init();
}
