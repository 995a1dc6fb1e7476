/* The page cache: pages of a file by index. tmpfs files live here whole; exec and mmap map these
 * pages.
 *
 *                find_get_page   find_or_create, add   truncate
 *   each         yes             yes                   yes
 * Lookups are RCU reads. lock guards the tree and nrpages, i_mmap_lock the list of VMAs. A page in
 * the cache has mapping == as; truncation clears that before it unmaps, so a fault that maps the
 * page checks it under the table's lock. */
#pragma once
#include "kernel/lib/spinlock.h"
#include "kernel/mm/page.h"
struct inode;
struct radix64;
struct address_space {
    struct inode *host;
    spinlock_t lock;
    spinlock_t i_mmap_lock;
    struct radix64 *root; /* kernel/mm/radix64.h: of struct page * */
    u64 nrpages;
    struct list_head i_mmap; /* VMAs that map it, for truncate; under i_mmap_lock */
    u32 writable_mappings;   /* atomic: shared writable VMAs */
    u64 futex_id; /* atomic: what futexes in it are known by, given once and to nobody else ever: waiters may outlive the mapping and this object; 0: none yet */
    u64 *usage; /* atomic: pages of the whole file system; this cache adds and removes its own.
                   NULL: not counted */
    const u64
        *limit; /* find_or_create_page: -ENOSPC when *limit is not 0 and *usage has reached it */
};
void address_space_init(struct address_space *as, struct inode *host);
/* RCU lookup: page with a reference, or NULL (hole). */
struct page *find_get_page(struct address_space *as, u64 index);
bool find_next_page(struct address_space *as, u64 *index); /* *index: that of the first page from there on */
/* Finds or adds a zeroed page; referenced; ERR_PTR(-ENOMEM / -ENOSPC). */
struct page *find_or_create_page(struct address_space *as, u64 index);
/* Inserts an existing page (initramfs unpack); the cache takes a reference. 0, -EEXIST, -ENOMEM. */
int add_to_page_cache(struct address_space *as, struct page *p, u64 index);
/* Drops pages from byte `newsize` on, clears the tail of the last page, unmaps them from all VMAs.
 */
void truncate_pagecache(struct address_space *as, u64 newsize);
/* The same for the whole pages [first, last): a hole (fallocate PUNCH_HOLE). */
void truncate_pagecache_range(struct address_space *as, u64 first, u64 last);
struct vm_operations_struct;
extern const struct vm_operations_struct
    filemap_vm_ops; /* shared and private mappings of a page-cache file */
