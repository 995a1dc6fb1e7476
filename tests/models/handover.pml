/* handover.pml: one task through its whole life while its mask changes, requests reach it, thieves take it and it is switched away from.
 *
 * The task waits for TOKENS wake-ups and dies. A waker posts them and may send it to any CPU. A changer forbids CPU 0 (with TWO_CHANGES
 * then the last CPU), another requester raises a second bit. Each CPU takes mail, runs the task, shelves it (STEAL), preempts it
 * (INVOLUNTARY), in any order; it runs its own code one thing at a time. The word is {state, cpu}: the generation only makes the word's
 * comparisons stricter. Kicks are inbox.pml's subject, wake classes own.pml's.
 * Checked: the task is in one place (T1); the word names the CPU that has it; the context is complete when it is run (T2); no token is
 * lost (T3); each request is applied by a CPU that owns the task; the node is in one list; after the acknowledgement the task never runs
 * on a forbidden CPU; all of it ends.
 * run: pass
 * run: -DTOKENS=1 -DSTEAL pass
 * run: -DTOKENS=1 -DINVOLUNTARY pass
 * run: -DTOKENS=1 -DLIVE pass
 * run: -DNO_RECHECK fail
 * run: -DNO_ENQUEUER_LOOK fail
 * run: -DSTEAL -DHOLDS_UNCHECKED fail
 * run: -DFREEZE_UNSEEN fail
 * run: -DPLACE_UNCHECKED fail
 * run: -DACK_RUNNING fail
 * run: -DAPPLY_IN_FLIGHT fail
 * run: -DPUSH_ALWAYS fail
 * run: -DTAIL_IGNORES_WOKEN fail
 * full: -DLIVE pass
 * full: -DCPUS=3 pass
 * full: -DTOKENS=1 -DTWO_CHANGES pass
 * full: -DTOKENS=1 -DINVOLUNTARY -DSTEAL pass
 * c: percpu/own.h own_begin_wait atomic_cas_full | step RUN: RUNNING -> BLOCKING, then the condition is read
 * c: percpu/own.h own_cancel_wait atomic_cas_acquire | step CHECK, the condition holds
 * c: percpu/own.h own_wake atomic_fetch_add_full atomic_cas_full | waker: BLOCKING -> WOKEN, PARKED -> WAKING
 * c: percpu/own.h own_park atomic_cas_release | step TAIL: BLOCKING -> PARKED
 * c: percpu/own.h own_requeue atomic_store_release atomic_cas_full | step TAIL after a wake-up; involuntary switch
 * c: percpu/own.h own_migrate atomic_cas_full | place(): sent on; the thief's RUNNABLE -> MIGRATING
 * c: percpu/own.h own_freeze atomic_cas_acquire | settle: PARKED -> BLOCKING, in the word that was seen
 * c: percpu/own.h own_arrive atomic_xchg_full | arrive(): the new owner is stored, then HANDOVER and mask are read
 * c: percpu/runqueue.c rq_request atomic_fetch_or_full | request(): the bit, then the owner is read
 * c: percpu/runqueue.c apply_all atomic_xchg_full | apply(): takes the bits, then reads what they ask for
 * c: percpu/runqueue.c rq_arrive own_arrive REQ_HANDOVER take_handover keep_node | arrive()
 * c: percpu/runqueue.c rq_place rq_task_may_run_on place_forbidden | place()
 * c: percpu/runqueue.c settle atomic_fetch_or_full still_in_flight take_handover | settle: in flight: HANDOVER, look again
 * c: percpu/runqueue.c settle_once own_read LOOK_AGAIN | settle: by the word that was read
 * c: percpu/runqueue.c settle_shelved rq_unshelve | settle: on the shelf
 * c: percpu/runqueue.c apply_frozen own_freeze own_park own_requeue rq_place | settle: asleep
 * c: percpu/runqueue.c rq_steal shelf_take own_migrate | thief
 * c: kernel/sched/affinity.c sched_apply_affinity moving rq_place publish_done | apply(), the affinity bit
 * c: kernel/sched/affinity.c store_mask atomic_fetch_add_full | changer: the mask before the owner is read
 * c: kernel/sched/core.c deactivate_task tell_left own_park own_requeue rq_place | step TAIL
 * c: kernel/sched/core.c requeue_prev own_requeue tell_left send_prev_away | involuntary switch
 * c: kernel/sched/core.c tell_left sched_affinity_left | acknowledged, if it had to leave
 * c: kernel/sched/core.c send_prev_away rq_place rq_send | to a CPU that its mask allows
 */
#ifndef CPUS
#define CPUS 2
#endif
#ifndef TOKENS
#define TOKENS 2
#endif
#define NONE 9
#define AFF 1
#define POL 2
#define HANDOVER 4
#define ALLOWS(m, c) (((m) >> (c)) & 1)
mtype = { RUNNING, BLOCKING, WOKEN, PARKED, WAKING, MIGRATING, RUNNABLE, DEAD, RUN, CHECK, TAIL };

mtype st = WAKING;           /* the word */
byte cpu = 0;
byte wake_at = 0;            /* whose inbox of wakes holds it: fork posted it to CPU 0 */
byte queued = NONE, curr = NONE, shelved = NONE;
byte places = 1;             /* inbox, queue, CPU, shelf: T1 */
mtype step = RUN;            /* of the running task */
bool saved = 1;
byte mask = (1 << CPUS) - 1;
byte acknowledged = (1 << CPUS) - 1; /* the mask whose change was acknowledged */
byte bits = 0, req_at = NONE;
byte posted = 0, consumed = 0;
bool moving = 0, policy_done = 0;
byte wanted = 0, done = 0;
byte switches = 0, shelves = 0; /* involuntary switches and shelvings so far: bounded */

#ifdef TWO_CHANGES
#define CHANGES 2
#else
#define CHANGES 1
#endif
#define FINISHED (st == DEAD && policy_done && done == CHANGES && req_at == NONE)
#ifdef LIVE
ltl ends { <> FINISHED }
#endif

inline push_node(c) { atomic { assert(req_at == NONE); req_at = c } }

inline request(b) {
  atomic { old = bits; bits = bits | b };
  if
#ifdef PUSH_ALWAYS
  :: o = cpu; push_node(o)
#else
  :: old == 0 -> o = cpu; push_node(o)
  :: else
#endif
  fi }

inline to_inbox(t) { atomic { assert(places == 0 && (st == WAKING || st == MIGRATING)); wake_at = t; places++ } }

/* RUNNABLE and in hand on CPU c. */
inline place(c) {
  if
#ifdef PLACE_UNCHECKED
  :: true ->
#else
  :: ALLOWS(mask, c) ->
#endif
     atomic { assert(places == 0 && st == RUNNABLE && cpu == c); queued = c; places++ }
#ifndef PLACE_UNCHECKED
  :: else ->
     if :: ALLOWS(mask, 0) -> t = 0 :: ALLOWS(mask, 1) -> t = 1
#if CPUS > 2
        :: ALLOWS(mask, 2) -> t = 2
#endif
     fi;
     atomic { assert(st == RUNNABLE); st = MIGRATING };
     to_inbox(t)
#endif
  fi }

/* On CPU c, which detached the node and owns the task. */
inline apply(c) {
  atomic { assert(cpu == c && st != WAKING && st != MIGRATING); v = bits & 3; bits = 0 };
  if :: v & POL -> policy_done = 1 :: else fi;
  if
  :: v & AFF ->
     o = wanted;
     if
#ifndef ACK_RUNNING
     :: !ALLOWS(mask, c) && curr == c -> moving = 1
#endif
     :: !ALLOWS(mask, c) && queued == c -> atomic { queued = NONE; places-- }; place(c); done = o
     :: else -> done = o
     fi
  :: else
  fi }

inline take_handover() { atomic { got = (bits & HANDOVER) != 0; bits = bits & 3 } }

inline arrive(c) {
  atomic { assert(st == WAKING || st == MIGRATING); st = RUNNABLE; cpu = c };
#ifndef NO_ENQUEUER_LOOK
  if
  :: bits & HANDOVER -> take_handover(); if :: got -> push_node(c) :: else fi    /* to its own mail: it may hold any lock now */
  :: else
  fi;
#endif
  place(c) }

inline left() { if :: moving -> moving = 0; done = wanted :: else fi }

proctype processor(byte c) { mtype s; byte o, v, t; bool mine, got, in_flight;
end: do
  /* ---- mail ---- */
  :: atomic { wake_at == c -> wake_at = NONE; places-- }; arrive(c)
  :: atomic { req_at == c -> req_at = NONE };
     do
     :: atomic { s = st; o = cpu; in_flight = 0; mine = 0 };
        if
        :: s == WAKING || s == MIGRATING ->
#ifdef APPLY_IN_FLIGHT
           apply(c); break
#else
           in_flight = 1
#endif
        :: s == DEAD -> apply(o); break
        :: s != WAKING && s != MIGRATING && s != DEAD && o != c -> push_node(o); break
        :: s == PARKED && o == c ->
#ifdef FREEZE_UNSEEN
           atomic { mine = (st == PARKED); if :: mine -> st = BLOCKING :: else fi };
#else
           atomic { mine = (st == PARKED && cpu == c); if :: mine -> st = BLOCKING :: else fi };
#endif
           if
           :: mine ->
              apply(c);
              atomic { got = (st == WOKEN); if :: got -> st = RUNNABLE :: else -> assert(st == BLOCKING); st = PARKED fi };
              if :: got -> place(c) :: else fi;
              break
           :: else
           fi
        :: s == RUNNABLE && o == c ->
           mine = (queued != NONE);                           /* the task's own field: perhaps the thief's queue */
           if
#ifndef HOLDS_UNCHECKED
           :: !(st == s && cpu == c) -> skip              /* forget what was seen, look again */
           :: else ->
#else
           :: true ->
#endif
              if
              :: mine -> apply(c); break
              :: else ->
                 atomic { mine = (shelved == c); if :: mine -> shelved = NONE; places-- :: else fi };
                 if :: mine -> apply(c); place(c); break
                    :: else -> in_flight = 1
                 fi
              fi
           fi
        :: (s == RUNNING || s == BLOCKING || s == WOKEN) && o == c -> apply(c); break
        fi;
        if
        :: in_flight ->
           atomic { bits = bits | HANDOVER };
#ifdef NO_RECHECK
           break
#else
           if
           :: st == WAKING || st == MIGRATING || (st == s && cpu == o) -> break
           :: else -> take_handover(); if :: got -> skip :: else -> break fi
           fi
#endif
        :: else
        fi
     od
  /* ---- the task, when it is here ---- */
  :: atomic { queued == c ->
        assert(st == RUNNABLE && cpu == c && saved && ALLOWS(acknowledged, c));
        queued = NONE; curr = c; st = RUNNING; saved = 0; step = RUN }
  :: curr == c && step == RUN ->
     if
     :: consumed == TOKENS ->
        curr = NONE; left(); atomic { st = DEAD; places-- }
     :: else -> atomic { assert(st == RUNNING); st = BLOCKING }; step = CHECK
     fi
  :: curr == c && step == CHECK ->
     if
     :: posted > consumed -> atomic { assert(st == BLOCKING || st == WOKEN); st = RUNNING }; consumed++; step = RUN
     :: else -> step = TAIL
     fi
  :: curr == c && step == TAIL ->
     if
     :: st == WOKEN -> atomic { st = RUNNING }; step = RUN
     :: st == BLOCKING ->
        curr = NONE; saved = 1; places--;
        left();
#ifdef TAIL_IGNORES_WOKEN
        atomic { got = 0; st = PARKED };
#else
        atomic { got = (st == WOKEN); if :: got -> st = RUNNABLE :: else -> assert(st == BLOCKING); st = PARKED fi };
#endif
        if :: got -> place(c) :: else fi
     fi
  :: curr == c && (moving
#ifdef INVOLUNTARY
     || switches < 2
#endif
     ) ->
     if :: moving -> skip :: else -> switches++ fi;
     curr = NONE; saved = 1; places--;
     atomic { assert(st == RUNNING || st == BLOCKING || st == WOKEN); st = RUNNABLE };
     if
     :: moving -> left(); place(c)
     :: else -> atomic { assert(places == 0 && cpu == c); queued = c; places++ }
     fi
#ifdef STEAL
  :: atomic { queued == c && shelves < 2 -> queued = NONE; shelved = c; shelves++ }
  :: atomic { shelved == c -> shelved = NONE; queued = c }
  :: atomic { shelved != NONE && shelved != c -> shelved = NONE; places-- };
     atomic { assert(st == RUNNABLE); st = MIGRATING };
     arrive(c)
#endif
  od }

proctype waker() { bool won; byte t;
  do
  :: posted < TOKENS ->
     posted++;
     atomic {
       won = 0;
       if
       :: st == BLOCKING -> st = WOKEN
       :: st == PARKED -> st = WAKING; won = 1
       :: else
       fi };
     if
     :: won -> if :: t = 0 :: t = 1
#if CPUS > 2
                  :: t = 2
#endif
               fi;
               to_inbox(t)
     :: else
     fi
  :: else -> break
  od }

proctype changer() { byte old, o;
  mask = ((1 << CPUS) - 1) & ~1;
  wanted++;
  request(AFF);
  done == 1;
  atomic { assert(curr != 0); acknowledged = mask };
#ifdef TWO_CHANGES
  atomic { mask = 1; acknowledged = (1 << CPUS) - 1 };
  wanted++;
  request(AFF);
  done == 2;
  atomic { assert(curr == NONE || curr == 0); acknowledged = mask };
#endif
  skip }

proctype policy() { byte old, o; request(POL) }

init { byte i;
  atomic { run waker(); run changer(); run policy(); i = 0; do :: i < CPUS -> run processor(i); i++ :: else -> break od };
  FINISHED }
