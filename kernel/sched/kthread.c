/* kthread.c: kernel threads. They are children of whoever makes them (the boot task), run in no address space of their own and
 * never return to user mode; a function that returns ends its thread. */
#include "kernel/sched/rq.h"
#include "kernel/lib/err.h"
#include "kernel/mm/slab.h"
#include "kernel/task/process.h"

struct kthread_start {
    int (*fn)(void *);
    void *arg;
};

static int kthread_main(void *data)
{
    struct kthread_start start = *(struct kthread_start *)data;

    kfree(data);
    do_exit(start.fn(start.arg));
}

static void bind_unstarted(struct task_struct *t, unsigned cpu)
{
    for (u32 w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++)
        t->se.cpus_mask[w] = 0;
    bitmap_set_plain((u64 *)t->se.cpus_mask, cpu);
    t->se.nr_cpus_allowed = 1;
    t->se.last_cpu = cpu;
}

struct task_struct *kthread_create_on_cpu(int (*fn)(void *), void *arg, int cpu, const char *name)
{
    struct kthread_start *start = kmalloc(sizeof(*start), GFP_KERNEL);
    struct kernel_clone_args args = {
        .flags = CLONE_FS | CLONE_FILES, .fn = kthread_main, .fn_arg = start, .name = name, .cpu = cpu, .node = -1};
    struct task_struct *t;

    if (!start)
        return ERR_PTR(-ENOMEM);
    *start = (struct kthread_start){fn, arg};
    t = copy_process(&args);
    if (IS_ERR(t))
        kfree(start);
    else if (cpu >= 0)
        bind_unstarted(t, (unsigned)cpu);
    return t;
}

struct task_struct *kthread_run(int (*fn)(void *), void *arg, const char *name)
{
    struct task_struct *t = kthread_create_on_cpu(fn, arg, -1, name);

    if (!IS_ERR(t))
        wake_up_new_task(t);
    return t;
}
