/* runqueue.h: the run queue's protocol: who tells whom. Only the owner CPU touches its queue; everybody else leaves messages.
 *
 *                 post_wake  post_request  drain(owner)  shelve(owner)  steal  kick
 *   each          yes        yes           yes*          yes*           yes    yes      * with itself never: one owner
 * Invariants
 *  T1 a task is in at most one of: a CPU, one queue, one shelf slot, one inbox, one waker's hands.
 *  Q1 the first pusher kicks: NEED_RESCHED is set by RMW after the push; the owner clears it by RMW before it detaches. Whoever clears it
 *     without detaching (kernel/sched/slice_extension.c) looks for mail after it, and sets it again if there is some.
 *  Q2 an IPI goes only to a CPU that neither polls nor was kicked already; interrupts stay off from push to kick.
 *  Q3 request bits are cleared only by the CPU that detached the request node. If it finds the task in flight it sets HANDOVER
 *     and looks again; an enqueuer looks for HANDOVER after own_arrive; who clears HANDOVER owns the detached node. An enqueuer leaves it
 *     to its own next drain: requests are carried out by rq_drain alone, whose caller holds no lock.
 *  Q4 affinity: the mask is published, then (full barrier) the owner read; every enqueuer re-reads the mask after own_arrive.
 *  Q5 a pushed request node holds a reference to its task (the surroundings take and drop it: rq_env_applied).
 *  Q6 a CPU that is off line has an adopter, which rq_env_of names; only the adopter edits tasks that sleep as the absent CPU's. The
 *     map changes when neither of the two is within rq_drain, and an inbox is given up a grace period later (rq_forward).
 * Misuse: an owner's operation on another CPU's queue is caught in debug builds, with the place of the owner's last drain or shelving.
 * Progress: posts are lock-free, nothing here waits. No allocation: the nodes are in the tasks.
 * Reuse: a task's nodes and slot are its own again when the owner detached them; the task is freed a grace period after it died.
 * Source: our own; message passing to the owner as in Barrelfish (SOSP 2009), shelves instead of deques, see lockfree/shelf.h.
 * Checked by tests/models/{inbox,requests,handover,shelf,affinity,offline}.pml. */
#pragma once
#include "lockfree/bitmap.h"
#include "lockfree/inbox.h"
#include "lockfree/shelf.h"
#include "percpu/fairq.h"
#include "percpu/own.h"

#define RQ_NEED_RESCHED 1u /* kick word; kernel/lib/preempt.h has the same values */
#define RQ_POLLING      2u

#define REQ_AFFINITY 0x1u
#define REQ_POLICY   0x2u
#define REQ_HANDOVER 0x80000000u

/* The run queue's part of a task. */
#define RQ_TASK_MOVING 1u /* it is to leave this CPU: its mask forbids it, or another is better */
#define RQ_TASK_NOTED  2u /* whoever runs it wants to know that it was switched away */

struct rq_task {
    uint64_t own;                 /* state word: own.h */
    struct inbox_node wake_node;  /* pushed by who holds the task WAKING or MIGRATING */
    struct inbox_node req_node;   /* pushed by who raised `requests` from zero, or who owns the detached node */
    uint32_t requests;            /* REQ_*: RMW by anyone */
    uint32_t moving;              /* owner: RQ_TASK_*, what the switch away from it must not pass by; one test for all */
    struct fair_node fair;        /* owner */
    uint64_t *allowed;            /* the affinity mask: published by store release, read by enqueuers */
};

struct shelf_shadow {
    struct rq_task *task; /* NULL: the slot is free */
    uint64_t key;
    uint64_t weight;
};

struct runqueue {
    /* written by others: a message and its kick touch one line. The kick word stands first, its address is known to assembly. */
    uint32_t kick LF_CACHELINE; /* RQ_*: RMW */
    struct inbox wakes;
    struct inbox requests;
    /* set once */
    uint32_t cpu LF_CACHELINE;
    /* owner CPU only, interrupts off; the hints may be read by others at any time */
    uint32_t nr_running;  /* hint: tasks here, the running one included, idle not */
    uint32_t nr_shelved;
    struct shelf_shadow shadow[SHELF_SLOTS];
    struct fairq fair;
    LF_SITE(owner_was) /* the last drain or shelving */
    /* owner puts, all take */
    struct shelf shelf;
};

/* What the surroundings provide (kernel/sched, or a host test). All but rq_env_ipi: on the owner, interrupts off. */
/* Whose queue answers for cpu: its own, or that of the CPU that adopted it while it is off line (Q6). */
struct runqueue *rq_env_of(uint32_t cpu);
void rq_env_ipi(uint32_t cpu);
/* True when t is in this queue or next slot (and not on the shelf). t may be another CPU's by now: look at it by atomic loads
 * (acquire) only; the caller then checks that the state word did not change meanwhile, and forgets the answer if it did. */
bool rq_env_holds(struct runqueue *rq, struct rq_task *t);
/* t is this CPU's (running here, queued here, in hand, frozen, or dead): carry out the requests. */
void rq_env_apply(struct runqueue *rq, struct rq_task *t, uint32_t requests);
/* The request node is unlinked and its bits are taken: drop the node's reference. Last access. */
void rq_env_applied(struct rq_task *t);
/* t is RUNNABLE and in hand: put it into this CPU's classes. */
void rq_env_enqueue(struct runqueue *rq, struct rq_task *t);
/* A CPU that t's mask allows. */
uint32_t rq_env_select(struct rq_task *t);

static inline void rq_task_init(struct rq_task *t, uint64_t *allowed)
{
    inbox_node_init(&t->wake_node);
    inbox_node_init(&t->req_node);
    fair_node_init(&t->fair);
    t->requests = 0;
    t->moving = 0;
    t->allowed = allowed;
}

static inline bool rq_task_may_run_on(const struct rq_task *t, uint32_t cpu)
{
    return bitmap_test(t->allowed, cpu);
}

/* Any CPU. Interrupts off since the push, if there was one: Q2. */
static inline void rq_kick(struct runqueue *rq)
{
    uint32_t old = atomic_fetch_or_full(&rq->kick, RQ_NEED_RESCHED); /* Q1 */

    if (!(old & (RQ_NEED_RESCHED | RQ_POLLING)))
        rq_env_ipi(rq->cpu);
}

/* The owner asks itself to schedule. */
static inline void rq_kick_self(struct runqueue *rq)
{
    if (!(atomic_load_relaxed(&rq->kick) & RQ_NEED_RESCHED))
        atomic_fetch_or_relaxed(&rq->kick, RQ_NEED_RESCHED);
}

/* t is WAKING or MIGRATING and in the caller's hands; afterwards it is the target's. Interrupts off. */
static inline void rq_post_wake(struct runqueue *target, struct rq_task *t)
{
    if (inbox_push_mpsc(&target->wakes, &t->wake_node))
        rq_kick(target);
}

/* The caller owns t's detached (or never linked) request node. Interrupts off. */
static inline void rq_post_request(struct runqueue *target, struct rq_task *t)
{
    if (inbox_push_mpsc(&target->requests, &t->req_node))
        rq_kick(target);
}

static inline bool rq_has_mail(const struct runqueue *rq)
{
    return !inbox_is_empty(&rq->wakes) || !inbox_is_empty(&rq->requests);
}

void rq_init(struct runqueue *rq, uint32_t cpu);
/* Raises bits. True: this call pushed the node, and the reference the caller took now belongs to it (Q5). Interrupts off. */
bool rq_request(struct rq_task *t, uint32_t bits);
/* Owner: takes everything from the inboxes. NEED_RESCHED was cleared before (Q1). */
void rq_drain(struct runqueue *rq);
/* What lies in from's inboxes goes to `to`, untouched. from is the caller's and runs nothing, or no CPU's any more. Interrupts off. */
void rq_forward(struct runqueue *from, struct runqueue *to);
/* Owner of a detached WAKING or MIGRATING task: make it RUNNABLE here, or forward it if its mask forbids this CPU. */
void rq_arrive(struct runqueue *rq, struct rq_task *t);
/* Owner, t RUNNABLE and in hand: queue it here, or send it on when its mask forbids this CPU. */
void rq_place(struct runqueue *rq, struct rq_task *t);
/* Owner, t RUNNABLE and in hand, to another CPU. */
void rq_send(struct runqueue *rq, struct rq_task *t, uint32_t cpu);

/* Owner, t RUNNABLE, out of the queue: publish it for thieves. False when the shelf is full. */
bool rq_shelve(struct runqueue *rq, struct rq_task *t, uint64_t key, uint64_t weight);
/* Owner: takes slot i back; NULL when a thief has it. */
struct rq_task *rq_unshelve(struct runqueue *rq, int i);
/* Owner: forgets what thieves took; returns how many. */
unsigned rq_reap_shelf(struct runqueue *rq);
/* Owner: the slot that holds t, or -1. */
int rq_shelf_slot(const struct runqueue *rq, const struct rq_task *t);
/* Thief: takes one task out of victim's shelf and makes it MIGRATING. NULL: nothing. The thief then calls rq_arrive, which
 * re-reads the mask. */
struct rq_task *rq_steal(struct runqueue *victim);
