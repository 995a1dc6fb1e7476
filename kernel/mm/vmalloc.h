/* Kernel memory mapped page by page at VMALLOC_BASE: large tables, and kernel stacks with a guard
 * page below. Addresses are reserved upward and reused by size; both operations are rare (stacks
 * are cached). */
#pragma once
#include "kernel/mm/slab.h"

/* Maps `pages` fresh pages of node nid at an address with an unmapped page on both sides. NULL: no
 * memory. */
void *vmalloc_node(u64 pages, gfp_t gfp, int nid);
struct page *vmalloc_to_page(const void *va);
