/*
 * Memory before the page allocator: RAM of the boot record minus what is reserved, by node once the SRAT
 * is read. Only the first CPU uses it, before mm_init(); mm_init() takes every range that
 * bootmem_next_free() still yields and nothing may be allocated here afterwards.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define BOOTMEM_ANY_NODE (-1)

struct bootmem_cursor {
    uint32_t range;
    uint64_t from;
};

/* Takes RAM from boot_info; reserves the first 64 KiB, the kernel image and the initrd. */
void bootmem_init(void);

/* Memory above limit is not handed out (paging_init raises it when the physmap is complete). */
void bootmem_set_limit(uint64_t limit);

/* Splits the ranges at [start, end) and gives that part to node (from the SRAT). */
void bootmem_set_node(uint64_t start, uint64_t end, int node);

/* Never hand out [start, start + bytes). Rounded outward to pages. */
void bootmem_reserve(uint64_t start, uint64_t bytes);

/* Zeroed memory of the node, or of any node if it has none; physical address. Panics when there is none. */
uint64_t bootmem_alloc(uint64_t bytes, uint64_t align, int node);
/* The same, not cleared: for what is initialised later, piece by piece. */
uint64_t bootmem_alloc_dirty(uint64_t bytes, uint64_t align, int node);

/*
 * Walks what is free, in whole pages: start with a zeroed cursor, until false. *node is the node of the
 * range (0 when there is no SRAT).
 */
bool bootmem_next_free(struct bootmem_cursor *cursor, uint64_t *start, uint64_t *end, int *node);

/* Walks all RAM, free or not, in the same way (for page-struct arrays). */
bool bootmem_next_ram(struct bootmem_cursor *cursor, uint64_t *start, uint64_t *end, int *node);

uint64_t bootmem_top(void);                 /* end of the highest RAM byte */
