/* The buddy allocator of each node: blocks of 2^order pages, and the sections whose struct pages
 * are not yet initialised. Private to kernel/mm: everybody else takes pages through page.h.
 *
 * A section is 128 MiB of physical memory: its struct pages fill exactly one 2 MiB page of the
 * vmemmap. Sections are initialised one at a time when a node runs low, so that boot time does not
 * grow with memory. */
#pragma once
#include "kernel/lib/spinlock.h"
#include "kernel/mm/page.h"

#define SECTION_SHIFT 27
#define SECTION_PAGES (1UL << (SECTION_SHIFT - PAGE_SHIFT))
#define MAX_SECTIONS  16384 /* 2 TiB */

/* Guard: lock, interrupts off, except where noted. */
struct zone {
    spinlock_t lock;
    u64 free_pages;     /* in the free lists */
    u64 deferred_pages; /* free, in sections not initialised: atomic */
    struct list_head free[MAX_ORDER + 1];
    u64 present_pages;       /* set once: what was ever given to the allocator, and the image */
    u64 reserve_pages;       /* set once: only GFP_HIGHPRIO goes below */
    u32 next_section;        /* under section_lock: where to look for a deferred one */
    u16 fallback[MAX_NODES]; /* set once: nodes with memory by distance, itself first */
} __cacheline_aligned;

extern struct zone zones[MAX_NODES];
extern unsigned zone_count; /* nodes with memory; fallback[] has as many entries */

/* One block, or NULL; refs and flags are not yet set. */
struct page *zone_alloc(struct zone *z, gfp_t gfp, unsigned order);
/* Up to n single pages chained by page->next; *got says how many. */
struct page *zone_alloc_bulk(struct zone *z, gfp_t gfp, unsigned n, unsigned *got);
void zone_free(struct page *p, unsigned order);
/* Frees a chain by page->next, of any nodes. */
void zone_free_chain(struct page *chain);
void zones_init(void); /* takes bootmem over */
