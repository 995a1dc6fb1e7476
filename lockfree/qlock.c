/* qlock.c: the contended half of qlock.h. Must never be entered with preemption on. */
#include "lockfree/qlock.h"

#ifndef QLOCK_PATIENCE /* the explorer: fewer */
#define QLOCK_PATIENCE 64u /* turns of a wait loop */
#endif
#define QLOCK_AWAY     8u

bool qlock_unfair;

static struct qlock_node *node_of(uint32_t word)
{
    uint32_t number = (word >> QLOCK_TAIL) - 1;

    return &qlock_env_nodes(number / QLOCK_CONTEXTS)->node[number % QLOCK_CONTEXTS];
}

/* Who was not fast enough stays away for a while, twice as long each time, so that a crowd does not pull the line to and fro. */
static void take_when_free(struct qlock *l)
{
    unsigned away = 0;

    do {
        for (unsigned turns = 0; turns < away || atomic_load_relaxed(&l->word); turns++)
            cpu_relax();
        away = away ? (away < QLOCK_PATIENCE ? 2 * away : away) : QLOCK_AWAY;
    } while (!qlock_take_free(l));
}

/* The word when nobody changes it hands over from the pending waiter to the holder; the word as it is when that takes long. */
static uint32_t settled(struct qlock *l)
{
    uint32_t word = atomic_load_relaxed(&l->word);

    for (unsigned turns = 0; word == QLOCK_PENDING && turns < QLOCK_PATIENCE; turns++) {
        cpu_relax();
        word = atomic_load_relaxed(&l->word);
    }
    return word;
}

/* Held and nobody waits: waits as the pending one and takes it. False: it is otherwise. */
static bool take_as_pending(struct qlock *l, uint32_t word)
{
    if (word != QLOCK_HELD || !atomic_cas_relaxed(&l->word, &word, QLOCK_HELD | QLOCK_PENDING))
        return false;
    while (atomic_load_acquire(&l->held)) /* Q1 */
        cpu_relax();
    atomic_store_relaxed(&l->owned, QLOCK_HELD); /* pending and held change at once */
    return true;
}

/* Waits at the head of the queue until the lock is free, takes it, and passes the head on. `tail`: my number in the word. */
static void take_as_head(struct qlock *l, struct qlock_node *me, uint32_t tail)
{
    struct qlock_node *next;
    uint32_t old;

    while ((old = atomic_load_acquire(&l->word)) & QLOCK_OWNED) /* Q1 */
        cpu_relax();
    if (old == tail && atomic_cas_relaxed(&l->word, &old, QLOCK_HELD))
        return; /* the queue is empty again */
    atomic_store_relaxed(&l->held, QLOCK_HELD);
    while (!(next = atomic_load_acquire(&me->next))) /* pairs with the release in queue_up */
        cpu_relax();
    atomic_store_release(&next->first, 1); /* pairs with the acquire in queue_up: my node is no longer used */
}

/* Q2. False: the lock was free after all and is ours. */
static bool queue_up(struct qlock *l, struct qlock_node *me, uint32_t tail)
{
    uint32_t old = atomic_load_relaxed(&l->word);

    do {
        if (!old && atomic_cas_acquire(&l->word, &old, QLOCK_HELD)) /* Q1 */
            return false;
    } while (!atomic_cas_full(&l->word, &old, tail | (old & QLOCK_OWNED))); /* Q2 */
    if (old >> QLOCK_TAIL) {
        atomic_store_release(&node_of(old)->next, me);
        while (!atomic_load_acquire(&me->first))
            cpu_relax();
    }
    return true;
}

/* The node is counted before it is initialised and given back last: an interrupt takes the nodes that are not counted, and leaves anything
 * in them. The compiler keeps the order of these stores; interrupts_explore.c checks it. */
static void take_in_turn(struct qlock *l, struct qlock_nodes *mine, uint32_t cpu, uint32_t at)
{
    uint32_t tail = (cpu * QLOCK_CONTEXTS + at + 1) << QLOCK_TAIL;

    atomic_store_relaxed(&mine->in_use, at + 1); /* who interrupts from here on takes the next node */
    atomic_store_relaxed(&mine->node[at].next, NULL);
    atomic_store_relaxed(&mine->node[at].first, 0);
    if (queue_up(l, &mine->node[at], tail))
        take_as_head(l, &mine->node[at], tail);
    atomic_store_relaxed(&mine->in_use, at);
}

void qlock_lock_slow(struct qlock *l)
{
    uint32_t cpu, at;
    struct qlock_nodes *mine;

    if (!qlock_unfair && take_as_pending(l, settled(l)))
        return;
    cpu = lf_env_cpu();
    mine = qlock_env_nodes(cpu);
    at = atomic_load_relaxed(&mine->in_use);
    if (qlock_unfair || lf_unlikely(at >= QLOCK_CONTEXTS))
        take_when_free(l);
    else
        take_in_turn(l, mine, cpu, at);
}

#if LF_DEBUG
/* What a CPU holds stands in any slots of its own: a slot is taken by CAS from NULL and emptied by a store, so that an interrupt between any
 * two instructions finds every slot either its own to take or somebody's. */
static uint32_t cpus_seen; /* one more than the highest that locked */

static struct qlock_holding *holding_of(struct qlock_nodes *n, const struct qlock *l)
{
    for (uint32_t i = 0; i < QLOCK_HOLDINGS; i++)
        if (atomic_load_relaxed(&n->held[i].lock) == l)
            return &n->held[i];
    return NULL;
}

/* Where another CPU locked it: for the report only, that CPU may be letting go. */
static const void *site_elsewhere(const struct qlock *l)
{
    for (uint32_t cpu = 0; cpu < atomic_load_relaxed(&cpus_seen); cpu++) {
        struct qlock_holding *h = holding_of(qlock_env_nodes(cpu), l);

        if (h)
            return h->site;
    }
    return NULL;
}

void qlock_note_wanted(const struct qlock *l, const void *here)
{
    struct qlock_holding *h = holding_of(qlock_env_nodes(lf_env_cpu()), l);

    if (lf_unlikely(h))
        lockfree_misuse("qlock: locked by a CPU that holds it", l, h->site, here);
}

static struct qlock_holding *free_slot(struct qlock_nodes *n, const struct qlock *l)
{
    for (uint32_t i = 0; i < QLOCK_HOLDINGS; i++) {
        const struct qlock *none = NULL;

        if (!atomic_load_relaxed(&n->held[i].lock) && atomic_cas_relaxed(&n->held[i].lock, &none, l))
            return &n->held[i];
    }
    return NULL;
}

void qlock_note_locked(const struct qlock *l, const void *here)
{
    uint32_t cpu = lf_env_cpu(), seen = atomic_load_relaxed(&cpus_seen);
    struct qlock_holding *h = free_slot(qlock_env_nodes(cpu), l);

    LF_ASSERT(h, l); /* more locks held at once than QLOCK_HOLDINGS */
    h->site = here;
    while (seen <= cpu && !atomic_cas_relaxed(&cpus_seen, &seen, cpu + 1))
        continue; /* the CAS brought the new value: nothing to wait for */
}

void qlock_note_unlock(const struct qlock *l, const void *here)
{
    struct qlock_nodes *n = qlock_env_nodes(lf_env_cpu());
    struct qlock_holding *h = holding_of(n, l);

    if (lf_unlikely(!h))
        lockfree_misuse("qlock: unlocked by a CPU that does not hold it", l, site_elsewhere(l), here);
    atomic_store_relaxed(&h->lock, NULL);
}
#endif
