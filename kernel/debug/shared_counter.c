/* shared_counter.c: a fault of known size. With the boot option `getppid_shared_counter` each getppid adds one to one word of the whole kernel, so
 * that processes that have nothing to do with each other share one line, once a call. Debug kernels only; must never be used by anything else. */
#include "kernel/debug/shared_counter.h"
#include "kernel/lib/param.h"
#include "lockfree/atomic.h"

#ifdef CLOUDOS_DEBUG
static struct {
    u64 n;
} __cacheline_aligned getppid_shared_counter; /* alone on its line; RMW by anyone */
static bool counts;                            /* set once, on the boot CPU */

/* A function of its own: a report of lines names it beside the counter. */
__noinline void shared_counter_count(void)
{
    if (unlikely(counts))
        (void)atomic_fetch_add_relaxed(&getppid_shared_counter.n, 1);
}

static int set_counts(const char *value)
{
    counts = true;
    return 0;
}
KERNEL_PARAM("getppid_shared_counter", set_counts);
#endif
