/* peer_ck_queues.c: Concurrency Kit's stack and ring. */
#include <ck_ring.h>
#include <ck_stack.h>
#include "bench/host/flow_subject.h"

#define CK "ck " HOSTBENCH_CK_VERSION

#define CK_NEXT(n) ((n)->next)
BENCH_STACK_LOOPS(ck_stk, ck_stack_t, ck_stack_entry_t, ck_stack_init(l), n->next = NULL, ck_stack_push_upmc, ck_stack_batch_pop_upmc,
                  CK_NEXT)

struct ck_ring_of {
    ck_ring_t ring;
    ck_ring_buffer_t buffer[FLOW_RING];
};

BENCH_STEP bool ck_put(struct ck_ring_of *r, uint64_t v)
{
    return ck_ring_enqueue_mpmc(&r->ring, r->buffer, (void *)(uintptr_t)v);
}

BENCH_STEP bool ck_take(struct ck_ring_of *r, uint64_t *v)
{
    void *p = NULL;
    bool there = ck_ring_dequeue_mpmc(&r->ring, r->buffer, &p);

    *v = (uint64_t)(uintptr_t)p;
    return there;
}

BENCH_RING_LOOPS(ck_mpmc, struct ck_ring_of, ck_ring_init(&r->ring, FLOW_RING), , ck_put, ck_take)

static const struct bench_subject subjects[] = {
    BENCH_STACK_SUBJECT(ck_stk, "inbox", "push, detach all, nobody waits", "ck_stack", CK, SIDE_PEER),
    BENCH_RING_SUBJECT(ck_mpmc, "MPMC ring", "bounded, lock-free", "ck_ring (mpmc)", CK, SIDE_PEER),
};
BENCH_LIST(list_ck_queues, subjects);
