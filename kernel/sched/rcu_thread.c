/* rcu_thread.c: rcuc/N, a thread a CPU for the RCU callbacks that the CPU's switches and its idle loop leave over: those run a few at each
 * switch (core.c), and one tick that finds some of the last tick's wakes the thread. It runs them as a fair task that may be preempted
 * between any two pieces. It is parked while its CPU is away; until then, and where there is none, switches alone run them.
 * Must never be waited for by a callback. */
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/sched/kthread.h"
#include "kernel/sched/rq.h"

/* False: nothing is left over. */
static bool run_some(void)
{
    struct rq *rq;
    bool more;

    local_irq_disable();
    rq = this_rq();
    if (rcu_cpu_has_done(&rq->rcu) && !rq->rcu.running)
        sched_run_callbacks(rq);
    more = rcu_cpu_has_done(&rq->rcu);
    local_irq_enable();
    return more;
}

static int run_callbacks_of_cpu(void *unused)
{
    for (;;) {
        set_current_state(TASK_INTERRUPTIBLE | TASK_NOLOAD); /* then the look: the tick wakes it from the same CPU */
        if (!kthread_should_park() && !rcu_cpu_has_done(&this_cpu_hint(&runqueues)->rcu))
            schedule();
        set_current_state(TASK_RUNNING);
        if (kthread_should_park())
            kthread_parkme();
        while (run_some() && !kthread_should_park())
            (void)cond_resched();
    }
    return 0;
}

void sched_wake_rcu_thread(struct rq *rq)
{
    if (likely(rq->rcu_thread))
        (void)wake_up_process(rq->rcu_thread);
}

static void start_on(u32 cpu)
{
    char name[TASK_COMM_LEN];
    struct task_struct *t;

    snprintf(name, sizeof(name), "rcuc/%u", cpu);
    t = kthread_create_on_cpu(run_callbacks_of_cpu, NULL, (int)cpu, name);
    if (WARN_ON_ONCE(IS_ERR(t)))
        return;
    wake_up_new_task(t);
    WRITE_ONCE(cpu_rq(cpu)->rcu_thread, t);
}

void sched_start_threads(void)
{
    for_each_online_cpu(cpu) {
        stop_start_thread(cpu);
        start_on(cpu);
    }
}
