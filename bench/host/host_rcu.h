/* host_rcu.h: lockfree/rcu_core.h for the benchmark's threads. A thread is a CPU; a read section counts, as the kernel's counts
 * preemption, and has no atomic operation; host_rcu_tick stands for the kernel's tick: a quiet point, then callbacks.
 * A thread is online from enter to leave and idle otherwise. Must never tick inside a read section. */
#pragma once
#include "bench/host/subject.h"
#include "lockfree/rcu_core.h"

#define HOST_RCU_TICK 256 /* operations between two ticks; the peers' quiet states come as often */

struct host_rcu {
    struct rcu_cpu cpu;
    uint32_t sections; /* owner */
    uint32_t until_tick;
} LF_CACHELINE;

extern struct host_rcu host_rcu[BENCH_MAX_THREADS];

void host_rcu_enter(struct bench_thread *t); /* t->own is this thread's struct host_rcu */
/* Runs every callback of this thread, then is idle. */
void host_rcu_leave(struct bench_thread *t);
void host_rcu_tick(struct host_rcu *r);
/* Returns when every callback queued by this thread has run. */
void host_rcu_drain(struct host_rcu *r);

static inline void host_rcu_read_lock(struct host_rcu *r)
{
    r->sections++;
    bench_barrier();
}

static inline void host_rcu_read_unlock(struct host_rcu *r)
{
    bench_barrier();
    r->sections--;
}

static inline void host_rcu_operation(struct host_rcu *r)
{
    if (lf_unlikely(--r->until_tick == 0)) {
        r->until_tick = HOST_RCU_TICK;
        host_rcu_tick(r);
    }
}

static inline void host_call_rcu(struct host_rcu *r, struct rcu_head *head, void (*func)(struct rcu_head *))
{
    rcu_cpu_enqueue(&r->cpu, head, func);
}
