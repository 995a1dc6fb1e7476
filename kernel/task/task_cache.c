/*
 * task_cache.c: memory of tasks. Owns the per-CPU stacks of free {task_struct, kernel stack} pairs
 * and the count of threads. A free task keeps its kernel stack and its scheduling statistics; every
 * other field is undefined until copy_process() sets it. Published tasks come back only through put_task_struct() and a
 * grace period.
 */
#include "kernel/arch/x86/smp.h"
#include "kernel/arch/x86/switch.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task_internal.h"
#include "percpu/drift_counter.h"

#define TASK_CACHE_MAX 64u
#define THREADS_FOLD   32

/* NOIRQ: free pairs, linked through rcu.next. */
struct task_shelf {
    struct task_struct *first;
    u32 count;
};
static DEFINE_PER_CPU(struct task_shelf, task_shelf, NOIRQ);
static DEFINE_PER_CPU(s32, threads_part, NOPREEMPT); /* this CPU's part of `threads` */
static struct drift_counter threads = DRIFT_COUNTER_INIT(THREADS_FOLD);
static struct kmem_cache *task_cache;

static void task_cache_init(void)
{
    task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 64);
    ASSERT(task_cache);
}

void nr_threads_add(int n)
{
    preempt_disable();
    drift_counter_add(&threads, this_cpu_ptr(&threads_part), n);
    preempt_enable();
}

static const s32 *threads_part_of(u32 cpu)
{
    return per_cpu_ptr(&threads_part, cpu);
}

u32 nr_threads(void)
{
    s64 n = drift_counter_sum(&threads, threads_part_of, nr_cpu_ids);

    return n < 0 ? 0 : (u32)n;
}

static struct task_struct *task_take(void)
{
    unsigned long flags = local_irq_save();
    struct task_shelf *s = this_cpu_ptr(&task_shelf);
    struct task_struct *t = s->first;

    if (likely(t)) {
        s->first = (struct task_struct *)t->rcu.next;
        s->count--;
    }
    local_irq_restore(flags);
    return t;
}

static bool task_put_back(struct task_struct *t)
{
    unsigned long flags = local_irq_save();
    struct task_shelf *s = this_cpu_ptr(&task_shelf);
    bool room = s->count < TASK_CACHE_MAX;

    if (likely(room)) {
        t->rcu.next = (struct rcu_head *)s->first;
        s->first = t;
        s->count++;
    }
    local_irq_restore(flags);
    return room;
}

static struct task_struct *task_make(void)
{
    struct task_struct *t = kmem_cache_alloc(task_cache, GFP_KERNEL);

    if (!t)
        return NULL;
    t->stack = alloc_kernel_stack(-1);
    t->thread.fpu = NULL;
    memset(&t->se.statistics, 0, sizeof(t->se.statistics)); /* sched_fork() does so once they are used */
    if (t->stack)
        return t;
    kmem_cache_free(task_cache, t);
    return NULL;
}

struct task_struct *alloc_task_struct(void)
{
    struct task_struct *t;

    if (unlikely(drift_counter_approx(&threads) >= (s64)max_threads))
        return NULL;
    t = task_take();
    return likely(t) ? t : task_make();
}

void free_unborn_task(struct task_struct *t)
{
    exit_thread(t);
    if (likely(task_put_back(t)))
        return;
    free_kernel_stack(t->stack);
    kmem_cache_free(task_cache, t);
}

/* After a grace period: nobody can find the task, and its own last context switch is long over. */
static void task_free_rcu(struct rcu_head *head)
{
    struct task_struct *t = container_of(head, struct task_struct, rcu);

    put_signal(t->signal);
    put_sighand(t->sighand);
    put_cred(t->real_cred);
    if (t->cred != t->real_cred)
        put_cred(t->cred);
    if (unlikely(t->kthread))
        kfree(t->kthread);
    free_unborn_task(t);
}

void free_task_struct(struct task_struct *t)
{
    call_rcu(&t->rcu, task_free_rcu);
}

void task_init(void)
{
    cred_init();
    pid_init(nr_cpu_ids);
    task_cache_init();
    signal_init();
    max_threads = (u32)min(nr_total_pages() / (8 * KSTACK_SIZE / PAGE_SIZE), (u64)pid_max);
    init_task.signal->rlim[RLIMIT_NPROC].rlim_cur = max_threads / 2;
    init_task.signal->rlim[RLIMIT_NPROC].rlim_max = max_threads / 2;
    init_task.signal->rlim[RLIMIT_SIGPENDING] = init_task.signal->rlim[RLIMIT_NPROC];
}
