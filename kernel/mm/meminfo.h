/* Counters for /proc/meminfo and friends, and the order in which the parts of kernel/mm start.
 * Numbers are pages and may be a moment old. */
#pragma once
#include "kernel/lib/types.h"
#include "percpu/percpu.h"

/* Per CPU because every fault counts; the sum over CPUs is the number, one copy alone may be
 * negative. */
enum mm_counter_id { MC_ANON, MC_FILE, MC_SHMEM, MC_TABLES, MC_NR };
DECLARE_PER_CPU(s64, mm_counter[MC_NR]); /* ANYWHERE */
#define mm_count(id, n) this_cpu_add(mm_counter[id], n)

u64 nr_slab_pages(void);
u64 nr_pagetable_pages(void);
u64 nr_ready_tables(void);       /* zeroed, waiting for use: as good as free */
u64 nr_kernel_stack_pages(void); /* in use */
u64 nr_free_stack_pages(void); /* mapped, waiting for use; taken back before an allocation fails */
u64 reclaim_kernel_stacks(void); /* pages gained; task context, interrupts on, no spin lock held */
u64 nr_file_pages(void);         /* in page caches, shared memory included */
u64 nr_shmem_pages(void);
u64 nr_anon_pages(void);
u64 nr_vmalloc_pages(void);
/* Of the slab caches: calls fn for each. */
void for_each_kmem_cache(void (*fn)(void *arg, const char *name, size_t size, u64 objects,
                                    u64 in_use),
                         void *arg);

/* Called by mm_init() in this order. */
void slab_init(void);
void vmalloc_init(void);
