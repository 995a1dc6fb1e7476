/* ours_counts.c: reference counts, bit maps and drift counters. */
#include "bench/host/count_subject.h"
#include "lockfree/bitmap.h"
#include "lockfree/refcount.h"
#include "percpu/drift_counter.h"
#include "percpu/percpu_ref.h"

BENCH_COUNT_LOOPS(ours_ref, refcount_t, refcount_set(c, 1), refcount_get(c), (void)refcount_put(c), refcount_read(c) == 1)

struct bits {
    uint64_t word[BITMAP_WORDS(COUNT_BITS)];
};

BENCH_COUNT_LOOPS(ours_bits, struct bits, , bitmap_set(c->word, COUNT_BIT(t)), bitmap_clear(c->word, COUNT_BIT(t)),
                  bitmap_weight(c->word, COUNT_BITS) == 0)

struct drift {
    struct drift_counter counter;
    struct {
        int32_t part LF_CACHELINE;
    } of[BENCH_MAX_THREADS];
};

BENCH_COUNT_LOOPS(ours_drift, struct drift, c->counter.fold = 64, drift_counter_add(&c->counter, &c->of[t->index].part, 1),
                  drift_counter_add(&c->counter, &c->of[t->index].part, -1), true)

struct spread_ref {
    struct percpu_ref ref;
    struct {
        int64_t part LF_CACHELINE;
    } of[BENCH_MAX_THREADS];
};

static void spread(struct spread_ref *s)
{
    percpu_ref_init(&s->ref, 0, 1);
    percpu_ref_spread(&s->ref);
}

static bool spread_is_clean(struct spread_ref *s)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < BENCH_MAX_THREADS; i++)
        sum += s->of[i].part;
    return sum == 0;
}

BENCH_COUNT_LOOPS(ours_spread, struct spread_ref, spread(c), percpu_ref_get(&c->ref, &c->of[t->index].part),
                  (void)percpu_ref_put(&c->ref, &c->of[t->index].part), spread_is_clean(c))

static const struct bench_subject subjects[] = {
    BENCH_COUNT_SUBJECT(ours_ref, "reference count", "get and put, caught at overflow", "refcount", "CloudOS", SIDE_OURS),
    BENCH_COUNT_SUBJECT(ours_spread, "per-CPU reference", "get and put, each CPU in its own part", "percpu_ref", "CloudOS", SIDE_OURS),
    BENCH_COUNT_SUBJECT(ours_bits, "bit map", "set and clear a bit", "bitmap", "CloudOS", SIDE_OURS),
    BENCH_COUNT_SUBJECT(ours_drift, "counter", "drifts by a fold per CPU", "drift_counter", "CloudOS", SIDE_OURS),
};
BENCH_LIST(list_ours_counts, subjects);
