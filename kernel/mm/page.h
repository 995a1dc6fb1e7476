/* Physical pages: struct page, the per-node allocator with per-CPU page stacks, and the physical map. */
#pragma once
#include "kernel/arch/x86/layout.h" /* PHYSMAP_BASE, phys_to_virt, virt_to_phys */
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "lockfree/atomic.h"
#include "lockfree/qlock.h"

typedef u32 gfp_t;
#define GFP_WAIT   0x01u /* may sleep for reclaim (OOM) */
#define GFP_ZERO   0x02u
#define GFP_NOWARN 0x04u
#define GFP_HIGHPRIO 0x08u /* may use the reserve */
#define GFP_NOFAIL 0x10u /* the failure switch spares it; may still be NULL when there is nothing */
#define GFP_NEAREST 0x80u /* of the nearest node with memory or not at all */
#define GFP_KERNEL GFP_WAIT
#define GFP_ATOMIC GFP_HIGHPRIO
#define GFP_LOWPRIO 0x20u /* leaves twice the reserve: the kernel must be able to go on when users have taken the rest */
#define GFP_CACHE  (GFP_WAIT | GFP_LOWPRIO | 0x40u) /* file pages: four times, so that a full tmpfs kills nobody */
#define GFP_USER   (GFP_WAIT | GFP_LOWPRIO)
#define MAX_ORDER  10 /* 4 MiB */

#define PG_RESERVED 0x1u
#define PG_BUDDY    0x2u
#define PG_SLAB     0x4u
#define PG_ANON     0x8u
#define PG_HEAD     0x10u
#define PG_TABLE    0x20u
#define PG_WIPED    0x40u /* its objects were wiped as they were freed: a debug kernel need not wipe it again */

struct kmem_cache;
struct address_space;
/* 64 bytes. refs: mappings and other users. Which union member is valid follows from flags. */
struct page {
    u32 flags;
    u32 refs;      /* atomic; 0 = free. User page-table entries that map it are counted here too */
    u16 node;
    u8 order;
    u8 pad;
    u32 pt_count;  /* page tables: entries that are not zero, under ptl */
    union {
        struct list_head lru;                                        /* buddy, per-CPU stacks, caller's lists */
        struct { struct address_space *mapping; u64 index; };        /* page cache */
        struct { struct kmem_cache *slab_cache; void *freelist; };   /* slab */
        struct { struct page *next;                                  /* per-CPU stacks */
                 u32 pt_shares; };                                   /* page tables: atomic, pgtable.h */
    };
    union {
        struct { u32 inuse; u32 objects; };
        struct { struct qlock ptl; u32 pt_special; };              /* page tables: kernel/mm/pgtable.h */
        u64 private;
    };
    struct list_head slab_list;
} __aligned(64);
_Static_assert(sizeof(struct page) == 64, "a section's struct pages fill one 2 MiB page");

#define VMEMMAP_BASE 0xffffea0000000000UL
#define vmemmap ((struct page *)VMEMMAP_BASE)
static inline struct page *pfn_to_page(u64 pfn) { return vmemmap + pfn; }
static inline u64 page_to_pfn(const struct page *p) { return (u64)(p - vmemmap); }
static inline u64 page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline void *page_to_virt(const struct page *p) { return phys_to_virt(page_to_phys(p)); }
static inline struct page *virt_to_page(const void *va) { return pfn_to_page(virt_to_phys(va) >> PAGE_SHIFT); }

void mm_init(void);                  /* takes the boot memory map over; afterwards page and slab allocators work */
void mm_init_cpu(unsigned cpu);      /* per-CPU stacks of an AP */
/* 2^order pages, or NULL. nid < 0: the running CPU's node first, then by distance. */
struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned order);
/* Gives memory that was never in the allocator to it: the initramfs archive, physical bytes, whole pages inside only. */
void free_reserved_range(u64 start, u64 end);
static inline struct page *alloc_page(gfp_t gfp) { return alloc_pages_node(-1, gfp, 0); }
static inline void get_page(struct page *p) { atomic_inc_relaxed(&p->refs); }
void put_page_free(struct page *p);
/* Where a free page was freed stands where the slab's list is while it is used. */
static inline void page_check_put(struct page *p)
{
    LF_MISUSE_IF(atomic_load_relaxed(&p->refs) == 0, "page: put while free", p, p->slab_list.prev);
#ifdef CLOUDOS_DEBUG
    if (atomic_load_relaxed(&p->refs) == 1)
        p->slab_list.prev = (struct list_head *)lf_here();
#endif
}
static inline void put_page(struct page *p)
{
    page_check_put(p);
    if (atomic_dec_and_test_full(&p->refs))
        put_page_free(p);
}
/* Is this the only reference, and gone now? Who looked a page up in a cache before it was freed there may still come to raise its count
 * for a moment (get_page_if_used(), take_if_used()), whatever it has become: a plain store would undo that. */
static inline bool page_drop_last(struct page *p)
{
    u32 one = 1;

    return atomic_cas_acquire(&p->refs, &one, 0);
}
void *get_zeroed_page(gfp_t gfp); /* virtual address or NULL */
void free_page_virt(void *va);
u64 nr_free_pages(void);
u64 nr_total_pages(void);
u64 nr_node_pages(int nid);
u64 nr_node_free_pages(int nid);
void drain_local_pages(void);                 /* the running CPU's stacks go back to the zones */
void clear_page(void *va);                    /* rep stosq */
void copy_page(void *dst, const void *src);   /* rep movsq */
int numa_node_id(void);                       /* node of the running CPU */
unsigned nr_nodes_with_memory(void);
unsigned zones_first_node(void);               /* the first node with memory */
/* One allocation-failure switch for tests: every n-th allocation of the current task fails (0: off). */
extern u32 fail_alloc_interval;
bool fail_alloc_now(gfp_t gfp);               /* whether the switch says that this allocation fails */
/* Frees a chain by page->next whose references are all dropped; clears their flags. */
void free_page_chain(struct page *chain);
