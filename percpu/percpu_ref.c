/* percpu_ref.c: the switches of percpu_ref.h. One switcher at a time; must never wait. */
#include "percpu/percpu_ref.h"

void percpu_ref_share_end(struct percpu_ref *r, percpu_ref_part_of *part_of, uint32_t cpus)
{
    int64_t sum = 0;

    LF_DEBUG_ASSERT(r->mode == PERCPU_REF_SHARING, r);
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        int64_t *part = part_of(r->part, cpu);

        sum += atomic_load_acquire(part); /* E1, E3 */
        atomic_store_relaxed(part, 0);
    }
    (void)atomic_fetch_add_full(&r->count, (uint64_t)sum - PERCPU_REF_BIAS); /* E2 */
    atomic_store_release(&r->mode, PERCPU_REF_SHARED);
}

void percpu_ref_spread(struct percpu_ref *r)
{
    LF_DEBUG_ASSERT(r->mode == PERCPU_REF_SHARED, r);
    (void)atomic_fetch_add_relaxed(&r->count, PERCPU_REF_BIAS);
    atomic_store_release(&r->mode, PERCPU_REF_SPREAD); /* E4 */
}
