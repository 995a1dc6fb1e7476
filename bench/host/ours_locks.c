/* ours_locks.c: the spin locks and the seqlock of lockfree/. */
#include "bench/host/lock_subject.h"
#include "lockfree/mcs.h"
#include "lockfree/qlock.h"
#include "lockfree/seqlock.h"
#include "lockfree/ticket_lock.h"

BENCH_LOCK_LOOPS(ours_mcs, struct mcs_lock, struct mcs_node, , mcs_lock(l, &n), mcs_unlock(l, &n))
BENCH_LOCK_LOOPS(ours_ticket, raw_spinlock_t, struct bench_no_node, , raw_spin_lock(l), raw_spin_unlock(l))
BENCH_LOCK_LOOPS(ours_qlock, struct qlock, struct bench_no_node, qlock_unfair = false, qlock_lock(l), qlock_unlock(l))
BENCH_LOCK_LOOPS(ours_qlock_unfair, struct qlock, struct bench_no_node, qlock_unfair = true, qlock_lock(l), qlock_unlock(l))

struct seq_pair {
    struct seqcount seq;
    raw_spinlock_t writers;
};

/* A section that a writer met is begun anew; only the last reading counts. */
BENCH_STEP void seq_read(struct bench_thread *t, struct seq_pair *p)
{
    uint64_t bad = t->bad;
    uint32_t begun;

    do {
        t->bad = bad;
        begun = seq_read_begin(&p->seq);
        bench_section(t, false);
    } while (seq_read_retry(&p->seq, begun));
}

BENCH_STEP void seq_write(struct bench_thread *t, struct seq_pair *p)
{
    raw_spin_lock(&p->writers);
    seq_write_begin(&p->seq);
    bench_section(t, true);
    seq_write_end(&p->seq);
    raw_spin_unlock(&p->writers);
}

static void ours_seqlock_batch(struct bench_thread *t, uint64_t count)
{
    struct seq_pair *p = t->object;

    for (; count; count--)
        seq_read(t, p);
}

static void ours_seqlock_run(struct bench_thread *t)
{
    struct seq_pair *p = t->object;

    for (; bench_more(t); t->done++) {
        if (bench_is_write(t))
            seq_write(t, p);
        else
            seq_read(t, p);
    }
}

static const struct bench_subject subjects[] = {
    BENCH_LOCK_SUBJECT(ours_mcs, struct mcs_lock, "MCS lock", "fair, the caller's node", "mcs_lock", "CloudOS", SIDE_OURS),
    BENCH_LOCK_SUBJECT(ours_ticket, raw_spinlock_t, "ticket lock", "fair, one word, no node", "raw_spin_lock", "CloudOS", SIDE_OURS),
    BENCH_LOCK_SUBJECT(ours_qlock, struct qlock, "queue lock", "fair, one word", "qlock_lock", "CloudOS", SIDE_OURS),
    BENCH_LOCK_SUBJECT(ours_qlock_unfair, struct qlock, "unfair lock", "spins, unfair", "qlock_lock (qlock_unfair)", "CloudOS", SIDE_OURS),
    {.structure = "seqlock", .contract = "readers retry, fair writers", .name = "seq_read_begin", .library = "CloudOS",
     .side = SIDE_OURS, .cells = CELLS_GRID, .object_bytes = sizeof(struct seq_pair), .batch = ours_seqlock_batch,
     .run = ours_seqlock_run, .check = bench_lock_check},
};
BENCH_LIST(list_ours_locks, subjects);
