/* qlock.c: the contended half of qlock.h. Must never be entered with preemption on. */
#include "lockfree/qlock.h"

bool qlock_unfair;

static void take_when_free(struct qlock *l)
{
    do {
        while (atomic_load_relaxed(&l->word))
            cpu_relax();
    } while (!qlock_trylock(l));
}

/* Waits at the head of the queue until the lock is free, takes it, and passes the head on. */
static void take_as_head(struct qlock *l, struct qlock_node *me)
{
    uintptr_t old;
    struct qlock_node *next;

    for (;;) {
        old = atomic_load_relaxed(&l->word);
        if (old & QLOCK_HELD) {
            cpu_relax();
            continue;
        }
        /* Nobody else sets HELD while a tail stands; only the tail part may change under us. */
        if (old == (uintptr_t)me) {
            if (atomic_cas_acquire(&l->word, &old, QLOCK_HELD)) /* Q1; the queue is empty again */
                return;
        } else if (atomic_cas_acquire(&l->word, &old, old | QLOCK_HELD)) { /* Q1 */
            break;
        }
    }
    while (!(next = atomic_load_acquire(&me->next)))
        cpu_relax();
    atomic_store_release(&next->first, 1);
}

void qlock_lock_slow(struct qlock *l)
{
    struct qlock_node me;
    uintptr_t old;

    atomic_store_relaxed(&me.next, NULL);
    atomic_store_relaxed(&me.first, 0);
    if (qlock_unfair) {
        take_when_free(l);
        return;
    }
    old = atomic_load_relaxed(&l->word);
    for (;;) {
        if (!old) {
            if (atomic_cas_acquire(&l->word, &old, QLOCK_HELD)) /* Q1 */
                return;
        } else if (atomic_cas_full(&l->word, &old, (uintptr_t)&me | (old & QLOCK_HELD))) {
            break;
        }
    }
    if (old & ~QLOCK_HELD) {
        struct qlock_node *prev = (struct qlock_node *)(old & ~QLOCK_HELD);

        atomic_store_release(&prev->next, &me);
        while (!atomic_load_acquire(&me.first))
            cpu_relax();
    }
    take_as_head(l, &me);
}

