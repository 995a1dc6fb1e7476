/* locks_test.c: mutual exclusion of the spin locks: a plain counter under each lock loses nothing (and TSan sees no race). For the
 * queue lock also with signals as interrupts: a handler takes a second lock while its thread waits in the queue of the first. */
#include <signal.h>
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

/* ---- interrupts ---- */

static struct qlock irq_lock = QLOCK_INIT;
static uint64_t irq_counter; /* under irq_lock */
static uint64_t irqs;        /* atomic */
static pthread_t workers[THREADS];
static uint32_t started, finished, silent; /* atomic */

static void handler(int sig)
{
    (void)sig;
    qlock_lock(&irq_lock);
    irq_counter++;
    qlock_unlock(&irq_lock);
    atomic_inc_relaxed(&irqs);
}

static void interrupted_body(struct check_thread *t)
{
    workers[t->index] = pthread_self();
    (void)atomic_fetch_add_full(&started, 1);
    qlock_body(t);
    CHECK(atomic_load_relaxed(&qlock_env_nodes(lf_env_cpu())->in_use) == 0);
    (void)atomic_fetch_add_full(&finished, 1);
    while (!atomic_load_acquire(&silent)) /* the interrupter still knows this thread */
        sched_yield();
}

static void interrupter(struct check_thread *t)
{
    while (atomic_load_acquire(&started) < THREADS)
        sched_yield();
    while (atomic_load_acquire(&finished) < THREADS) {
        pthread_kill(workers[check_random(&t->random) % THREADS], SIGUSR1);
        sched_yield();
    }
    atomic_store_release(&silent, 1);
}

static void interrupts(void)
{
    struct sigaction sa = {.sa_handler = handler};
    void (*bodies[THREADS + 1])(struct check_thread *);

    for (unsigned i = 0; i < THREADS; i++)
        bodies[i] = interrupted_body;
    bodies[THREADS] = interrupter;
    sigaction(SIGUSR1, &sa, NULL);
    counter = 0;
    check_run(THREADS + 1, bodies, THREADS + 1);
    CHECK(counter == THREADS * ROUNDS && irq_counter == irqs && irqs > 0);
    printf("qlock, interrupted: ok, %llu sections, %llu interrupts\n", (unsigned long long)counter, (unsigned long long)irqs);
}

static void run(void (*body)(struct check_thread *))
{
    uint64_t done;

    counter = 0;
    done = check_run(THREADS, &body, 1);
    CHECK(done == THREADS * ROUNDS && counter == done);
}

static void round_of_locks(void)
{
    run(ticket_body);
    run(mcs_body);
    qlock_unfair = false;
    run(qlock_body);
    qlock_unfair = true;
    run(qlock_body);
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
    interrupts();
    printf("locks: ok, %u rounds of %u sections under each of 4 locks\n", check_repeat(round_of_locks), THREADS * ROUNDS);
    return 0;
}
