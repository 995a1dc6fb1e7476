/* peer_ck_epoch.c: Concurrency Kit's epoch reclamation. */
#include "bench/host/ck_epoch_user.h"
#include "bench/host/rcu_subject.h"

#define CK "ck " HOSTBENCH_CK_VERSION

#define RETIRE_CK(head, func) ck_epoch_call(&e->record, head, func)
BENCH_RCU_LOOPS(ck_rcu, ck_epoch_entry_t, struct epoch_user *e = t->own, ck_epoch_begin(&e->record, NULL),
                ck_epoch_end(&e->record, NULL), epoch_poll_now_and_then(e), RETIRE_CK, ck_epoch_barrier(&e->record))

static const struct bench_subject subjects[] = {
    BENCH_RCU_READ(ck_rcu, RCU_SECTIONS, "ck_epoch", CK, SIDE_PEER, epoch_enter, epoch_leave),
    BENCH_RCU_RETIRE(ck_rcu, "ck_epoch_call", CK, SIDE_PEER, epoch_enter, epoch_leave),
};
BENCH_LIST(list_ck_epoch, subjects);
