/* qlock_nodes.c: the waiting nodes of each CPU, on its own memory node. Owns nothing else; only lockfree/qlock.c touches them. */
#include "lockfree/qlock.h"
#include "percpu/percpu.h"

static DEFINE_PER_CPU(struct qlock_nodes, qlock_nodes, NOPREEMPT); /* waiters on other CPUs write next and first */

struct qlock_nodes *qlock_env_nodes(uint32_t cpu)
{
    return per_cpu_ptr(&qlock_nodes, cpu);
}
