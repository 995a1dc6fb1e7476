/* pi_chain.pml: waiting for PI locks: circles of owners are found, and only circles; nobody who waits is forgotten (pi_state.h PI2, PI4, pi_chain.c).
 *
 * Three tasks take locks in ascending order, one of them twice, so that a walk along the chain of owners may see waits of different moments. With
 * CIRCLE two tasks take two locks in opposite order, with CIRCLE3 three tasks three. With TIMEOUT a waiter may give up. Locks are handed over
 * under their bucket's lock, to any of those who wait. That a task waits stands in waits_in, which is stored in the locked section and read
 * without the lock: store and unlock may stand in the store buffer until the next locked operation.
 * FOLLOW: a task begins to wait while another one changes its priority.
 * Checked: every task comes to its end (a circle that nobody sees is a deadlock of the model); without a circle none is reported; a lock
 * that was handed to a task which gave up is not lost; who waits stands in the queue by its last priority.
 * run: pass
 * run: -DTIMEOUT pass
 * run: -DCIRCLE pass
 * run: -DCIRCLE -DTIMEOUT pass
 * run: -DCIRCLE3 pass
 * run: -DFOLLOW pass
 * run: -DONE_WALK fail
 * run: -DCIRCLE -DNO_BARRIER fail
 * run: -DCIRCLE -DWALK_FIRST fail
 * run: -DTIMEOUT -DLEAVE_UNCHECKED fail
 * run: -DFOLLOW -DREAD_FIRST fail
 * run: -DFOLLOW -DLOOK_FIRST fail
 * full: -DCIRCLE3 -DTIMEOUT pass
 * full: -DCIRCLE3 -DWALK_FIRST fail
 * c: kernel/sync/pi_state.c pi_wait_locked atomic_store_release insert lend | begin_wait(): waits_in, then the place by what is read after it
 * c: kernel/sync/futex_pi.c wait_for_lock pi_check_deadlock pi_sleep pi_finish | take(): queued, then the walk, then sleep
 * c: kernel/sync/pi_chain.c lock_where_it_waits atomic_load_acquire futex_lock waits_in | step(): read, lock, look again
 * c: kernel/sync/pi_chain.c step pi_reorder_locked owner get_task_struct futex_unlock | step(): the owner, under the lock
 * c: kernel/sync/pi_chain.c pi_check_deadlock walk_round signature | check(): two rounds that saw the same waits
 * c: kernel/sync/futex_pi.c pi_finish granted futex_unlink_locked pi_leave_locked | leave(): under the lock, unless it was granted
 * c: kernel/sync/pi_state.c pi_hand_over_locked end_wait sched_lend atomic_store_release | release(): to one who waits
 * c: kernel/sched/policy.c sched_set_policy spin_lock spin_unlock sched_request_policy pi_follow | setter: the priority, then waits_in
 */
#if defined(CIRCLE)
#define TASKS 2
#else
#define TASKS 3
#endif
#define LOCKS 3
#define NONE 7

byte holder[LOCKS];         /* of each bucket's lock; 0: free */
byte owner[LOCKS];
byte waits_for[TASKS];      /* stands in that lock's queue */
byte waits_in[TASKS];       /* the same as memory has it */
byte waits[TASKS];          /* counts them */
bool granted[TASKS];
byte buffered[TASKS];       /* the lock whose store to waits_in, and whose unlock, memory has not seen */
byte ended = 0;

inline lock(b) { atomic { holder[b] == 0 -> holder[b] = _pid + 1 } }
inline unlock(b) { atomic { assert(holder[b] == _pid + 1); holder[b] = 0 } }

proctype store_buffer(byte t) {
end:
  do
  :: atomic { buffered[t] != NONE -> waits_in[t] = buffered[t]; holder[buffered[t]] = 0; buffered[t] = NONE }
  od }

/* In the locked section of b. */
inline begin_wait(me, b) {
  atomic { waits_for[me] = b; granted[me] = 0; waits[me]++; buffered[me] = b };
#ifndef NO_BARRIER
  (buffered[me] == NONE)
#endif
}

/* found: the chain from `me` leads back to it. saw: which waits. */
inline walk(me) {
  t = me; found = 0; saw = 0;
  do
  :: b = waits_in[t];
#ifdef NO_BARRIER
     if :: t == me && buffered[me] != NONE -> b = buffered[me]; next = owner[b]; goto seen :: else fi; /* what it wrote itself it knows */
#endif
     if :: b == NONE -> break :: else fi;
     lock(b);
     if
     :: waits_in[t] != b -> unlock(b)
     :: else ->
        next = owner[b];
        saw = saw * 16 + t * 4 + waits[t];
        unlock(b);
seen:   if :: next == me -> found = 1; break :: else fi;
        if :: next == NONE -> break :: else t = next fi
     fi
  od }

inline check(me) {
  before = 0;
  do
  :: walk(me);
     if
     :: !found -> break
#ifdef ONE_WALK
     :: found -> break
#else
     :: found && saw == before -> break
     :: found && saw != before -> before = saw
#endif
     fi
  od }

inline release(l) {
  lock(l);
  assert(owner[l] == me);
  if
  :: waits_for[0] == l -> heir = 0
  :: waits_for[1] == l -> heir = 1
#if TASKS == 3
  :: waits_for[2] == l -> heir = 2
#endif
  :: else -> heir = NONE
  fi;
  atomic {
    owner[l] = heir;
    if :: heir != NONE -> waits_for[heir] = NONE; waits_in[heir] = NONE; granted[heir] = 1 :: else fi
  };
  unlock(l) }

/* got: whether the lock is me's. */
inline take(l) {
#ifdef WALK_FIRST
  waits[me]++;
  if :: owner[l] != NONE && waits_in[owner[l]] != NONE && owner[waits_in[owner[l]]] == me -> got = 0; goto out :: else fi;
#endif
  lock(l);
  if
  :: owner[l] == NONE -> owner[l] = me; unlock(l); got = 1
  :: else ->
     begin_wait(me, l);
     found = 0;
#ifndef WALK_FIRST
     check(me);
#endif
     if
     :: !found ->
        if
        :: granted[me]
#ifdef TIMEOUT
        :: true
#endif
        fi
     :: else
     fi;
     lock(l);
     if
#ifdef LEAVE_UNCHECKED
     :: true -> got = 0
#else
     :: granted[me] -> got = 1
     :: else -> got = 0
#endif
     fi;
#if !defined(CIRCLE) && !defined(CIRCLE3)
     assert(got || !found);
#endif
     if :: !got -> atomic { waits_for[me] = NONE; waits_in[me] = NONE } :: else fi;
     unlock(l)
  fi;
out: skip }

proctype two(byte me; byte first; byte second) { byte t, b, next, heir; int saw, before; bool found, got;
  lock(first);
  if :: owner[first] == NONE -> owner[first] = me; got = 1 :: else -> got = 0 fi;
  unlock(first);
  if
  :: got ->
     take(second);
     if :: got -> release(second) :: else fi;
     release(first)
  :: else
  fi;
  ended++ }

#if !defined(CIRCLE) && !defined(CIRCLE3)
/* One lock, then another one: what it owned first is long gone. */
proctype twice(byte me; byte first; byte second) { byte t, b, next, heir; int saw, before; bool found, got;
  lock(first);
  if :: owner[first] == NONE -> owner[first] = me; got = 1 :: else -> got = 0 fi;
  unlock(first);
  if :: got -> release(first) :: else fi;
  take(second);
  if :: got -> release(second) :: else fi;
  ended++ }
#endif

#ifdef FOLLOW
bool prio = 0, place = 0, queued = 0, waits_seen = 0, pending = 0, attr = 0;

proctype flusher() { end: do :: atomic { pending -> waits_seen = 1; pending = 0 } od }

proctype begins() { bool p;
  lock(0);
#ifdef READ_FIRST
  atomic { !attr -> attr = 1 }; p = prio; attr = 0;
  pending = 1;
#else
  pending = 1;
  atomic { !attr && !pending -> attr = 1 }; /* a locked operation: the store buffer is empty */
  p = prio;
  attr = 0;
#endif
  place = p;
  queued = 1;
  (!pending);
  unlock(0);
  ended++ }

proctype setter() { bool p, w;
#ifdef LOOK_FIRST
  w = waits_seen;
#endif
  atomic { !attr -> attr = 1 }; prio = 1; attr = 0;
#ifndef LOOK_FIRST
  w = waits_seen;
#endif
  if
  :: w ->
     lock(0);
     atomic { !attr -> attr = 1 }; p = prio; attr = 0;
     place = p;
     unlock(0)
  :: else
  fi;
  ended++ }
#endif

init { byte i;
  atomic {
    i = 0;
    do :: i < LOCKS -> owner[i] = NONE; i++ :: else -> break od;
    i = 0;
    do :: i < TASKS -> waits_for[i] = NONE; waits_in[i] = NONE; buffered[i] = NONE; run store_buffer(i); i++ :: else -> break od;
#if defined(FOLLOW)
    run flusher(); run begins(); run setter();
#elif defined(CIRCLE)
    run two(0, 0, 1); run two(1, 1, 0);
#elif defined(CIRCLE3)
    run two(0, 0, 1); run two(1, 1, 2); run two(2, 2, 0);
#else
    run two(0, 0, 1); run two(1, 1, 2); run twice(2, 2, 0);
#endif
  };
#ifdef FOLLOW
  (ended == 2);
  assert(place == prio)
#else
  (ended == TASKS);
  assert(owner[0] == NONE && owner[1] == NONE && owner[2] == NONE)
#endif
}
