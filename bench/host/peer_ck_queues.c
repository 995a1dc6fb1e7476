/* peer_ck_queues.c: Concurrency Kit's stack, ring and queue. The queue's nodes are the caller's and may only be used as nodes again: what
 * a taker is given back goes to the producers by a stack. */
#include <ck_fifo.h>
#include <ck_ring.h>
#include <ck_stack.h>
#include "bench/host/flow_subject.h"
#include "lockfree/env.h"

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

struct ck_queue {
    ck_fifo_mpmc_t fifo;
    ck_stack_t spare __attribute__((aligned(128)));
};

struct ck_queue_node {
    ck_fifo_mpmc_entry_t entry;
    ck_stack_entry_t spare;
};

/* Of a producer: taken from the stack at once. */
static __thread ck_stack_entry_t *ck_spares;

static struct ck_queue_node *queue_node(struct ck_queue *q)
{
    ck_stack_entry_t *n = ck_spares ? ck_spares : ck_stack_batch_pop_upmc(&q->spare);

    ck_spares = n ? n->next : NULL;
    return n ? lf_container_of(n, struct ck_queue_node, spare) : aligned_alloc(64, 64);
}

static void queue_init(struct ck_queue *q)
{
    ck_fifo_mpmc_init(&q->fifo, &((struct ck_queue_node *)aligned_alloc(64, 64))->entry);
    ck_stack_init(&q->spare);
}

BENCH_STEP bool queue_put(struct ck_queue *q, uint64_t v)
{
    ck_fifo_mpmc_enqueue(&q->fifo, &queue_node(q)->entry, (void *)(uintptr_t)v);
    return true;
}

BENCH_STEP bool queue_take(struct ck_queue *q, uint64_t *v)
{
    ck_fifo_mpmc_entry_t *used;
    void *p = NULL;

    if (!ck_fifo_mpmc_dequeue(&q->fifo, &p, &used))
        return false;
    *v = (uint64_t)(uintptr_t)p;
    ck_stack_push_upmc(&q->spare, &lf_container_of(used, struct ck_queue_node, entry)->spare);
    return true;
}

BENCH_RING_LOOPS(ck_fifo, struct ck_queue, queue_init(r), , queue_put, queue_take)

static const struct bench_subject subjects[] = {
    BENCH_STACK_SUBJECT(ck_stk, "inbox", "push, detach all, nobody waits", "ck_stack", CK, SIDE_PEER),
    BENCH_RING_SUBJECT(ck_mpmc, "MPMC ring", "bounded, lock-free", "ck_ring (mpmc)", CK, SIDE_PEER),
    BENCH_RING_SUBJECT(ck_fifo, "MPMC ring", "unbounded, the caller's nodes", "ck_fifo (mpmc)", CK, SIDE_OTHER),
};
BENCH_LIST(list_ck_queues, subjects);
