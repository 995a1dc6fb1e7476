/* host_rcu.c: see host_rcu.h. */
#include "bench/host/host_rcu.h"
#include <sched.h>
#include <stdlib.h>

#define CALLBACKS_AT_ONCE 4096

struct host_rcu host_rcu[BENCH_MAX_THREADS];
static bool known[BENCH_MAX_THREADS]; /* the thread of this index only */

void rcu_env_kick(unsigned cpu)
{
    (void)cpu; /* every thread ticks by itself */
}

void rcu_env_free(void *object)
{
    free(object);
}

/* For structures that enter read sections themselves: between two ticks a thread is inside one anyway. */
void rcu_read_lock(void)
{
    bench_barrier();
}

void rcu_read_unlock(void)
{
    bench_barrier();
}

static void wake_up(struct bench_thread *t)
{
    struct host_rcu *r = &host_rcu[t->index];

    if (known[t->index]) {
        rcu_cpu_idle_exit(&r->cpu);
        return;
    }
    rcu_cpu_online(&r->cpu, t->index);
    known[t->index] = true;
}

void host_rcu_enter(struct bench_thread *t)
{
    struct host_rcu *r = &host_rcu[t->index];

    wake_up(t);
    r->until_tick = HOST_RCU_TICK;
    t->own = r;
}

static void invoke(struct host_rcu *r, unsigned max)
{
    if (rcu_cpu_has_done(&r->cpu))
        r->cpu.queued -= rcu_invoke(rcu_cpu_take_done(&r->cpu, max));
}

void host_rcu_tick(struct host_rcu *r)
{
    LF_ASSERT(r->sections == 0, r);
    rcu_cpu_quiet(&r->cpu);
    rcu_cpu_advance(&r->cpu);
    if (rcu_cpu_has_callbacks(&r->cpu))
        rcu_force_quiet(false);
    invoke(r, CALLBACKS_AT_ONCE);
}

void host_rcu_drain(struct host_rcu *r)
{
    while (rcu_cpu_has_callbacks(&r->cpu)) {
        host_rcu_tick(r);
        if (rcu_cpu_has_callbacks(&r->cpu) && !rcu_cpu_has_done(&r->cpu))
            sched_yield();
    }
}

void host_rcu_leave(struct bench_thread *t)
{
    struct host_rcu *r = t->own;

    host_rcu_drain(r);
    rcu_cpu_idle_enter(&r->cpu);
}
