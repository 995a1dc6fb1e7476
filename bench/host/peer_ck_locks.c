/* peer_ck_locks.c: Concurrency Kit's locks, through its headers (everything inline). */
#include <ck_rwlock.h>
#include <ck_pflock.h>
#include <ck_sequence.h>
#include <ck_spinlock.h>
#include "bench/host/lock_subject.h"

#define CK "ck " HOSTBENCH_CK_VERSION

/* A CLH thread takes its predecessor's node with it when it lets go. */
struct clh_lock {
    ck_spinlock_clh_t *tail;
    ck_spinlock_clh_t first;
    ck_spinlock_clh_t node[BENCH_MAX_THREADS] __attribute__((aligned(64)));
    ck_spinlock_clh_t *of[BENCH_MAX_THREADS]; /* a thread's node between two windows */
};

BENCH_LOCK_LOOPS(ck_mcs, ck_spinlock_mcs_t, struct ck_spinlock_mcs, ck_spinlock_mcs_init(l), ck_spinlock_mcs_lock(l, &n),
                 ck_spinlock_mcs_unlock(l, &n))
BENCH_LOCK_LOOPS(ck_ticket, ck_spinlock_ticket_t, struct bench_no_node, ck_spinlock_ticket_init(l), ck_spinlock_ticket_lock(l),
                 ck_spinlock_ticket_unlock(l))
BENCH_LOCK_LOOPS(ck_fas, ck_spinlock_fas_t, struct bench_no_node, ck_spinlock_fas_init(l), ck_spinlock_fas_lock(l),
                 ck_spinlock_fas_unlock(l))
BENCH_LOCK_LOOPS(ck_fas_eb, ck_spinlock_fas_t, struct bench_no_node, ck_spinlock_fas_init(l), ck_spinlock_fas_lock_eb(l),
                 ck_spinlock_fas_unlock(l))
BENCH_LOCK_LOOPS(ck_cas, ck_spinlock_cas_t, struct bench_no_node, ck_spinlock_cas_init(l), ck_spinlock_cas_lock(l),
                 ck_spinlock_cas_unlock(l))
BENCH_LOCK_LOOPS(ck_dec, ck_spinlock_dec_t, struct bench_no_node, ck_spinlock_dec_init(l), ck_spinlock_dec_lock(l),
                 ck_spinlock_dec_unlock(l))
BENCH_RWLOCK_LOOPS(ck_rw, ck_rwlock_t, ck_rwlock_init(l), ck_rwlock_read_lock(l), ck_rwlock_read_unlock(l),
                   ck_rwlock_write_lock(l), ck_rwlock_write_unlock(l))
BENCH_RWLOCK_LOOPS(ck_pf, ck_pflock_t, ck_pflock_init(l), ck_pflock_read_lock(l), ck_pflock_read_unlock(l),
                   ck_pflock_write_lock(l), ck_pflock_write_unlock(l))

static void ck_clh_init(void *object, const struct bench_cell *cell)
{
    struct clh_lock *l = object;

    (void)cell;
    ck_spinlock_clh_init(&l->tail, &l->first);
    for (unsigned i = 0; i < BENCH_MAX_THREADS; i++)
        l->of[i] = &l->node[i];
}

static void ck_clh_enter(struct bench_thread *t)
{
    t->own = ((struct clh_lock *)t->object)->of[t->index];
}

static void ck_clh_leave(struct bench_thread *t)
{
    ((struct clh_lock *)t->object)->of[t->index] = t->own;
}

static void ck_clh_batch(struct bench_thread *t, uint64_t count)
{
    struct clh_lock *l = t->object;
    ck_spinlock_clh_t *node = t->own;

    for (; count; count--) {
        ck_spinlock_clh_lock(&l->tail, node);
        bench_barrier();
        ck_spinlock_clh_unlock(&node);
    }
    t->own = node;
}

static void ck_clh_run(struct bench_thread *t)
{
    struct clh_lock *l = t->object;
    ck_spinlock_clh_t *node = t->own;

    for (; bench_more(t); t->done++) {
        bool write = bench_is_write(t);

        ck_spinlock_clh_lock(&l->tail, node);
        bench_section(t, write);
        ck_spinlock_clh_unlock(&node);
    }
    t->own = node;
}

struct ck_seq_pair {
    ck_sequence_t seq;
    ck_spinlock_ticket_t writers;
};

static void ck_seq_init(void *object, const struct bench_cell *cell)
{
    struct ck_seq_pair *p = object;

    (void)cell;
    ck_sequence_init(&p->seq);
    ck_spinlock_ticket_init(&p->writers);
}

BENCH_STEP void ck_seq_read(struct bench_thread *t, struct ck_seq_pair *p)
{
    uint64_t bad = t->bad;
    unsigned int begun;

    do {
        t->bad = bad;
        begun = ck_sequence_read_begin(&p->seq);
        bench_section(t, false);
    } while (ck_sequence_read_retry(&p->seq, begun));
}

static void ck_seq_batch(struct bench_thread *t, uint64_t count)
{
    struct ck_seq_pair *p = t->object;

    for (; count; count--)
        ck_seq_read(t, p);
}

static void ck_seq_run(struct bench_thread *t)
{
    struct ck_seq_pair *p = t->object;

    for (; bench_more(t); t->done++) {
        if (!bench_is_write(t)) {
            ck_seq_read(t, p);
            continue;
        }
        ck_spinlock_ticket_lock(&p->writers);
        ck_sequence_write_begin(&p->seq);
        bench_section(t, true);
        ck_sequence_write_end(&p->seq);
        ck_spinlock_ticket_unlock(&p->writers);
    }
}

static const struct bench_subject subjects[] = {
    BENCH_LOCK_SUBJECT(ck_mcs, ck_spinlock_mcs_t, "MCS lock", "fair, the caller's node", "ck_spinlock_mcs", CK, SIDE_PEER),
    {.structure = "MCS lock", .contract = "fair, the node changes its owner", .name = "ck_spinlock_clh", .library = CK, .side = SIDE_OTHER,
     .cells = CELLS_GRID, .object_bytes = sizeof(struct clh_lock), .init = ck_clh_init, .enter = ck_clh_enter,
     .leave = ck_clh_leave, .batch = ck_clh_batch, .run = ck_clh_run, .check = bench_lock_check},
    BENCH_LOCK_SUBJECT(ck_ticket, ck_spinlock_ticket_t, "ticket lock", "fair, one word, no node", "ck_spinlock_ticket", CK, SIDE_PEER),
    BENCH_LOCK_SUBJECT(ck_ticket, ck_spinlock_ticket_t, "queue lock", "fair, one word", "ck_spinlock_ticket", CK, SIDE_PEER),
    BENCH_LOCK_SUBJECT(ck_fas, ck_spinlock_fas_t, "unfair lock", "spins, unfair", "ck_spinlock_fas", CK, SIDE_PEER),
    BENCH_LOCK_SUBJECT(ck_fas_eb, ck_spinlock_fas_t, "unfair lock", "spins, unfair", "ck_spinlock_fas_eb", CK, SIDE_PEER),
    BENCH_LOCK_SUBJECT(ck_cas, ck_spinlock_cas_t, "unfair lock", "spins, unfair", "ck_spinlock_cas", CK, SIDE_PEER),
    BENCH_LOCK_SUBJECT(ck_dec, ck_spinlock_dec_t, "unfair lock", "spins, unfair", "ck_spinlock_dec", CK, SIDE_PEER),
    {.structure = "seqlock", .contract = "readers retry, fair writers", .name = "ck_sequence", .library = CK, .side = SIDE_PEER,
     .cells = CELLS_GRID, .object_bytes = sizeof(struct ck_seq_pair), .init = ck_seq_init, .batch = ck_seq_batch,
     .run = ck_seq_run, .check = bench_lock_check},
    BENCH_LOCK_SUBJECT(ck_rw, ck_rwlock_t, "seqlock", "readers write the lock", "ck_rwlock", CK, SIDE_OTHER),
    BENCH_LOCK_SUBJECT(ck_pf, ck_pflock_t, "seqlock", "readers write the lock", "ck_pflock", CK, SIDE_OTHER),
};
BENCH_LIST(list_ck_locks, subjects);
