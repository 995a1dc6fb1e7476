/* drift_counter.h: a counter that many CPUs change and few read: each CPU keeps a small part of its own and folds it into the shared
 * word only when the part reaches the fold.
 *
 *              add(own part)   approx   sum
 *   each       yes             yes      yes      one CPU's part is changed by that CPU only, preemption off
 * Progress: add and approx are wait-free; sum reads every part once. Ordering: none.
 * Bounds: D2 approx differs from the truth by less than fold per CPU. D3 sum is exact when nobody adds meanwhile, and else lies
 * between values that were true during the call, but for folds that it sees half (at most one fold per CPU).
 * Reuse: the counter may be freed when nobody adds any more; what the parts hold is then forgotten by whoever owns them.
 * Source: McKenney, "Is Parallel Programming Hard", chapter 5 (statistical and approximate limit counters), 2011; Linux percpu_counter.
 * Where the parts live is the caller's choice: a per-CPU variable in the kernel, an array on the host. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct drift_counter {
    int64_t folded; /* RMW */
    int32_t fold;   /* set once, > 0 */
};
#define DRIFT_COUNTER_INIT(fold_) { 0, (fold_) }

/* `part` is the running CPU's. */
static inline void drift_counter_add(struct drift_counter *c, int32_t *part, int32_t n)
{
    int32_t mine = atomic_load_relaxed(part) + n;

    if (lf_unlikely(mine >= c->fold || mine <= -c->fold)) {
        (void)atomic_fetch_add_relaxed(&c->folded, mine);
        mine = 0;
    }
    atomic_store_relaxed(part, mine);
}

static inline int64_t drift_counter_approx(const struct drift_counter *c)
{
    return atomic_load_relaxed(&c->folded);
}

static inline int64_t drift_counter_sum(const struct drift_counter *c, const int32_t *(*part_of)(uint32_t cpu), uint32_t cpus)
{
    int64_t sum = atomic_load_relaxed(&c->folded);

    for (uint32_t cpu = 0; cpu < cpus; cpu++)
        sum += atomic_load_relaxed(part_of(cpu));
    return sum;
}
