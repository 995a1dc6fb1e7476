/* Object caches: slabs of pages per node, and above them the magazines of percpu/magazine.h, which
 * serve almost every call.
 *
 * Owns the caches. Any context; must never sleep. Objects of another node go to that node's remote
 * list, and its refills bring them back piece by piece: a free never takes another node's lock. */
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/vmalloc.h"
#include "kernel/mm/zone.h"
#include "percpu/magazine.h"
#include "percpu/percpu.h"

#define MAX_CACHES       96
#define EMPTY_SLABS_KEPT 2u
#define DEPOT_BYTES      (128u << 10) /* about what a node's depot of a cache may hold */
#define MAGAZINE_BYTES   (64u << 10)  /* beyond this a magazine does not grow */
#define RETURN_PIECE     64u          /* objects of other nodes that go back at a time: more than a refill takes */

/* Guard: lock, interrupts off. */
struct slab_node {
    spinlock_t lock;
    struct list_head partial; /* slabs with a free object, fullest first is not kept up */
    u32 empty;                /* of them without any object in use */
    u64 pages;                /* in slabs of this node */
    u64 in_use;               /* objects out of slabs: with users and in magazines */
    struct inbox_node *returned; /* what other nodes freed, taken off the depot and not yet back in its slabs */
    struct magazine_depot depot;
} __cacheline_aligned;

struct kmem_cache {
    const char *name;
    u32 size; /* of an object, alignment included */
    u32 id;
    u8 order; /* of a slab */
    u32 per_slab;
    u32 depth_max; /* of a magazine */
    struct magazine *magazine; /* the boot copy of the CPUs' */
    struct slab_node *node[MAX_NODES];
};

static DEFINE_PER_CPU(struct magazine, magazines[MAX_CACHES], NOIRQ) = {
    [0 ... MAX_CACHES - 1] = MAGAZINE_INIT(MAGAZINE_START)};
static struct kmem_cache caches[MAX_CACHES];
static u32 cache_count;
static DEFINE_SPINLOCK(create_lock);
static struct slab_node
    *slab_nodes[MAX_NODES]; /* MAX_CACHES of each node with memory, on the node itself */
static bool several_nodes;

/* ---- slabs ---- */

static struct page *slab_of(const void *obj)
{
    struct page *p = virt_to_page(obj);

    return p - (page_to_pfn(p) & ((1UL << p->order) - 1));
}

/* Of a node without slabs of its own: the nearest that has some. */
static struct slab_node *node_of(struct kmem_cache *c, u16 nid)
{
    struct slab_node *n = c->node[nid];

    for (unsigned i = 0; unlikely(!n); i++)
        n = c->node[zones[nid].fallback[i]];
    return n;
}

static struct page *slab_create(struct kmem_cache *c, int nid, gfp_t gfp)
{
    struct page *p = alloc_pages_node(nid, gfp & ~GFP_ZERO, c->order);
    char *at;

    if (!p)
        return NULL;
    for (u32 i = 0; i < 1u << c->order; i++) {
        p[i].flags = PG_SLAB;
        p[i].node = p->node; /* of a block only the first page's was set; free_slow() reads that of the object's page */
        p[i].order = c->order;
        p[i].slab_cache = c;
    }
    p->inuse = 0;
    p->objects = c->per_slab;
    p->freelist = NULL;
    at = page_to_virt(p);
    for (u32 i = c->per_slab; i-- > 0;) {
        *(void **)(at + i * c->size) = p->freelist;
        p->freelist = at + i * c->size;
    }
    return p;
}

static void slab_destroy(struct kmem_cache *c, struct page *p)
{
    for (u32 i = 1; i < 1u << c->order; i++)
        p[i].flags = 0;
    p->flags = PG_WIPED;
    put_page(p);
}

static void add_slab_locked(struct kmem_cache *c, struct slab_node *n, struct page *p)
{
    list_add(&p->slab_list, &n->partial);
    n->pages += 1UL << c->order;
    n->empty++;
}

static void put_object_locked(struct kmem_cache *c, struct slab_node *n, void *obj)
{
    struct page *p = slab_of(obj);

    DEBUG_ASSERT(p->slab_cache == c && p->inuse && node_of(c, p->node) == n);
    *(void **)obj = p->freelist;
    if (!p->freelist)
        list_add(&p->slab_list, &n->partial);
    p->freelist = obj;
    n->in_use--;
    if (--p->inuse)
        return;
    if (n->empty < EMPTY_SLABS_KEPT) {
        n->empty++;
        return;
    }
    list_del(&p->slab_list);
    n->pages -= 1UL << c->order;
    slab_destroy(c, p);
}

/* A piece of what other nodes freed goes back into its slabs. True: there is more of what was taken off the depot. */
static bool drain_remote_locked(struct kmem_cache *c, struct slab_node *n)
{
    if (!n->returned)
        n->returned = magazine_take_remote(&n->depot);
    for (u32 i = 0; n->returned && i < RETURN_PIECE; i++) {
        struct inbox_node *obj = n->returned;

        n->returned = inbox_take_next(obj);
        put_object_locked(c, n, obj);
    }
    return n->returned;
}

/* Takes up to `want` objects out of partial slabs. */
static u32 take_objects_locked(struct slab_node *n, void **out, u32 want)
{
    u32 got = 0;

    while (got < want && !list_empty(&n->partial)) {
        struct page *p = list_first_entry(&n->partial, struct page, slab_list);

        if (!p->inuse)
            n->empty--;
        while (got < want && p->freelist) {
            out[got] = p->freelist;
            p->freelist = *(void **)out[got++];
            p->inuse++;
        }
        if (!p->freelist)
            list_del(&p->slab_list);
    }
    n->in_use += got;
    return got;
}

/* ---- debug: a free object is poisoned and knows who freed it ---- */

#ifdef CLOUDOS_DEBUG
#define POISON      0x6b6b6b6b6b6b6b6bul
#define FREED_BY    1             /* the word that holds it */
#define FREED_MAGIC 0x5f5f0000ul  /* so that a text address in a used object does not look like it */
#define SMALLEST_CHECKED 32u

/* From word 2 on nobody has written since it was freed. */
static bool is_poisoned(const struct kmem_cache *c, const u64 *word)
{
    u32 i = FREED_BY + 1;

    while (i < c->size / 8 && word[i] == POISON)
        i++;
    return i == c->size / 8;
}

static void note_free(struct kmem_cache *c, void *obj, void *by)
{
    struct page *p = virt_to_page(obj);
    u64 *word = obj, freed_by = word[FREED_BY] ^ FREED_MAGIC;

    ASSERT((p->flags & PG_SLAB) && p->slab_cache == c);
    ASSERT(((u64)obj - (u64)page_to_virt(slab_of(obj))) % c->size == 0);
    if (c->size >= SMALLEST_CHECKED && freed_by >= KERNEL_BASE && is_poisoned(c, word))
        lockfree_misuse("slab: freed twice", obj, (void *)freed_by, by);
    memset(obj, 0x6b, c->size);
    if (c->size >= SMALLEST_CHECKED)
        word[FREED_BY] = (u64)by ^ FREED_MAGIC;
}

static void forget_free(struct kmem_cache *c, void *obj)
{
    if (c->size >= SMALLEST_CHECKED)
        ((u64 *)obj)[FREED_BY] = POISON;
}
#else
static void note_free(struct kmem_cache *c, void *obj, void *by)
{
}
static void forget_free(struct kmem_cache *c, void *obj)
{
}
#endif

/* ---- magazines ---- */

/* Interrupts off. False: the depot is full, or the batch is not all of one node. */
static bool depot_put(struct kmem_cache *c, struct slab_node *n, void **objs, bool *met)
{
    for (u32 i = 0; several_nodes && i < MAGAZINE_BATCH; i++)
        if (node_of(c, slab_of(objs[i])->node) != n)
            return false;
    return magazine_depot_put(&n->depot, objs, met);
}

static u32 take_objects(struct kmem_cache *c, struct slab_node *n, void **objs, u32 want)
{
    unsigned long flags;
    u32 got;

    spin_lock_irqsave(&n->lock, flags);
    (void)drain_remote_locked(c, n);
    got = take_objects_locked(n, objs, want);
    spin_unlock_irqrestore(&n->lock, flags);
    return got;
}

/* Of the slabs of any node, the nearest first. */
static u32 take_anywhere(struct kmem_cache *c, u16 nid, void **objs, u32 want)
{
    u32 got = 0;

    for (unsigned i = 0; i < zone_count && !got; i++)
        got = take_objects(c, node_of(c, zones[nid].fallback[i]), objs, want);
    return got;
}

/* Takes of the new slab before anybody else can. */
static u32 take_of_new(struct kmem_cache *c, struct page *slab, void **objs, u32 want)
{
    struct slab_node *n = node_of(c, slab->node);
    unsigned long flags;
    u32 got;

    spin_lock_irqsave(&n->lock, flags);
    add_slab_locked(c, n, slab);
    got = take_objects_locked(n, objs, want);
    spin_unlock_irqrestore(&n->lock, flags);
    return got;
}

/* Objects of the node's slabs, of a new one if need be. A node whose memory is out takes what the slabs of others have before it makes
 * one there: else it would make one at each call. Returns how many, 0 without memory. */
static u32 objects_from_slabs(struct kmem_cache *c, gfp_t gfp, int nid, void **objs, u32 want)
{
    u16 from = (u16)(nid < 0 ? numa_node_id() : nid);
    u32 got = take_objects(c, node_of(c, from), objs, want);
    struct page *slab = NULL;

    if (!got && several_nodes) {
        slab = slab_create(c, zones[from].fallback[0], gfp | GFP_NEAREST);
        got = slab ? 0 : take_anywhere(c, from, objs, want);
    }
    if (got)
        return got;
    if (!slab)
        slab = slab_create(c, nid, gfp);
    return slab ? take_of_new(c, slab, objs, want) : 0;
}

static __noinline void *refill(struct kmem_cache *c, gfp_t gfp)
{
    void *objs[MAGAZINE_BATCH];
    unsigned long flags = local_irq_save();
    struct magazine *m = this_cpu_ptr(c->magazine);
    bool met = false;
    u32 got;

    if (!m->count && magazine_unkeep(m)) {
        objs[0] = magazine_get(m);
        local_irq_restore(flags);
        forget_free(c, objs[0]);
        return objs[0];
    }
    got = magazine_depot_take(&node_of(c, (u16)numa_node_id())->depot, objs, &met);
    if (!got) {
        local_irq_restore(flags);
        got = objects_from_slabs(c, gfp, -1, objs, MAGAZINE_BATCH);
        if (!got)
            return NULL;
        flags = local_irq_save();
    }
    magazine_trip(this_cpu_ptr(c->magazine), met, c->depth_max);
    got = 1 + magazine_refill(this_cpu_ptr(c->magazine), objs + 1, got - 1);
    local_irq_restore(flags);
    while (got > 1) {
        forget_free(c, objs[--got]);
        kmem_cache_free(c, objs[got]);
    }
    forget_free(c, objs[0]);
    return objs[0];
}

static __noinline void *zero_object(struct kmem_cache *c, void *obj)
{
    return obj ? memset(obj, 0, c->size) : NULL;
}

static __noinline void *alloc_slow(struct kmem_cache *c, gfp_t gfp)
{
    void *obj = fail_alloc_now(gfp) ? NULL : refill(c, gfp);

    return gfp & GFP_ZERO ? zero_object(c, obj) : obj;
}

void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
    unsigned long flags;
    void *obj;

    if (unlikely(fail_alloc_interval))
        return alloc_slow(c, gfp);
    flags = local_irq_save();
    obj = magazine_get(this_cpu_ptr(c->magazine));
    local_irq_restore(flags);
    if (unlikely(!obj))
        return alloc_slow(c, gfp);
    forget_free(c, obj);
    return gfp & GFP_ZERO ? zero_object(c, obj) : obj;
}

/* Interrupts off: a batch that no longer fits goes to the depot, or each object to its slab. */
static void spill(struct kmem_cache *c, struct magazine *m)
{
    void *objs[MAGAZINE_BATCH];
    bool met = false, kept;
    u32 count;

    if (magazine_keep(m))
        return;
    count = magazine_spill(m, objs, MAGAZINE_BATCH);
    kept = count == MAGAZINE_BATCH && depot_put(c, node_of(c, slab_of(objs[0])->node), objs, &met);
    magazine_trip(m, met, c->depth_max);
    while (!kept && count) {
        struct slab_node *n = node_of(c, slab_of(objs[count - 1])->node);

        spin_lock(&n->lock);
        while (count && node_of(c, slab_of(objs[count - 1])->node) == n)
            put_object_locked(c, n, objs[--count]);
        spin_unlock(&n->lock);
    }
}

/* The magazine is full, or the object may belong to another node. */
static __noinline void free_slow(struct kmem_cache *c, void *obj)
{
    unsigned long flags = local_irq_save();
    struct magazine *m = this_cpu_ptr(c->magazine);
    struct slab_node *n = several_nodes ? node_of(c, virt_to_page(obj)->node) : NULL;

    if (n && n != node_of(c, (u16)numa_node_id())) {
        magazine_free_remote(&n->depot, obj);
    } else if (!magazine_put(m, obj)) {
        spill(c, m);
        (void)magazine_put(m, obj); /* there is room now */
    }
    local_irq_restore(flags);
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
    unsigned long flags;
    bool kept;

    note_free(c, obj, __builtin_return_address(0));
    if (unlikely(several_nodes)) {
        free_slow(c, obj);
        return;
    }
    flags = local_irq_save();
    kept = magazine_put(this_cpu_ptr(c->magazine), obj);
    local_irq_restore(flags);
    if (unlikely(!kept))
        free_slow(c, obj);
}

/* Memory is short: what lies in the inboxes of the nodes goes back, a piece at a time. */
void shrink_remote_frees(void)
{
    for (u32 i = 0; i < cache_count; i++) {
        for (unsigned nid = 0; several_nodes && nid < MAX_NODES; nid++) {
            struct slab_node *n = caches[i].node[nid];
            bool more = n;

            while (more) {
                unsigned long flags;

                spin_lock_irqsave(&n->lock, flags);
                more = drain_remote_locked(&caches[i], n);
                spin_unlock_irqrestore(&n->lock, flags);
            }
        }
    }
}

/* Memory is short: the running CPU keeps a batch of each cache and returns the rest. */
void shrink_local_magazines(void)
{
    unsigned long flags;

    for (u32 i = 0; i < cache_count; i++) {
        struct magazine *m;

        flags = local_irq_save();
        m = this_cpu_ptr(caches[i].magazine);
        magazine_shrink(m);
        while (magazine_holds(m) > m->depth)
            spill(&caches[i], m);
        local_irq_restore(flags);
    }
}

/* ---- caches ---- */

static u8 slab_order(u32 size)
{
    u8 order = 0;

    while ((PAGE_SIZE << order) / size < 8 && order < 3)
        order++;
    return order;
}

static void make_nodes(struct kmem_cache *c)
{
    for (unsigned nid = 0; nid < MAX_NODES; nid++) {
        struct slab_node *n = slab_nodes[nid] ? &slab_nodes[nid][c->id] : NULL;

        if (!n)
            continue;
        spin_lock_init(&n->lock);
        magazine_depot_init(&n->depot, max(DEPOT_BYTES / (c->size * MAGAZINE_BATCH), 1u));
        INIT_LIST_HEAD(&n->partial);
        c->node[nid] = n;
    }
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
    struct kmem_cache *c;

    spin_lock(&create_lock);
    ASSERT(cache_count < MAX_CACHES);
    c = &caches[cache_count];
    c->id = cache_count++;
    spin_unlock(&create_lock);
    align = max(align, sizeof(void *));
    c->size = (u32)ALIGN_UP(max(size, sizeof(struct inbox_node)), align); /* free on another node it stands in an inbox */
    c->order = slab_order(c->size);
    c->per_slab = (u32)(PAGE_SIZE << c->order) / c->size;
    c->depth_max = min(max(MAGAZINE_BYTES / c->size, MAGAZINE_START), MAGAZINE_MOST);
    c->magazine = &magazines[c->id];
    make_nodes(c);
    c->name = name;
    return c;
}

u64 nr_slab_pages(void)
{
    u64 n = 0;

    for (u32 i = 0; i < cache_count; i++)
        for (unsigned nid = 0; nid < MAX_NODES; nid++)
            n += caches[i].node[nid] ? READ_ONCE(caches[i].node[nid]->pages) : 0;
    return n;
}

void for_each_kmem_cache(void (*fn)(void *arg, const char *name, size_t size, u64 objects,
                                    u64 in_use),
                         void *arg)
{
    for (u32 i = 0; i < cache_count; i++) {
        const struct kmem_cache *c = &caches[i];
        u64 pages = 0, in_use = 0;

        for (unsigned nid = 0; nid < MAX_NODES; nid++) {
            pages += c->node[nid] ? READ_ONCE(c->node[nid]->pages) : 0;
            in_use += c->node[nid] ? READ_ONCE(c->node[nid]->in_use) : 0;
        }
        if (c->name)
            fn(arg, c->name, c->size, (pages >> c->order) * c->per_slab, in_use);
    }
}

/* ---- kmalloc: sizes of 2^n, and the two between that are worth it ---- */

#define KMALLOC_CLASSES 14
static const u16 class_size[KMALLOC_CLASSES] = {8,   16,  32,  48,   64,   96,   128,
                                                192, 256, 512, 1024, 2048, 4096, 8192};
static const char *const class_name[KMALLOC_CLASSES] = {
    "kmalloc-8",    "kmalloc-16",   "kmalloc-32",   "kmalloc-48",   "kmalloc-64",
    "kmalloc-96",   "kmalloc-128",  "kmalloc-192",  "kmalloc-256",  "kmalloc-512",
    "kmalloc-1024", "kmalloc-2048", "kmalloc-4096", "kmalloc-8192",
};
#define KMALLOC_MAX 8192
#define SMALL_MAX   256
static u8 small_class[SMALL_MAX / 8 + 1]; /* by (size + 7) / 8 */
static struct kmem_cache *kmalloc_caches[KMALLOC_CLASSES];

static struct kmem_cache *class_of(size_t size)
{
    if (size <= SMALL_MAX)
        return kmalloc_caches[small_class[(size + 7) / 8]];
    return kmalloc_caches[8 + (56 - __builtin_clzl(size - 1))];
}

static void *alloc_large(size_t size, gfp_t gfp, int nid)
{
    u64 pages = DIV_ROUND_UP(size, PAGE_SIZE);
    unsigned order = pages > 1 ? 64 - (unsigned)__builtin_clzl(pages - 1) : 0;
    struct page *p;

    if (order > MAX_ORDER)
        return size > (1UL << 40) ? NULL : vmalloc(size);
    p = alloc_pages_node(nid, gfp, order);
    if (!p)
        return NULL;
    p->flags = PG_HEAD;
    return page_to_virt(p);
}

void *kmalloc(size_t size, gfp_t gfp)
{
    if (unlikely(size > KMALLOC_MAX))
        return alloc_large(size, gfp, -1);
    return kmem_cache_alloc(class_of(size), gfp);
}

void *kmalloc_node(size_t size, gfp_t gfp, int nid)
{
    struct kmem_cache *c;
    void *obj;

    if (nid < 0 || (!several_nodes && size <= KMALLOC_MAX))
        return kmalloc(size, gfp);
    if (size > KMALLOC_MAX)
        return alloc_large(size, gfp, nid);
    c = class_of(size);
    if (fail_alloc_now(gfp) || !objects_from_slabs(c, gfp, nid, &obj, 1))
        return NULL;
    forget_free(c, obj);
    return gfp & GFP_ZERO ? zero_object(c, obj) : obj;
}

void kfree(const void *obj)
{
    struct page *p;

    if (!obj)
        return;
    if (unlikely((u64)obj >= VMALLOC_BASE && (u64)obj < VMALLOC_END)) {
        vfree((void *)obj);
        return;
    }
    p = virt_to_page(obj);
    if (likely(p->flags & PG_SLAB)) {
        kmem_cache_free(p->slab_cache, (void *)obj);
        return;
    }
    ASSERT(p->flags & PG_HEAD);
    p->flags = 0;
    put_page(p);
}

char *kstrdup(const char *s, gfp_t gfp)
{
    size_t n = strlen(s) + 1;
    char *copy = kmalloc(n, gfp);

    return copy ? memcpy(copy, s, n) : NULL;
}

static void alloc_slab_nodes(void)
{
    unsigned order = 0;

    while (PAGE_SIZE << order < MAX_CACHES * sizeof(struct slab_node))
        order++;
    for (unsigned nid = 0; nid < MAX_NODES; nid++) {
        struct page *p =
            nr_node_free_pages((int)nid) ? alloc_pages_node((int)nid, GFP_ZERO, order) : NULL;

        if (p)
            slab_nodes[nid] = page_to_virt(p);
    }
    ASSERT(slab_nodes[zones_first_node()]);
}

void slab_init(void)
{
    alloc_slab_nodes();
    for (unsigned class = 0, eighth = 0; class < KMALLOC_CLASSES; class ++)
        for (; eighth <= SMALL_MAX / 8 && eighth * 8 <= class_size[class]; eighth++)
            small_class[eighth] = (u8) class;
    for (unsigned i = 0; i < KMALLOC_CLASSES; i++) {
        size_t size = class_size[i];

        kmalloc_caches[i] =
            kmem_cache_create(class_name[i], size, size & (size - 1) ? 16 : min(size, PAGE_SIZE));
    }
    several_nodes = nr_nodes_with_memory() > 1;
}
