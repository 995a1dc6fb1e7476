/* Periods of SRCU domains: the waiter drives them, one at a time, and naps between its looks. */
#include "kernel/sync/srcu_struct.h"
#include "kernel/lib/errno.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/time/ktime.h"

#define NAP_FIRST_NS (10 * NSEC_PER_USEC)
#define NAP_LONGEST_NS NSEC_PER_MSEC

int init_srcu_struct(struct srcu_struct *s)
{
    struct srcu_slot *slots = kzalloc(nr_cpu_ids * sizeof(*slots), GFP_KERNEL);

    if (!slots)
        return -ENOMEM;
    srcu_init(&s->core, slots, nr_cpu_ids);
    mutex_init(&s->mutex);
    return 0;
}

void cleanup_srcu_struct(struct srcu_struct *s)
{
    kfree(s->core.slots);
}

static void nap(s64 ns)
{
    set_current_state(TASK_UNINTERRUPTIBLE);
    schedule_hrtimeout(ktime_get_ns() + ns);
    set_current_state(TASK_RUNNING);
}

void synchronize_srcu(struct srcu_struct *s)
{
    u64 cookie = srcu_snapshot(&s->core);

    mutex_lock(&s->mutex);
    if (!srcu_poll(&s->core, cookie)) {
        srcu_start(&s->core);
        for (s64 ns = NAP_FIRST_NS; !srcu_advance(&s->core); ns = min(ns * 2, (s64)NAP_LONGEST_NS))
            nap(ns);
    }
    mutex_unlock(&s->mutex);
}
