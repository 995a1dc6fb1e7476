/* locks_test.c: mutual exclusion of the spin locks: a plain counter under each lock loses nothing (and TSan sees no race). */
#include "lockfree/check.h"
#include "lockfree/mcs.h"
#include "lockfree/qlock.h"
#include "lockfree/ticket_lock.h"

#define THREADS 4
#define ROUNDS 20000

static raw_spinlock_t ticket = RAW_SPINLOCK_INIT;
static struct mcs_lock mcs = MCS_LOCK_INIT;
static struct qlock qlock = QLOCK_INIT;
static uint64_t counter; /* under the lock being tested */
static unsigned inside;

static void critical(void)
{
    CHECK(inside++ == 0);
    counter++;
    CHECK(--inside == 0);
}

static void ticket_body(struct check_thread *t)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 7 || !raw_spin_trylock(&ticket))
            raw_spin_lock(&ticket);
        critical();
        raw_spin_unlock(&ticket);
        t->done++;
        if (i % 16 == 0)
            sched_yield();
    }
}

static void mcs_body(struct check_thread *t)
{
    struct mcs_node me;

    for (int i = 0; i < ROUNDS; i++) {
        if (i % 7 || !mcs_trylock(&mcs, &me))
            mcs_lock(&mcs, &me);
        critical();
        mcs_unlock(&mcs, &me);
        t->done++;
        if (i % 16 == 0)
            sched_yield();
    }
}

static void qlock_body(struct check_thread *t)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 7 || !qlock_trylock(&qlock))
            qlock_lock(&qlock);
        critical();
        qlock_unlock(&qlock);
        t->done++;
        if (i % 16 == 0)
            sched_yield();
    }
}

static void run(const char *name, void (*body)(struct check_thread *))
{
    uint64_t done;

    counter = 0;
    done = check_run(THREADS, &body, 1);
    CHECK(done == THREADS * ROUNDS && counter == done);
    printf("%s: ok, %llu sections\n", name, (unsigned long long)done);
}

static void states_without_contention(void)
{
    struct mcs_node a, b;

    CHECK(!raw_spin_is_locked(&ticket) && !mcs_is_locked(&mcs) && !qlock_is_locked(&qlock));
    raw_spin_lock(&ticket);
    CHECK(raw_spin_is_locked(&ticket) && !raw_spin_trylock(&ticket));
    raw_spin_unlock(&ticket);
    CHECK(!raw_spin_is_locked(&ticket));
    CHECK(mcs_trylock(&mcs, &a) && !mcs_trylock(&mcs, &b));
    mcs_unlock(&mcs, &a);
    CHECK(!mcs_is_locked(&mcs));
    CHECK(qlock_trylock(&qlock) && !qlock_trylock(&qlock));
    qlock_unlock(&qlock);
    CHECK(!qlock_is_locked(&qlock));
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    states_without_contention();
    run("ticket", ticket_body);
    run("mcs", mcs_body);
    run("qlock", qlock_body);
    qlock_unfair = true;
    run("qlock, unfair", qlock_body);
    return 0;
}
