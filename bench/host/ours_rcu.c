/* ours_rcu.c: read sections and retiring through rcu_core.h: once as on the host, where a thread's quiet points are enough, once as
 * in the kernel, whose sections count so that a tick that comes inside one is no quiet point. */
#include "bench/host/host_rcu.h"
#include "bench/host/rcu_subject.h"

#define RETIRE_OURS(head, func) host_call_rcu(rcu, head, func)

BENCH_RCU_LOOPS(ours_quiet, struct rcu_head, struct host_rcu *rcu = t->own, bench_barrier(), bench_barrier(),
                host_rcu_operation(rcu), RETIRE_OURS, host_rcu_drain(rcu))
BENCH_RCU_LOOPS(ours_counted, struct rcu_head, struct host_rcu *rcu = t->own, host_rcu_read_lock(rcu), host_rcu_read_unlock(rcu),
                host_rcu_operation(rcu), RETIRE_OURS, host_rcu_drain(rcu))

static const struct bench_subject subjects[] = {
    BENCH_RCU_READ(ours_quiet, RCU_QUIET_POINTS, "rcu_core", "CloudOS", SIDE_OURS, host_rcu_enter, host_rcu_leave),
    BENCH_RCU_READ(ours_counted, RCU_SECTIONS, "rcu_core, counted", "CloudOS", SIDE_OURS, host_rcu_enter, host_rcu_leave),
    BENCH_RCU_RETIRE(ours_counted, "rcu_core", "CloudOS", SIDE_OURS, host_rcu_enter, host_rcu_leave),
};
BENCH_LIST(list_ours_rcu, subjects);
