/* requests.pml: requests to a task that moves (percpu/runqueue.h Q3): bits, one node, HANDOVER, forwarding over several owners.
 *
 * The task starts RUNNABLE on CPU 0, on its shelf. CPU 1 steals it, may send it to CPU 2 (its mask changed). Two requesters raise a bit each.
 * Checked: every bit is applied, by a CPU that owns the task at that moment; the node is never in two lists.
 * run: pass
 * run: -DNO_RECHECK fail
 * run: -DNO_ENQUEUER_LOOK fail
 * run: -DNEW_OWNER_CLEARS fail
 * run: -DHOLDS_UNCHECKED fail
 * c: percpu/runqueue.c rq_request atomic_fetch_or_full rq_post_request | requester: the bit; the first pushes the node
 * c: percpu/runqueue.c rq_steal shelf_take own_migrate | thief
 * c: percpu/runqueue.c rq_arrive own_arrive REQ_HANDOVER take_handover keep_node | arrive()
 * c: percpu/runqueue.c settle_once own_read LOOK_AGAIN settle_of_other | drainer: by the word; forwards the node; holds, checked again
 * c: percpu/runqueue.c settle atomic_fetch_or_full still_in_flight take_handover | drainer: HANDOVER, then the word again
 * c: percpu/runqueue.c settle_shelved rq_shelf_slot rq_unshelve | drainer: the shelf
 */
#define CPUS 3
#define HANDOVER 4
mtype = { RUNNABLE, MIGRATING };
mtype st = RUNNABLE;
byte cpu = 0;
bool shelved = 1;
bool in_queue = 0;           /* the task's own field: it stands in the queue of its owner */
byte hands = 9;              /* the CPU that holds the task outside queue and shelf; 9: none */
byte bits = 0, applied = 0;
byte linked = 0;             /* lists that hold the request node */
byte where = 9;              /* which CPU's */
byte moves = 0;

inline push_node(c) { atomic { assert(linked == 0); linked = 1; where = c } }

/* The caller says that it owns the task here and now. */
inline apply(c) {
  atomic { assert(st == RUNNABLE && cpu == c && !(shelved) && (hands == 9 || hands == c)); v = bits; bits = 0; applied = applied | (v & 3) }
}

proctype requester(byte b) { byte old, c;
  atomic { old = bits; bits = bits | b };
  if
  :: old == 0 -> c = cpu; push_node(c)
  :: else
  fi }

/* Arrival on c of a task that the caller holds MIGRATING. */
inline arrive(c) {
  atomic { assert(st == MIGRATING); st = RUNNABLE; cpu = c; hands = c };
#ifdef NEW_OWNER_CLEARS
  if :: bits & 3 -> apply(c) :: else fi;
#endif
#ifndef NO_ENQUEUER_LOOK
  if
  :: bits & HANDOVER ->
     atomic { took = (bits & HANDOVER) != 0; bits = bits & 3 };
     if :: took -> push_node(c) :: else fi    /* to its own next drain: it may hold any lock now */
  :: else
  fi;
#endif
  skip
}

proctype thief() { byte v; bool took;
end_thief:
  atomic { shelved -> shelved = 0 };
  atomic { assert(st == RUNNABLE && cpu == 0); st = MIGRATING; moves = 1 };
  arrive(1);
  if
  :: hands = 9; in_queue = 1                   /* stays in CPU 1's queue */
  :: atomic { st = MIGRATING; hands = 9 };     /* sent on, through the inbox of CPU 2 */
     arrive(2); hands = 9; in_queue = 1
  fi }

/* CPU c detaches the node and settles it. */
proctype drainer(byte c) { byte v, s; bool took, mine;
end:
  do
  :: atomic { linked && where == c -> linked = 0; where = 9 };
again:
     atomic { s = (st == MIGRATING); v = cpu };
     if
     :: s -> goto in_flight
     :: !s && v != c -> push_node(v)
     :: else ->
        /* RUNNABLE and ours by the word: on the shelf, taken by a thief, or in our queue or hands */
        mine = in_queue;                       /* looks at a task that may be a thief's by now ... */
#ifndef HOLDS_UNCHECKED
        if :: !(st == RUNNABLE && cpu == c) -> goto again :: else fi;   /* ... and forgets what it saw if so */
#endif
        if
        :: mine -> apply(c)
        :: !mine && c == 0 ->
           atomic { mine = shelved; if :: mine -> shelved = 0 :: else fi };
           if
           :: mine -> apply(c); in_queue = 1
           :: else -> goto in_flight           /* a thief won it and has not said so yet */
           fi
        :: !mine && c != 0 ->                  /* the arrival on c and this drain are one CPU: one after the other */
           if :: in_queue || !(st == RUNNABLE && cpu == c) fi;
           goto again
        fi
     fi;
     goto end;
in_flight:
     atomic { bits = bits | HANDOVER };
#ifdef NO_RECHECK
     skip
#else
     if
     :: st == MIGRATING || (st == RUNNABLE && cpu == c && c == 0) -> skip
     :: else ->
        atomic { took = (bits & HANDOVER) != 0; bits = bits & 3 };
        if :: took -> goto again :: else fi
     fi
#endif
  od }

init { atomic { run requester(1); run requester(2); run thief(); run drainer(0); run drainer(1); run drainer(2) };
  applied == 3 }
