// peer_tbb_queues.cc: oneTBB's queues. Both keep their elements in pages that they allocate.
#include <new>
#include <tbb/concurrent_queue.h>
#include "bench/host/flow_subject.h"

#define TBB "tbb " HOSTBENCH_TBB_VERSION

namespace {

using bounded = tbb::concurrent_bounded_queue<uint64_t>;
using unbounded = tbb::concurrent_queue<uint64_t>;

bounded *make(bounded *q)
{
    new (q) bounded;
    q->set_capacity(FLOW_RING);
    return q;
}

BENCH_STEP bool bounded_put(bounded *q, uint64_t v) { return q->try_push(v); }
BENCH_STEP bool bounded_take(bounded *q, uint64_t *v) { return q->try_pop(*v); }
BENCH_STEP bool unbounded_put(unbounded *q, uint64_t v)
{
    q->push(v);
    return true;
}
BENCH_STEP bool unbounded_take(unbounded *q, uint64_t *v) { return q->try_pop(*v); }

BENCH_RING_LOOPS(tbb_bounded, bounded, make(r), r->~bounded(), bounded_put, bounded_take)
BENCH_RING_LOOPS(tbb_unbounded, unbounded, new (r) unbounded, r->~unbounded(), unbounded_put, unbounded_take)

const struct bench_subject subjects[] = {
    BENCH_RING_SUBJECT(tbb_bounded, "MPMC ring", "bounded, lock-free", "tbb::concurrent_bounded_queue", TBB, SIDE_PEER),
    BENCH_RING_SUBJECT(tbb_unbounded, "MPMC ring", "unbounded, allocates", "tbb::concurrent_queue", TBB, SIDE_OTHER),
};

} // namespace

BENCH_LIST(list_tbb_queues, subjects)
