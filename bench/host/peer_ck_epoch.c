/* peer_ck_epoch.c: Concurrency Kit's epoch reclamation. A record belongs to a thread and is used again by the next thread of its index. */
#include <ck_epoch.h>
#include "bench/host/rcu_subject.h"

#define CK "ck " HOSTBENCH_CK_VERSION
#define POLL_EVERY 256

struct epoch_thread {
    ck_epoch_record_t record;
    unsigned operations;
    bool known;
} __attribute__((aligned(128)));

static ck_epoch_t epoch;
static struct epoch_thread epoch_threads[BENCH_MAX_THREADS];

__attribute__((constructor)) static void start_epoch(void)
{
    ck_epoch_init(&epoch);
}

static void epoch_enter(struct bench_thread *t)
{
    struct epoch_thread *e = &epoch_threads[t->index];

    if (!e->known)
        ck_epoch_register(&epoch, &e->record, NULL);
    e->known = true;
    t->own = e;
}

static void epoch_leave(struct bench_thread *t)
{
    ck_epoch_barrier(&((struct epoch_thread *)t->own)->record);
}

BENCH_STEP void poll_now_and_then(struct epoch_thread *e)
{
    if (++e->operations % POLL_EVERY == 0)
        ck_epoch_poll(&e->record);
}

#define RETIRE_CK(head, func) ck_epoch_call(&e->record, head, func)
BENCH_RCU_LOOPS(ck_rcu, ck_epoch_entry_t, struct epoch_thread *e = t->own, ck_epoch_begin(&e->record, NULL),
                ck_epoch_end(&e->record, NULL), poll_now_and_then(e), RETIRE_CK, ck_epoch_barrier(&e->record))

static const struct bench_subject subjects[] = {
    BENCH_RCU_READ(ck_rcu, RCU_SECTIONS, "ck_epoch", CK, SIDE_PEER, epoch_enter, epoch_leave),
    BENCH_RCU_RETIRE(ck_rcu, "ck_epoch_call", CK, SIDE_PEER, epoch_enter, epoch_leave),
};
BENCH_LIST(list_ck_epoch, subjects);
