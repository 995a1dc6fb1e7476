/* ours_queues.c: inbox, MPMC ring and deque of lockfree/. */
#include "bench/host/flow_subject.h"
#include "lockfree/deque.h"
#include "lockfree/inbox.h"
#include "lockfree/mpmc_ring.h"

#define DETACH_REVERSED(l) inbox_reverse(inbox_detach_all(l))

BENCH_STACK_LOOPS(ours_inbox, struct inbox, struct inbox_node, l->head = NULL, inbox_node_init(n), inbox_push_mpsc, inbox_detach_all,
                  inbox_take_next)
BENCH_STACK_LOOPS(ours_inbox_fifo, struct inbox, struct inbox_node, l->head = NULL, inbox_node_init(n), inbox_push_mpsc,
                  DETACH_REVERSED, inbox_take_next)

struct ring_of_cells {
    struct mpmc_ring ring;
    struct mpmc_cell cells[FLOW_RING];
};

BENCH_STEP bool ring_take(struct ring_of_cells *r, uint64_t *v)
{
    return (*v = (uint64_t)(uintptr_t)mpmc_ring_pop_mpmc(&r->ring)) != 0;
}

#define RING_PUT(r, v) mpmc_ring_push_mpmc(&(r)->ring, (void *)(uintptr_t)(v))
BENCH_RING_LOOPS(ours_ring, struct ring_of_cells, mpmc_ring_init(&r->ring, r->cells, FLOW_RING), , RING_PUT, ring_take)

/* The owner alone: it pushes and pops. Thieves come in the contended row: thread 0 owns, the others steal. */
struct deque_of_slots {
    struct deque deque;
    void *slot[FLOW_RING];
};

static void deque_of_init(void *object, const struct bench_cell *cell)
{
    struct deque_of_slots *d = object;

    (void)cell;
    deque_init(&d->deque, d->slot, FLOW_RING);
}

static void deque_batch(struct bench_thread *t, uint64_t n)
{
    struct deque *d = &((struct deque_of_slots *)t->object)->deque;

    for (uint64_t i = 1; i <= n; i++) {
        t->bad += !deque_push_owner(d, (void *)i);
        t->bad += deque_pop_owner(d) != (void *)i;
    }
}

static void deque_run(struct bench_thread *t)
{
    struct deque *d = &((struct deque_of_slots *)t->object)->deque;

    while (bench_more(t)) {
        if (t->index)
            t->done += deque_steal(d) != NULL;
        else if (deque_push_owner(d, (void *)(t->writes + 1)))
            t->writes++;
        else
            t->done += deque_pop_owner(d) != NULL;
    }
    (void)atomic_fetch_add_relaxed(&t->data->a, t->done);
}

static bool deque_check(void *object, const struct bench_thread *threads, unsigned n)
{
    uint64_t taken = threads[0].data->a;

    while (deque_pop_owner(&((struct deque_of_slots *)object)->deque))
        taken++;
    return taken == threads[0].writes && bench_nothing_bad(object, threads, n);
}

static const struct bench_subject subjects[] = {
    BENCH_STACK_SUBJECT(ours_inbox, "inbox", "push, detach all, nobody waits", "inbox", "CloudOS", SIDE_OURS),
    BENCH_STACK_SUBJECT(ours_inbox_fifo, "inbox in order", "the same, oldest first", "inbox, reversed", "CloudOS", SIDE_OURS),
    BENCH_RING_SUBJECT(ours_ring, "MPMC ring", "bounded, lock-free", "mpmc_ring", "CloudOS", SIDE_OURS),
    {.structure = "deque", .contract = "owner pushes and pops, others steal", .name = "deque", .library = "CloudOS", .side = SIDE_OURS,
     .cells = CELLS_FLOW, .object_bytes = sizeof(struct deque_of_slots), .init = deque_of_init, .batch = deque_batch, .run = deque_run,
     .check = deque_check},
};
BENCH_LIST(list_ours_queues, subjects);
