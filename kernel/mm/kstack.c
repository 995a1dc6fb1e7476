/* Kernel stacks: KSTACK_SIZE bytes in the vmalloc range, an unmapped page below and above. Mapped
 * once and kept: a free stack waits on its CPU's stack of stacks, then on its node's list, until
 * memory runs short. A stack's first word links it while it is free. alloc may not be called in
 * interrupts; free may be called in any context. */
#include "kernel/arch/x86/smp.h"
#include "kernel/lib/spinlock.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/vmalloc.h"
#include "kernel/task/task.h"
#include "percpu/percpu.h"

#define CPU_STACKS 16u

struct stack_cache {
    void *free;
    u32 count;
};

struct stack_pool {
    spinlock_t lock; /* interrupts off */
    void *free;
    u32 count;
} __cacheline_aligned;

static DEFINE_PER_CPU(struct stack_cache, stack_cache, NOIRQ);
static struct stack_pool pools[MAX_NODES];
static u64 stack_pages; /* atomic: all stacks, free ones included */

static void *pool_take(struct stack_pool *pool)
{
    unsigned long flags;
    void *s;

    if (!READ_ONCE(pool->free))
        return NULL;
    spin_lock_irqsave(&pool->lock, flags);
    s = pool->free;
    if (s) {
        pool->free = *(void **)s;
        pool->count--;
    }
    spin_unlock_irqrestore(&pool->lock, flags);
    return s;
}

static void *stack_make(int nid)
{
    void *s = vmalloc_node(KSTACK_SIZE / PAGE_SIZE, GFP_KERNEL, nid);

    if (s)
        (void)atomic_fetch_add_relaxed(&stack_pages, KSTACK_SIZE / PAGE_SIZE);
    return s;
}

/* nid < 0: near the running CPU. */
void *alloc_kernel_stack(int nid)
{
    unsigned long flags = local_irq_save();
    struct stack_cache *c = this_cpu_ptr(&stack_cache);
    void *s = NULL;

    if (likely(c->count && (nid < 0 || nid == numa_node_id()))) {
        s = c->free;
        c->free = *(void **)s;
        c->count--;
    }
    local_irq_restore(flags);
    if (likely(s))
        return s;
    if (nid < 0)
        nid = numa_node_id();
    s = pool_take(&pools[nid]);
    return s ? s : stack_make(nid);
}

void free_kernel_stack(void *s)
{
    unsigned long flags = local_irq_save();
    struct stack_cache *c = this_cpu_ptr(&stack_cache);

    if (likely(c->count < CPU_STACKS)) {
        *(void **)s = c->free;
        c->free = s;
        c->count++;
    } else {
        struct stack_pool *pool = &pools[numa_node_id()];

        spin_lock(&pool->lock);
        *(void **)s = pool->free;
        pool->free = s;
        pool->count++;
        spin_unlock(&pool->lock);
    }
    local_irq_restore(flags);
}

/* Unmaps the free stacks of all pools; pages gained. Interrupts are on. */
u64 reclaim_kernel_stacks(void)
{
    u64 gained = 0;

    for (unsigned nid = 0; nid < MAX_NODES; nid++) {
        void *s;

        while ((s = pool_take(&pools[nid]))) {
            vfree(s);
            gained += KSTACK_SIZE / PAGE_SIZE;
        }
    }
    (void)atomic_fetch_sub_relaxed(&stack_pages, gained);
    return gained;
}

u64 nr_free_stack_pages(void)
{
    u64 stacks = 0;

    for (unsigned nid = 0; nid < MAX_NODES; nid++)
        stacks += READ_ONCE(pools[nid].count);
    return stacks * (KSTACK_SIZE / PAGE_SIZE);
}

u64 nr_kernel_stack_pages(void)
{
    return atomic_load_relaxed(&stack_pages) - nr_free_stack_pages();
}
