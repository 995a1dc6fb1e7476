/* Owns address_space: lookups, insertion, truncation. Any page of the cache carries one reference
 * of the cache. Lock order: i_mmap_lock and lock are never held together. */
#include "kernel/mm/pagecache.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/radix64.h"
#include "kernel/mm/space.h"

#define TRUNCATE_BATCH 32u

void pagecache_init(void)
{
    radix64_init();
}

void address_space_init(struct address_space *as, struct inode *host)
{
    as->host = host;
    spin_lock_init(&as->lock);
    spin_lock_init(&as->i_mmap_lock);
    as->root = NULL;
    as->nrpages = 0;
    INIT_LIST_HEAD(&as->i_mmap);
    as->writable_mappings = 0;
    as->futex_id = 0;
    as->usage = NULL;
    as->limit = NULL;
}

/* A page found by an RCU read may be on its way out, or already be something else. */
static bool get_page_if_used(struct page *p)
{
    u32 refs = atomic_load_relaxed(&p->refs);

    do {
        if (!refs)
            return false;
    } while (!atomic_cas_acquire(&p->refs, &refs, refs + 1));
    return true;
}

struct page *find_get_page(struct address_space *as, u64 index)
{
    struct page *p;

    rcu_read_lock();
    for (;;) {
        p = radix64_lookup(&as->root, index);
        if (!p)
            break;
        if (get_page_if_used(p)) {
            if (likely(radix64_lookup(&as->root, index) == p))
                break;
            put_page(p);
        }
        cpu_relax();
    }
    rcu_read_unlock();
    return p;
}

/* One more page against the file system's size. */
static bool charge(struct address_space *as)
{
    if (!as->usage)
        return true;
    if (atomic_fetch_add_relaxed(as->usage, 1) < *as->limit || !*as->limit)
        return true;
    (void)atomic_fetch_sub_relaxed(as->usage, 1);
    return false;
}

static void uncharge(struct address_space *as, u64 pages)
{
    if (as->usage)
        (void)atomic_fetch_sub_relaxed(as->usage, pages);
}

static int insert(struct address_space *as, struct page *p, u64 index)
{
    int err;

    get_page(p);
    p->mapping = as;
    p->index = index;
    spin_lock(&as->lock);
    err = radix64_insert(&as->root, index, p);
    as->nrpages += !err;
    spin_unlock(&as->lock);
    if (err) {
        p->mapping = NULL;
        put_page(p);
        return err;
    }
    mm_count(MC_SHMEM, 1);
    return 0;
}

int add_to_page_cache(struct address_space *as, struct page *p, u64 index)
{
    int err = insert(as, p, index);

    if (!err && as->usage)
        (void)atomic_fetch_add_relaxed(as->usage, 1);
    return err;
}

struct page *find_or_create_page(struct address_space *as, u64 index)
{
    struct page *p;
    int err;

    while (!(p = find_get_page(as, index))) {
        if (!charge(as))
            return ERR_PTR(-ENOSPC);
        p = alloc_page(GFP_CACHE | GFP_ZERO);
        err = p ? insert(as, p, index) : -ENOMEM;
        if (!err)
            return p;
        uncharge(as, 1);
        if (p)
            put_page(p);
        if (err != -EEXIST)
            return ERR_PTR(err);
    }
    return p;
}

bool find_next_page(struct address_space *as, u64 *index)
{
    bool found;

    spin_lock(&as->lock);
    found = radix64_next(as->root, index) != NULL;
    spin_unlock(&as->lock);
    return found;
}

/* ---- truncation ---- */

/* Takes up to TRUNCATE_BATCH pages of [*index, last) out of the tree; *index moves on. */
static unsigned take_pages(struct address_space *as, u64 *index, u64 last, struct page **pages)
{
    unsigned n = 0;

    spin_lock(&as->lock);
    while (n < TRUNCATE_BATCH && *index < last) {
        struct page *p = radix64_next(as->root, index);

        if (!p || *index >= last)
            break;
        radix64_remove(&as->root, *index);
        WRITE_ONCE(p->mapping, NULL); /* partner: map_page_locked in fault_file.c */
        pages[n++] = p;
        ++*index;
    }
    as->nrpages -= n;
    spin_unlock(&as->lock);
    return n;
}

static void remove_range(struct address_space *as, u64 first, u64 last, bool copies)
{
    struct page *pages[TRUNCATE_BATCH];
    u64 from = first;
    unsigned n;

    while (from < last && (n = take_pages(as, &from, last, pages))) {
        atomic_fence_full(); /* mapping is cleared before tables are read; partner: the lock of the
                                table in the fault */
        if (!list_empty(&as->i_mmap))
            unmap_mapping_range(as, first, from - 1, copies);
        first = from;
        uncharge(as, n);
        mm_count(MC_SHMEM, -(s64)n);
        while (n)
            put_page(pages[--n]);
    }
    /* Where no page of the file is left there may be copies, still. */
    if (copies && !list_empty(&as->i_mmap))
        unmap_mapping_range(as, first, last - 1, true);
}

/* A hole: private copies of what was there stay, as on Linux. */
void truncate_pagecache_range(struct address_space *as, u64 first, u64 last)
{
    remove_range(as, first, last, false);
}

void truncate_pagecache(struct address_space *as, u64 newsize)
{
    unsigned tail = newsize & ~PAGE_MASK;
    struct page *p = tail ? find_get_page(as, newsize >> PAGE_SHIFT) : NULL;

    if (p) {
        memset((char *)page_to_virt(p) + tail, 0, PAGE_SIZE - tail);
        put_page(p);
    }
    remove_range(as, DIV_ROUND_UP(newsize, PAGE_SIZE), ~0UL >> PAGE_SHIFT, true);
}
