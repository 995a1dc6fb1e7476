/* runqueue.c: draining, requests with HANDOVER, shelf and stealing. Invariants in runqueue.h. Must never wait for another CPU. */
#include "percpu/runqueue.h"

/* The first line of every owner's operation. */
#define rq_assert_owner(rq)                                                                        \
    LF_MISUSE_OF_CALLER_IF(lf_env_cpu() != (rq)->cpu, "runqueue: an owner's operation by another CPU", (rq), (rq)->owner_was)

void rq_init(struct runqueue *rq, uint32_t cpu)
{
    rq->cpu = cpu;
    rq->wakes.head = NULL;
    rq->requests.head = NULL;
    LF_SITE_NONE(rq->owner_was);
}

bool rq_request(struct rq_task *t, uint32_t bits)
{
    uint32_t old = atomic_fetch_or_full(&t->requests, bits); /* Q4: what was published, before the owner is read */

    if (old)
        return false;
    rq_post_request(rq_env_of(OWN_CPU(own_read(&t->own))), t);
    return true;
}

static void apply_all(struct runqueue *rq, struct rq_task *t)
{
    uint32_t bits = atomic_xchg_full(&t->requests, 0); /* before what they ask for is read; the node is ours: Q3 */

    rq_env_apply(rq, t, bits & ~REQ_HANDOVER);
}

/* True when the caller now owns the detached request node. */
static bool take_handover(struct rq_task *t)
{
    return atomic_fetch_and_full(&t->requests, ~REQ_HANDOVER) & REQ_HANDOVER;
}

static __attribute__((noinline)) void place_forbidden(struct runqueue *rq, struct rq_task *t)
{
    uint32_t cpu = rq_env_select(t);

    if (cpu != rq->cpu)
        rq_send(rq, t, cpu);
    else
        rq_env_enqueue(rq, t);
}

void rq_place(struct runqueue *rq, struct rq_task *t)
{
    rq_assert_owner(rq);
    if (lf_unlikely(!rq_task_may_run_on(t, rq->cpu))) /* Q4 */
        place_forbidden(rq, t);
    else
        rq_env_enqueue(rq, t);
}

/* Not carried out here: who wakes may hold any lock, and be in an interrupt above one that holds what applying takes. */
static __attribute__((noinline)) void keep_node(struct runqueue *rq, struct rq_task *t)
{
    (void)inbox_push_mpsc(&rq->requests, &t->req_node);
    rq_kick_self(rq);
}

void rq_arrive(struct runqueue *rq, struct rq_task *t)
{
    rq_assert_owner(rq);
    own_arrive(&t->own, rq->cpu); /* full barrier: requests and mask are read after it, Q3 and Q4 */
    if (lf_unlikely(atomic_load_relaxed(&t->requests) & REQ_HANDOVER) && take_handover(t))
        keep_node(rq, t); /* before it is placed, which may send it on */
    rq_place(rq, t);
}

void rq_send(struct runqueue *rq, struct rq_task *t, uint32_t cpu)
{
    (void)rq;
    rq_assert_owner(rq);
    own_migrate(&t->own);
    rq_post_wake(rq_env_of(cpu), t);
}

/* The owner edits a sleeping task: no waker touches it meanwhile. False: it has been woken since `w` was read. */
static bool apply_frozen(struct runqueue *rq, struct rq_task *t, uint64_t w)
{
    if (!own_freeze(&t->own, w))
        return false;
    apply_all(rq, t);
    if (!own_park(&t->own)) {
        own_requeue(&t->own);
        if (OWN_CPU(w) == rq->cpu) {
            rq_place(rq, t);
        } else { /* adopted: from now on it is this CPU's */
            own_migrate(&t->own);
            rq_arrive(rq, t);
        }
    }
    rq_env_applied(t);
    return true;
}

enum settle { SETTLED, LOOK_AGAIN, IN_FLIGHT };

static enum settle settle_here(struct runqueue *rq, struct rq_task *t)
{
    apply_all(rq, t);
    rq_env_applied(t);
    return SETTLED;
}

static enum settle settle_shelved(struct runqueue *rq, struct rq_task *t)
{
    int slot = rq_shelf_slot(rq, t);

    if (slot < 0 || !rq_unshelve(rq, slot))
        return IN_FLIGHT; /* a thief has it and has not said so yet */
    rq->nr_running--;     /* on the shelf it counted; rq_env_enqueue counts it again */
    apply_all(rq, t);
    rq_place(rq, t);
    rq_env_applied(t);
    return SETTLED;
}

/* Not this CPU's task: to its owner with the node. This CPU may be the adopter of one that is off line; then the task sleeps, or what was
 * read of it is old. */
static enum settle settle_of_other(struct runqueue *rq, struct rq_task *t, uint64_t w)
{
    struct runqueue *owner = rq_env_of(OWN_CPU(w));

    if (lf_likely(owner != rq)) {
        rq_post_request(owner, t); /* the node is detached and ours */
        return SETTLED;
    }
    return OWN_STATE(w) == OWN_PARKED && apply_frozen(rq, t, w) ? SETTLED : LOOK_AGAIN;
}

static enum settle settle_once(struct runqueue *rq, struct rq_task *t, uint64_t w)
{
    switch (OWN_STATE(w)) {
    case OWN_WAKING:
    case OWN_MIGRATING:
        return IN_FLIGHT;
    case OWN_DEAD:
        return settle_here(rq, t);
    default:
        break;
    }
    if (OWN_CPU(w) != rq->cpu)
        return settle_of_other(rq, t, w);
    if (OWN_STATE(w) == OWN_PARKED)
        return apply_frozen(rq, t, w) ? SETTLED : LOOK_AGAIN;
    if (OWN_STATE(w) == OWN_RUNNABLE) {
        bool holds = rq_env_holds(rq, t);

        if (own_read(&t->own) != w)
            return LOOK_AGAIN; /* a thief had it: what rq_env_holds saw may be the thief's queue */
        return holds ? settle_here(rq, t) : settle_shelved(rq, t);
    }
    return settle_here(rq, t);
}

static bool still_in_flight(uint64_t before, uint64_t now)
{
    return OWN_STATE(now) == OWN_WAKING || OWN_STATE(now) == OWN_MIGRATING || now == before;
}

/* The caller detached t's request node. */
static void settle(struct runqueue *rq, struct rq_task *t)
{
    for (;;) {
        uint64_t w = atomic_load_acquire(&t->own);
        enum settle s = settle_once(rq, t, w);

        if (s == SETTLED)
            return;
        if (s == LOOK_AGAIN)
            continue;
        atomic_fetch_or_full(&t->requests, REQ_HANDOVER); /* Q3: before the word is read again */
        if (still_in_flight(w, own_read(&t->own)) || !take_handover(t))
            return; /* the enqueuer has the node, or will find it */
    }
}

void rq_drain(struct runqueue *rq)
{
    struct inbox_node *n;

    rq_assert_owner(rq);
    LF_SITE_CALLER(rq->owner_was);
    n = inbox_detach_all(&rq->wakes);
    if (n && n->next)
        n = inbox_reverse(n);
    while (n) {
        struct rq_task *t = lf_container_of(n, struct rq_task, wake_node);

        n = inbox_take_next(n);
        rq_arrive(rq, t);
    }
    for (n = inbox_reverse(inbox_detach_all(&rq->requests)); n;) {
        struct rq_task *t = lf_container_of(n, struct rq_task, req_node);

        n = inbox_take_next(n);
        settle(rq, t);
    }
}

void rq_forward(struct runqueue *from, struct runqueue *to)
{
    struct inbox_node *n;

    for (n = inbox_reverse(inbox_detach_all(&from->wakes)); n;) {
        struct rq_task *t = lf_container_of(n, struct rq_task, wake_node);

        n = inbox_take_next(n);
        rq_post_wake(to, t);
    }
    for (n = inbox_reverse(inbox_detach_all(&from->requests)); n;) {
        struct rq_task *t = lf_container_of(n, struct rq_task, req_node);

        n = inbox_take_next(n);
        rq_post_request(to, t);
    }
}

bool rq_shelve(struct runqueue *rq, struct rq_task *t, uint64_t key, uint64_t weight)
{
    int i = 0;

    rq_assert_owner(rq);
    LF_SITE_CALLER(rq->owner_was);
    while (i < SHELF_SLOTS && (rq->shadow[i].task || atomic_load_relaxed(&rq->shelf.slot[i])))
        i++;
    if (i == SHELF_SLOTS)
        return false;
    rq->shadow[i] = (struct shelf_shadow){t, key, weight};
    rq->nr_shelved++;
    (void)atomic_xchg_full(&rq->shelf.slot[i], (void *)t); /* from here on a thief may have it */
    return true;
}

static void shadow_clear(struct runqueue *rq, int i)
{
    rq->shadow[i].task = NULL;
    rq->nr_shelved--;
}

struct rq_task *rq_unshelve(struct runqueue *rq, int i)
{
    struct rq_task *t;

    rq_assert_owner(rq);
    t = (struct rq_task *)shelf_take_slot(&rq->shelf, i);
    if (t)
        shadow_clear(rq, i);
    return t;
}

unsigned rq_reap_shelf(struct runqueue *rq)
{
    unsigned n = 0;

    rq_assert_owner(rq);
    for (int i = 0; i < SHELF_SLOTS; i++) {
        if (rq->shadow[i].task && !atomic_load_relaxed(&rq->shelf.slot[i])) {
            shadow_clear(rq, i);
            n++;
        }
    }
    return n;
}

int rq_shelf_slot(const struct runqueue *rq, const struct rq_task *t)
{
    for (int i = 0; i < SHELF_SLOTS; i++)
        if (rq->shadow[i].task == t)
            return i;
    return -1;
}

struct rq_task *rq_steal(struct runqueue *victim)
{
    struct rq_task *t = (struct rq_task *)shelf_take(&victim->shelf);

    if (t)
        own_migrate(&t->own);
    return t;
}
