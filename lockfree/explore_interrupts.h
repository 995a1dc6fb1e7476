/* explore_interrupts.h: interrupts for the explorer. The structures that are included after it call explore_point() before each atomic
 * access, where the including X_explore.c may run an interrupt's code, as a call on the interrupted thread: the same CPU, its program
 * order, its store buffer. When one comes, the scenario decides: a thread raises a line and the point looks at it, so that the explorer
 * tries every moment. None comes between two plain accesses. */
#pragma once
#include "lockfree/atomic.h"

static void explore_point(void);

/* For explore_point itself: which lines are up, and putting some of them down. */
static inline uint32_t explore_lines(const uint32_t *lines)
{
    return atomic_load_relaxed(lines);
}

static inline void explore_lines_down(uint32_t *lines, uint32_t which)
{
    (void)atomic_fetch_and_relaxed(lines, ~which);
}

#define __atomic_load_n(p, order) (explore_point(), __atomic_load_n((p), (order)))
#define __atomic_store_n(p, v, order) (explore_point(), __atomic_store_n((p), (v), (order)))
#define __atomic_exchange_n(p, v, order) (explore_point(), __atomic_exchange_n((p), (v), (order)))
#define __atomic_compare_exchange_n(p, expected, v, weak, order, fails) \
    (explore_point(), __atomic_compare_exchange_n((p), (expected), (v), (weak), (order), (fails)))
#define __atomic_fetch_add(p, v, order) (explore_point(), __atomic_fetch_add((p), (v), (order)))
#define __atomic_fetch_sub(p, v, order) (explore_point(), __atomic_fetch_sub((p), (v), (order)))
#define __atomic_fetch_or(p, v, order) (explore_point(), __atomic_fetch_or((p), (v), (order)))
#define __atomic_fetch_and(p, v, order) (explore_point(), __atomic_fetch_and((p), (v), (order)))
#define __atomic_sub_fetch(p, v, order) (explore_point(), __atomic_sub_fetch((p), (v), (order)))
