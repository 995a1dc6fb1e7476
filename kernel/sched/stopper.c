/* stopper.c: the class above all others. Of each CPU one task is of it, its stopper (migration/N), which runs what somebody wants done there while nothing
 * else runs: nothing preempts it, it does not yield, it has no time to account for, and it neither leaves its CPU nor is pushed or pulled. A call as an
 * interrupt (smp_call.h) is sooner, but it comes in the midst of whoever runs; here he has been switched away and waits in his queue.
 *
 * A CPU that leaves still takes its own stopper until it says that it has left; if it says so while the stopper is on its way, CPU 0 takes that in
 * as it does all mail, and there it does nothing but say so (-ENXIO). */
#include "kernel/sched/stopper.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/sched/kthread.h"
#include "kernel/sched/rq.h"
#include "kernel/sync/completion.h"

/* ---- the class: a list, because CPU 0 may have stoppers of CPUs that left ---- */

void stop_requeue(struct rq *rq, struct task_struct *t)
{
    list_add_tail(&t->rt.run_list, &rq->stops);
    t->se.on_rt = 1;
    rq->nr_urgent++;
}

void stop_dequeue(struct rq *rq, struct task_struct *t)
{
    list_del(&t->rt.run_list);
    t->se.on_rt = 0;
    rq->nr_urgent--;
}

static void stop_enqueue(struct rq *rq, struct task_struct *t)
{
    t->se.last_cpu = rq->q.cpu;
    stop_requeue(rq, t);
}

static bool stop_queued(const struct task_struct *t)
{
    return t->se.on_rt;
}

static void stop_tick(struct rq *rq, struct task_struct *curr)
{
}

const struct sched_class stop_sched_class = {"stop", stop_enqueue, stop_dequeue, stop_queued, stop_tick};

/* The one that runs goes on to its end. NULL: there is none. */
struct task_struct *stop_pick(struct rq *rq, struct task_struct *prev, bool prev_stays)
{
    if (prev_stays && task_is_stopper(prev))
        return prev;
    return list_empty(&rq->stops) ? NULL : list_first_entry(&rq->stops, struct task_struct, rt.run_list);
}

/* Its CPU, until that has left. */
u32 stop_select(const struct task_struct *t)
{
    u32 cpu = bitmap_find_and(t->se.rq.allowed, (u64 *)cpu_online_mask, nr_cpu_ids, 0);

    return cpu < nr_cpu_ids ? cpu : 0;
}

/* To user space a FIFO task of the highest priority, as on Linux; not yet started. */
static void make_stopper(struct task_struct *t)
{
    t->policy = SCHED_FIFO;
    t->rt_priority = MAX_RT_PRIO - 1;
    t->sched_class = &stop_sched_class;
    t->prio = t->normal_prio = PRIO_STOP;
}

/* ---- what it does ---- */

/* On the stack of who waits: not touched after complete(). */
struct stop_work {
    void (*fn)(void *);
    void *arg;
    int err;
    struct completion done;
};

static struct stopper {
    struct task_struct *task; /* set once, NULL: not yet */
    struct stop_work *work;   /* given by store, taken by exchange */
} stoppers[MAX_CPUS];

static void do_work(struct stop_work *w, unsigned cpu)
{
    local_irq_disable();
    if (smp_processor_id() == cpu)
        w->fn(w->arg);
    else
        w->err = -ENXIO;
    local_irq_enable();
    complete(&w->done);
}

static int serve_cpu(void *number)
{
    unsigned cpu = (unsigned)(unsigned long)number;
    struct stop_work *w;

    for (;;) {
        set_current_state(TASK_INTERRUPTIBLE | TASK_NOLOAD); /* then the look */
        w = atomic_xchg_full(&stoppers[cpu].work, NULL);
        if (!w && !kthread_should_park())
            schedule();
        set_current_state(TASK_RUNNING);
        if (w)
            do_work(w, cpu);
        if (kthread_should_park())
            kthread_parkme();
    }
    return 0;
}

bool stop_is_there(unsigned cpu)
{
    return stoppers[cpu].task;
}

int stop_one_cpu(unsigned cpu, void (*fn)(void *), void *arg)
{
    struct stop_work w = {.fn = fn, .arg = arg};

    if (!stop_is_there(cpu))
        return -ENOMEM;
    init_completion(&w.done);
    atomic_store_release(&stoppers[cpu].work, &w);
    (void)wake_up_process(stoppers[cpu].task);
    wait_for_completion(&w.done);
    return w.err;
}

void stop_park(unsigned cpu)
{
    (void)kthread_park(stoppers[cpu].task);
}

void stop_unpark(unsigned cpu)
{
    kthread_unpark(stoppers[cpu].task);
}

void stop_start_thread(unsigned cpu)
{
    char name[TASK_COMM_LEN];
    struct task_struct *t;

    snprintf(name, sizeof(name), "migration/%u", cpu);
    t = kthread_create_on_cpu(serve_cpu, (void *)(unsigned long)cpu, (int)cpu, name);
    if (WARN_ON_ONCE(IS_ERR(t)))
        return;
    make_stopper(t);
    wake_up_new_task(t);
    stoppers[cpu].task = t;
}
