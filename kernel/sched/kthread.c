/* kthread.c: kernel threads. They are kthreadd's children, run in no address space of their own and never return to user mode; a
 * function that returns ends its thread.
 *
 * Parking. A thread that serves one CPU must not run while that CPU is away, and must not be caught in the middle of its work. So it is
 * asked, and parks itself where it holds nothing: TASK_PARKED is a class of its own that no other wake-up and no signal ends.
 *
 *   flag         set by                          cleared by
 *   SHOULD_PARK  kthread_park                    kthread_unpark
 *   IS_PARKED    the thread, while SHOULD_PARK   kthread_unpark, with SHOULD_PARK
 *   HAS_ENDED    the thread, its last            nobody
 *
 * Each change is one RMW, so exactly one of the three (the thread parks, ends, is unparked before it came to either) completes `parked`
 * for whoever waits in kthread_park(). */
#include "kernel/sched/kthread.h"
#include "kernel/lib/err.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/rq.h"
#include "kernel/sync/completion.h"
#include "kernel/task/process.h"

#define SHOULD_PARK 1u
#define IS_PARKED   2u
#define HAS_ENDED   4u
#define NAP_NS (50 * NSEC_PER_USEC)

/* Lives as long as its task. */
struct kthread {
    int (*fn)(void *); /* set once */
    void *arg;
    u32 flags; /* RMW */
    struct completion parked;
};

static int kthread_main(void *data)
{
    struct kthread *k = data;
    int code = k->fn(k->arg);
    u32 old = atomic_fetch_or_full(&k->flags, HAS_ENDED);

    if ((old & (SHOULD_PARK | IS_PARKED)) == SHOULD_PARK)
        complete(&k->parked);
    do_exit(code);
}

void kthread_bind(struct task_struct *t, unsigned cpu)
{
    for (u32 w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++)
        t->se.cpus_mask[w] = 0;
    bitmap_set_plain((u64 *)t->se.cpus_mask, cpu);
    t->se.nr_cpus_allowed = 1;
    t->se.last_cpu = cpu;
    t->flags |= PF_NO_SETAFFINITY;
}

struct task_struct *kthread_create_on_cpu(int (*fn)(void *), void *arg, int cpu, const char *name)
{
    struct kthread *k = kmalloc(sizeof(*k), GFP_KERNEL);
    struct kernel_clone_args args = {
        .flags = CLONE_FS | CLONE_FILES, .fn = kthread_main, .fn_arg = k, .name = name, .cpu = cpu, .node = -1};
    struct task_struct *t;

    if (!k)
        return ERR_PTR(-ENOMEM);
    *k = (struct kthread){.fn = fn, .arg = arg};
    init_completion(&k->parked);
    t = copy_process(&args);
    if (IS_ERR(t)) {
        kfree(k);
        return t;
    }
    t->kthread = k;
    if (cpu >= 0)
        kthread_bind(t, (unsigned)cpu);
    return t;
}

struct task_struct *kthread_run(int (*fn)(void *), void *arg, const char *name)
{
    struct task_struct *t = kthread_create_on_cpu(fn, arg, -1, name);

    if (!IS_ERR(t))
        wake_up_new_task(t);
    return t;
}

/* ---- parking: who asks ---- */

/* It has said that it is parked, perhaps a moment before it left its CPU. */
static void await_asleep(struct task_struct *t)
{
    while (atomic_load_acquire(&t->kthread->flags) & IS_PARKED && OWN_STATE(own_read(&t->se.rq.own)) != OWN_PARKED) {
        set_current_state(TASK_UNINTERRUPTIBLE);
        (void)schedule_hrtimeout(ktime_get_ns() + NAP_NS);
    }
}

/* 0, -ENOSYS, -EBUSY. Who asks himself is not to be told: he counts as parked from here on. */
static int ask(struct kthread *k, bool self)
{
    u32 old = atomic_load_relaxed(&k->flags);

    do {
        if (old & HAS_ENDED)
            return -ENOSYS;
        if (old & SHOULD_PARK)
            return -EBUSY;
    } while (!atomic_cas_full(&k->flags, &old, old | SHOULD_PARK | (self ? IS_PARKED : 0)));
    return 0;
}

int kthread_park(struct task_struct *t)
{
    struct kthread *k = t->kthread;
    int err = k ? ask(k, t == current) : -EINVAL;

    if (err || t == current)
        return err;
    (void)wake_up_process(t);
    wait_for_completion(&k->parked);
    await_asleep(t);
    return atomic_load_acquire(&k->flags) & HAS_ENDED ? -ENOSYS : 0;
}

void kthread_unpark(struct task_struct *t)
{
    struct kthread *k = t->kthread;
    u32 old;

    if (!k)
        return;
    old = atomic_fetch_and_full(&k->flags, ~(SHOULD_PARK | IS_PARKED));
    if ((old & (SHOULD_PARK | IS_PARKED | HAS_ENDED)) == SHOULD_PARK)
        complete(&k->parked);
    if (old & SHOULD_PARK)
        (void)wake_up_state(t, TASK_PARKED);
}

/* ---- the thread itself ---- */

bool kthread_should_park(void)
{
    return atomic_load_acquire(&current->kthread->flags) & SHOULD_PARK;
}

/* False: nobody asks. */
static bool say_parked(struct kthread *k)
{
    u32 old = atomic_load_relaxed(&k->flags);

    do {
        if (!(old & SHOULD_PARK))
            return false;
        if (old & IS_PARKED)
            return true; /* a spurious wake-up, or it asked itself */
    } while (!atomic_cas_full(&k->flags, &old, old | IS_PARKED));
    complete(&k->parked);
    return true;
}

/* The state first: an unpark after this look at the flags wakes the thread. */
void kthread_parkme(void)
{
    for (;;) {
        set_current_state(TASK_PARKED);
        if (!say_parked(current->kthread))
            break;
        schedule();
    }
    set_current_state(TASK_RUNNING);
}
