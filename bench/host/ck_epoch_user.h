/* ck_epoch_user.h: a thread's record of Concurrency Kit's epochs, for subjects that free by them. A record belongs to a thread and is
 * used again by the next thread of its index. */
#pragma once
#include <ck_epoch.h>
#include "bench/host/subject.h"

#define EPOCH_POLL_EVERY 256

struct epoch_user {
    ck_epoch_record_t record;
    unsigned operations;
    bool known;
} __attribute__((aligned(128)));

static ck_epoch_t epoch;
static struct epoch_user epoch_users[BENCH_MAX_THREADS];

__attribute__((constructor)) static void epoch_start(void)
{
    ck_epoch_init(&epoch);
}

static void epoch_enter(struct bench_thread *t)
{
    struct epoch_user *u = &epoch_users[t->index];

    if (!u->known)
        ck_epoch_register(&epoch, &u->record, NULL);
    u->known = true;
    t->own = u;
}

static void epoch_leave(struct bench_thread *t)
{
    ck_epoch_barrier(&((struct epoch_user *)t->own)->record);
}

BENCH_STEP void epoch_poll_now_and_then(struct epoch_user *u)
{
    if (++u->operations % EPOCH_POLL_EVERY == 0)
        ck_epoch_poll(&u->record);
}
