/* urcu_subject.h: the loops of one flavour of liburcu. Included last by peer_urcu_FLAVOUR.c, which has included the flavour's header
 * (they map the same names) and defined URCU_KIND, URCU_NAME, URCU_SIDE, URCU_QUIET, URCU_LIST. */
#pragma once
#include "bench/host/rcu_subject.h"

#define URCU_LIBRARY "liburcu " HOSTBENCH_URCU_VERSION

static void urcu_enter(struct bench_thread *t)
{
    (void)t;
    rcu_register_thread();
}

/* What is retired is freed before the object goes away. */
static void urcu_leave(struct bench_thread *t)
{
    (void)t;
    rcu_barrier();
    rcu_unregister_thread();
}

/* A thread can register for deferring only once in its life. */
static void urcu_defer_enter(struct bench_thread *t)
{
    static __thread bool registered;

    urcu_enter(t);
    if (!registered && rcu_defer_register_thread())
        abort();
    registered = true;
}

static void urcu_defer_leave(struct bench_thread *t)
{
    (void)t;
    rcu_defer_barrier_thread();
    rcu_unregister_thread();
}

#define RETIRE_CALL(head, func) call_rcu(head, func)
#define RETIRE_DEFER(head, func) defer_rcu((void (*)(void *))(func), head)

BENCH_RCU_LOOPS(urcu_call, struct rcu_head, (void)0, rcu_read_lock(), rcu_read_unlock(), URCU_QUIET, RETIRE_CALL, rcu_barrier())
BENCH_RCU_LOOPS(urcu_defer, struct rcu_head, (void)0, rcu_read_lock(), rcu_read_unlock(), URCU_QUIET, RETIRE_DEFER,
                rcu_defer_barrier_thread())

static const struct bench_subject subjects[] = {
    BENCH_RCU_READ(urcu_call, URCU_KIND, "urcu-" URCU_NAME, URCU_LIBRARY, URCU_SIDE, urcu_enter, urcu_leave),
    BENCH_RCU_RETIRE(urcu_call, "call_rcu (" URCU_NAME ")", URCU_LIBRARY, SIDE_PEER, urcu_enter, urcu_leave),
    BENCH_RCU_RETIRE(urcu_defer, "defer_rcu (" URCU_NAME ")", URCU_LIBRARY, SIDE_PEER, urcu_defer_enter, urcu_defer_leave),
};
BENCH_LIST(URCU_LIST, subjects);
