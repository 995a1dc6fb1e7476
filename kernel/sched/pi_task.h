/* pi_task.h: a task's part in priority inheritance. Who waits for a PI lock (kernel/sync/pi_state.h) lends its urgency to the owner.
 *
 * Urgency is one number, a standing; less is more urgent: the absolute deadline of a deadline task, above all of these
 * STANDING_OF_PRIO + prio. Guards: A se.attr_lock, B the lock of the futex bucket in which the task waits. */
#pragma once
#include "kernel/time/timer_heap.h"

#define STANDING_NONE    S64_MAX
#define STANDING_OF_PRIO (S64_MAX - 140)

struct futex_bucket;
struct pi_waiter;

/* What the waiters of one lock lend to its owner. Guard: A of the owner. */
struct pi_loan {
    struct hrtimer node;         /* in the owner's heap: expires_ns is the standing of the first waiter */
    struct futex_bucket *bucket; /* set once: where they wait */
};

/* Whether t may be lent the urgency of a lock for which nobody waited so far. A lock that has waiters gets more of them whatever this says. */
enum pi_gate {
    PI_OPEN,
    PI_CLOSED, /* it execs and hands over what it owns; open again when that is done */
    PI_ENDED,  /* it ends */
};

struct pi_task {
    struct timer_heap loans;       /* A  of the locks it owns and others wait for; the most urgent at the root */
    s64 lent;                      /* A  that one's standing; STANDING_NONE: nobody waits for this task */
    u8 gate;                       /* A  an enum pi_gate; the task itself writes, anyone reads: what is decided by it is looked at again under A */
    u64 waits;                     /* B  counts its waits */
    struct pi_waiter *waiter;      /* B  NULL: it waits for no PI lock */
    struct futex_bucket *waits_in; /* B writes; anyone reads it in an RCU section, then locks that bucket and looks again */
};
