/* qlock.c: the contended half of qlock.h. Must never be entered with preemption on. */
#include "lockfree/qlock.h"

bool qlock_unfair;

static struct qlock_node *node_of(uint32_t word)
{
    uint32_t number = (word >> QLOCK_TAIL) - 1;

    return &qlock_env_nodes(number / QLOCK_CONTEXTS)->node[number % QLOCK_CONTEXTS];
}

static void take_when_free(struct qlock *l)
{
    do {
        while (atomic_load_relaxed(&l->word))
            cpu_relax();
    } while (!qlock_trylock(l));
}

/* Waits at the head of the queue until the lock is free, takes it, and passes the head on. `tail`: my number in the word. */
static void take_as_head(struct qlock *l, struct qlock_node *me, uint32_t tail)
{
    struct qlock_node *next;
    uint32_t old;

    for (;;) {
        old = atomic_load_relaxed(&l->word);
        if (old & QLOCK_HELD) {
            cpu_relax();
            continue;
        }
        /* Nobody else sets HELD while a tail stands; only the tail part may change under us. */
        if (old == tail) {
            if (atomic_cas_acquire(&l->word, &old, QLOCK_HELD)) /* Q1; the queue is empty again */
                return;
        } else if (atomic_cas_acquire(&l->word, &old, old | QLOCK_HELD)) { /* Q1 */
            break;
        }
    }
    while (!(next = atomic_load_acquire(&me->next))) /* pairs with the release in queue_up */
        cpu_relax();
    atomic_store_release(&next->first, 1); /* pairs with the acquire in queue_up: my node is no longer used */
}

/* Q2. False: the lock was free after all and is ours. */
static bool queue_up(struct qlock *l, struct qlock_node *me, uint32_t tail)
{
    uint32_t old = atomic_load_relaxed(&l->word);

    for (;;) {
        if (!old) {
            if (atomic_cas_acquire(&l->word, &old, QLOCK_HELD)) /* Q1 */
                return false;
        } else if (atomic_cas_full(&l->word, &old, tail | (old & QLOCK_HELD))) { /* Q2 */
            break;
        }
    }
    if (old >> QLOCK_TAIL) {
        atomic_store_release(&node_of(old)->next, me);
        while (!atomic_load_acquire(&me->first))
            cpu_relax();
    }
    return true;
}

void qlock_lock_slow(struct qlock *l)
{
    uint32_t cpu = lf_env_cpu();
    struct qlock_nodes *mine = qlock_env_nodes(cpu);
    uint32_t at = atomic_load_relaxed(&mine->in_use);
    uint32_t tail = (cpu * QLOCK_CONTEXTS + at + 1) << QLOCK_TAIL;

    if (qlock_unfair || lf_unlikely(at >= QLOCK_CONTEXTS)) {
        take_when_free(l);
        return;
    }
    atomic_store_relaxed(&mine->in_use, at + 1); /* who interrupts from here on takes the next node */
    atomic_store_relaxed(&mine->node[at].next, NULL);
    atomic_store_relaxed(&mine->node[at].first, 0);
    if (queue_up(l, &mine->node[at], tail))
        take_as_head(l, &mine->node[at], tail);
    atomic_store_relaxed(&mine->in_use, at);
}
