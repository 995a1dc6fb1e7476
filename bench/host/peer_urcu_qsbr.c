/* peer_urcu_qsbr.c: liburcu's qsbr flavour, inlined as its manual says. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-qsbr.h>
#include "bench/host/subject.h"
#define URCU_NAME "qsbr"
#define URCU_LIST list_urcu_qsbr
#define URCU_KIND RCU_QUIET_POINTS
#define URCU_SIDE SIDE_PEER
#define URCU_QUIET urcu_quiet_now_and_then()

static __thread unsigned operations;

/* As often as ours. */
BENCH_STEP void urcu_quiet_now_and_then(void)
{
    if (++operations % 256 == 0)
        rcu_quiescent_state();
}

#include "bench/host/urcu_subject.h"
