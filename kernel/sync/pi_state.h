/* pi_state.h: the kernel's side of a PI futex while somebody waits for it: who owns it and who waits, the most urgent first.
 *
 * What each waiter's urgency lends to the owner is the scheduler's (kernel/sched/pi_donation.c). A state exists while a pi_waiter stands in the
 * bucket's queue for its key; it is found through that. Everything here is guarded by the lock of its bucket; nothing is lock-free.
 * Lock order: bucket lock (two: by address), then the attr_lock of one task at a time. A walk along a chain of owners holds one
 * bucket lock at a time.
 *  PI1 waiters != empty  <=>  the state's loan stands in the owner's heap: an owner cannot end before it has handed the state over.
 *      Who ends or execs closes its gate (pi_task.h) first, so that there is an end to what it hands over.
 *  PI2 a task that waits has pi.waits_in and pi.waiter; both change under the bucket lock, and waits_in is stored before the task's
 *      standing is read: who changes the standing reads waits_in afterwards (pi_follow), so one of the two sees the other.
 *  PI3 the user word has FUTEX_WAITERS while somebody waits, so owner and stranger come to the kernel. It names the owner but while
 *      `unnamed` stands: the old owner ended, and the new one writes the word when it runs.
 *  PI4 ownership is handed over: the unlocking task writes the new owner's number into the word and `granted` to the waiter in one
 *      section. Nobody can take the lock in between, so a task waits at most for those before it.
 *  PI5 a waiter takes itself off the bucket's queue, whatever became of it: its frame stays until then. */
#pragma once
#include "kernel/sync/futex.h"

#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

struct pi_state {
    struct task_struct *owner;
    struct timer_heap waiters; /* pi_waiter.node, by urgency, then by arrival */
    u64 arrivals;
    struct pi_loan loan;       /* to the owner: PI1 */
    u32 users;                 /* pi_waiters that refer to it, the granted one too */
    bool unnamed;              /* PI3 */
};

/* A waiter, on its own stack. q.bitset is 0: plain wakes and requeues refuse it. Guard: lock of *q.bucket. */
struct pi_waiter {
    struct futex_q q;
    struct hrtimer node;       /* in state->waiters */
    s64 standing;              /* by which it stands there */
    struct pi_state *state;    /* NULL: a FUTEX_WAIT_REQUEUE_PI that was not requeued */
    struct futex_key target;   /* of a FUTEX_WAIT_REQUEUE_PI: where it is to be requeued */
    bool requeues;             /* it is one */
    bool unnamed;              /* granted, but it has to write its number into the word */
    u32 granted;               /* the lock is its own: release, read by the waiter without the lock */
};

static inline struct pi_waiter *PI_WAITER(struct futex_q *q) { return container_of(q, struct pi_waiter, q); }

/* ---- pi_state.c; the bucket's lock is held ---- */

/* The state of a key: NULL when nobody waits, -EINVAL when who waits there waits for something else. */
struct pi_state *pi_state_find_locked(struct futex_bucket *b, const struct futex_key *key);
/* The most urgent waiter, NULL. */
struct pi_waiter *pi_top_locked(struct pi_state *s);
/* w, which stands in the bucket's queue, begins to wait. 1: the owner's urgency changed; 0; -ESRCH: the owner's gate is not open, w does not wait. */
int pi_wait_locked(struct pi_state *s, struct pi_waiter *w);
/* w's urgency may have changed: finds its place anew. 1: the owner's changed, too; 0. */
int pi_reorder_locked(struct pi_waiter *w);
/* w no longer waits, or has got the lock: leaves the state, whose memory goes with the last. The owner, referenced, if its urgency changed. */
struct task_struct *pi_leave_locked(struct pi_waiter *w);
/* w, which stands in the queue, has the lock, whose word names it already. */
void pi_grant_locked(struct pi_state *s, struct pi_waiter *w);
/* The most urgent waiter becomes the owner (PI4). Its task, to be woken after the unlock inside the same RCU section; NULL: nobody waits. */
struct task_struct *pi_hand_over_locked(struct pi_state *s, bool unnamed);

/* ---- pi_chain.c; no lock is held ---- */

/* Does t's chain of owners lead back to t? 0, -EDEADLK: then *last, if asked for and not NULL, is referenced and waits for t. Passes t's
 * urgency on along the chain. */
int pi_check_deadlock(struct task_struct *t, struct task_struct **last);
/* t's urgency has changed: passes it on to those for whom it waits. Drops the reference; NULL: nothing. pi_follow(t) in process.h keeps it. */
void pi_follow_put(struct task_struct *t);

/* ---- futex_pi.c ---- */

/* What locking the word for a task came to; the caller holds the bucket's lock. */
enum { PI_BUSY, PI_TAKEN, PI_RETRY, PI_SHUT };
struct pi_claim {
    u32 __user *uaddr;
    struct futex_bucket *bucket;
    struct futex_key key;
    struct task_struct *task;  /* for whom */
    struct pi_state *state;    /* PI_BUSY: found, or the caller's empty one for a new owner */
    bool others_wait;          /* FUTEX_WAITERS at once */
    u32 word;                  /* what the word held last */
};
/* PI_TAKEN: the word names the task. PI_BUSY: state->owner has it. PI_RETRY: the word changed meanwhile. PI_SHUT:
 * its owner execs, let go, call pi_await_open and try again. -EDEADLK, -EINVAL, -ESRCH, -EPERM;
 * -EFAULT: the page is not there, let go and call futex_fault_in. `spare` becomes the state of a lock for which nobody waits. */
int pi_claim_locked(struct pi_claim *c, struct pi_state *spare);
/* The owner's gate was not open: PI_SHUT when it execs; it has ended: -ESRCH, or PI_RETRY when the word has changed since, -EFAULT. */
int pi_owner_gone_locked(const struct pi_claim *c);
void pi_await_open(u32 word);                        /* until the task that the word names, if it execs, has given back what it was lent */
bool pi_sleep(struct pi_waiter *w, s64 deadline_ns, u64 slack_ns); /* true: late */
/* w has slept: 0 when it has the lock, -EFAULT when it has it and the word cannot be written (it is handed on), else `why`. */
int pi_finish(struct pi_waiter *w, u32 __user *uaddr, int why);
int futex_fault_in(u32 __user *uaddr);               /* for writing. 0, -EFAULT */
