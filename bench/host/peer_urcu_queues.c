/* peer_urcu_queues.c: liburcu's stacks and its queue, inlined. cds_wfs and cds_wfcq push by an exchange and link afterwards: whoever
 * takes waits for a pusher that has not linked yet. An inbox that is emptied by its owner with interrupts off must not; hence
 * another contract. */
#define _LGPL_SOURCE
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/lfstack.h>
#include <urcu/wfcqueue.h>
#include <urcu/wfstack.h>
#include "bench/host/flow_subject.h"

#define URCU "liburcu " HOSTBENCH_URCU_VERSION

BENCH_STEP struct cds_wfs_node *wfs_detach(struct __cds_wfs_stack *s)
{
    struct cds_wfs_head *h = __cds_wfs_pop_all(s);

    return h ? cds_wfs_first(h) : NULL;
}

#define WFS_PUSH(l, n) (cds_wfs_node_init(n), cds_wfs_push(l, n))
BENCH_STACK_LOOPS(wfs, struct __cds_wfs_stack, struct cds_wfs_node, __cds_wfs_init(l), cds_wfs_node_init(n), WFS_PUSH, wfs_detach,
                  cds_wfs_next_blocking)

BENCH_STEP struct cds_lfs_node *lfs_detach(struct __cds_lfs_stack *s)
{
    struct cds_lfs_head *h = __cds_lfs_pop_all(s);

    return h ? &h->node : NULL;
}

#define LFS_NEXT(n) ((n)->next)
BENCH_STACK_LOOPS(lfs, struct __cds_lfs_stack, struct cds_lfs_node, __cds_lfs_init(l), cds_lfs_node_init(n), cds_lfs_push, lfs_detach,
                  LFS_NEXT)

/* The queue as one object; a spliced part is walked through its own head. */
struct wfcq {
    struct __cds_wfcq_head head __attribute__((aligned(128)));
    struct cds_wfcq_tail tail __attribute__((aligned(128)));
    struct __cds_wfcq_head taken_head __attribute__((aligned(128)));
    struct cds_wfcq_tail taken_tail;
};

static void wfcq_start(struct wfcq *q)
{
    __cds_wfcq_init(&q->head, &q->tail);
    __cds_wfcq_init(&q->taken_head, &q->taken_tail);
}

BENCH_STEP struct cds_wfcq_node *wfcq_detach(struct wfcq *q)
{
    __cds_wfcq_init(&q->taken_head, &q->taken_tail);
    if (__cds_wfcq_splice_blocking(&q->taken_head, &q->taken_tail, &q->head, &q->tail) == CDS_WFCQ_RET_SRC_EMPTY)
        return NULL;
    return __cds_wfcq_first_blocking(&q->taken_head, &q->taken_tail);
}

#define WFCQ_PUSH(l, n) (cds_wfcq_node_init(n), cds_wfcq_enqueue(&(l)->head, &(l)->tail, n))
#define WFCQ_NEXT(n) __cds_wfcq_next_blocking(&l->taken_head, &l->taken_tail, n)
BENCH_STACK_LOOPS(wfcq, struct wfcq, struct cds_wfcq_node, wfcq_start(l), cds_wfcq_node_init(n), WFCQ_PUSH, wfcq_detach, WFCQ_NEXT)

static const struct bench_subject subjects[] = {
    BENCH_STACK_SUBJECT(wfs, "inbox", "the taker waits for pushers", "cds_wfs", URCU, SIDE_OTHER),
    BENCH_STACK_SUBJECT(lfs, "inbox", "push, detach all, nobody waits", "cds_lfs", URCU, SIDE_PEER),
    BENCH_STACK_SUBJECT(wfcq, "inbox in order", "the taker waits for pushers", "cds_wfcq", URCU, SIDE_OTHER),
};
BENCH_LIST(list_urcu_queues, subjects);
