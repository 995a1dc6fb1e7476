/* futex.pml: futex wait, wake, requeue over two words, time-outs, and the table that is made at the first wait (F1 to F8 of futex.h).
 *
 * WAITERS tasks wait for word 0. A waker stores it (a plain store of user space: it may stand in the store buffer) and wakes all. A mover
 * requeues word 0's waiters to word 1 and wakes word 1; with REVERSE another does it the other way round. With TIMEOUT a waiter may give
 * up. Each frame of a waiter is gone when its wait returns, each task is freed a grace period after it ended.
 * RESIZE is a protocol for a table that grows, which the kernel does not do (its tables keep their size): all old buckets are locked, the
 * waiters moved, the pointer published, and whoever finds the pointer changed starts again (F7).
 * Checked: nobody sleeps for ever; a waiter leaves once, under the lock of the bucket it is in; nothing gone is touched; counts come back
 * to zero; two requeues do not lock each other out.
 * run: pass
 * run: -DTIMEOUT pass
 * run: -DREVERSE -DTIMEOUT -DONE_WAITER pass
 * run: -DRESIZE -DONE_WAITER pass
 * run: -DLIVE -DONE_WAITER pass
 * run: -DNO_FENCE fail
 * run: -DCOUNT_LATE fail
 * run: -DBLOCK_LATE fail
 * run: -DWAKE_WITHOUT_RCU fail
 * run: -DTOUCH_AFTER_LEAVE fail
 * run: -DTIMEOUT -DUNQUEUE_UNCHECKED fail
 * run: -DREVERSE -DONE_WAITER -DLOCK_UNORDERED fail
 * run: -DFAULT_WHILE_BLOCKING fail
 * run: -DRESIZE -DONE_WAITER -DNO_SECOND_LOOK fail
 * run: -DRESIZE -DONE_WAITER -DNO_LOOK_UNDER_LOCK fail
 * run: -DRESIZE -DONE_WAITER -DPUBLISH_BEFORE_COUNT fail
 * full: -DRESIZE pass
 * full: -DREVERSE pass
 * full: -DRESIZE -DREVERSE -DTIMEOUT -DONE_WAITER pass
 * full: -DLIVE -DTIMEOUT -DONE_WAITER pass
 * c: kernel/sync/futex.c make_table atomic_cas_full | waiter: the table, made by one CAS
 * c: kernel/sync/futex.c queue_if_equal atomic_fetch_add_full futex_lock copy_from_user set_current_state insert_waiter | waiter: F1, the locked read, F6, queued
 * c: kernel/sync/futex.c sleep_queued schedule set_current_state | waiter: sleeps until woken or late
 * c: kernel/sync/futex.c futex_lock_bucket_of atomic_load_acquire futex_lock | waiter: locks the bucket it is in by now
 * c: kernel/sync/futex.c unqueue futex_lock_bucket_of unlink_waiter | waiter: leaves
 * c: kernel/sync/futex.c unlink_waiter list_del atomic_dec_relaxed atomic_store_release | unlink(): F3, the frame may go after the last store
 * c: kernel/sync/futex.c futex_wake atomic_fence_full find_bucket waiters | waker: F2, then the table and the count
 * c: kernel/sync/futex.c futex_wake_upto rcu_read_lock futex_lock futex_take_locked futex_unlock futex_wake_batch | wake(): F4, woken after the unlock
 * c: kernel/sync/futex_requeue.c futex_lock_two futex_lock | mover: F5
 * c: kernel/sync/futex.c futex_move_locked atomic_fetch_add_full insert_waiter atomic_store_release atomic_dec_relaxed | mover: moved under both locks
 */
#ifdef ONE_WAITER
#define WAITERS 1
#endif
#ifndef WAITERS
#define WAITERS 2
#endif
#define NONE 9
#define BUCKET(t, k) (((t) - 1) * 2 + (k))

bool word = 0, word_buffered = 0;
#ifdef RESIZE
byte table = 1;
#else
byte table = 0;
#endif
byte holder[4];              /* of each bucket's lock; 0: free */
byte count[4];               /* futex_bucket.waiters */
byte link[WAITERS];          /* the queue a waiter stands in */
byte bucket[WAITERS];        /* q->bucket */
bool blocking[WAITERS], frame_gone[WAITERS], task_gone[WAITERS];
bool reading[3];             /* RCU sections of waker and movers */
byte returned = 0, ended = 0;
#ifdef REVERSE
#define ACTORS 3
#else
#define ACTORS 2
#endif
#define FINISHED (returned == WAITERS && ended == ACTORS)
#ifdef LIVE
ltl ends { <> FINISHED }
#endif

inline lock(b) { atomic { holder[b] == 0 -> holder[b] = _pid + 1 } }
inline unlock(b) { atomic { assert(holder[b] == _pid + 1); holder[b] = 0 } }

inline unlink(i, b) {
  assert(holder[b] == _pid + 1 && link[i] == b && !frame_gone[i]);
#ifdef TOUCH_AFTER_LEAVE
  bucket[i] = NONE;
  assert(!frame_gone[i]);
  link[i] = NONE; count[b]--
#else
  link[i] = NONE; count[b]--;
  bucket[i] = NONE
#endif
}

proctype store_buffer() { end: do :: atomic { word_buffered -> word = 1; word_buffered = 0 } od }

proctype waiter(byte i) { byte t, b; bool seen, late = 0;
again:
  if :: table == 0 -> atomic { if :: table == 0 -> table = 1 :: else fi } :: else fi;
  t = table; b = BUCKET(t, 0);
#ifndef COUNT_LATE
  count[b]++;
#endif
  lock(b);
#if defined(RESIZE) && !defined(NO_LOOK_UNDER_LOCK)
  if :: table != t -> unlock(b); count[b]--; goto again :: else fi;
#endif
#ifdef FAULT_WHILE_BLOCKING
  blocking[i] = 1;
  if :: true -> unlock(b); count[b]--; (!blocking[i]); goto again :: else fi; /* the fault sleeps: somebody must wake it */
#endif
  seen = word;
  if
  :: seen ->
     unlock(b);
#ifndef COUNT_LATE
     count[b]--;
#endif
     goto out
  :: else
  fi;
#ifdef COUNT_LATE
  count[b]++;
#endif
#ifndef BLOCK_LATE
  blocking[i] = 1;
#endif
  atomic { bucket[i] = b; link[i] = b };
  unlock(b);
#ifdef BLOCK_LATE
  if :: bucket[i] == NONE -> goto out :: else -> blocking[i] = 1 fi;
  (!blocking[i]); goto out;
#endif
  do
  :: bucket[i] == NONE -> break
  :: else ->
     if
     :: !blocking[i] -> blocking[i] = 1
#ifdef TIMEOUT
     :: late = 1; break
#endif
     fi
  od;
  blocking[i] = 0;
  do
  :: b = bucket[i];
     if
     :: b == NONE -> break
     :: else ->
        lock(b);
        if
#ifdef UNQUEUE_UNCHECKED
        :: true -> unlink(i, b); unlock(b); break
#else
        :: bucket[i] == b -> unlink(i, b); unlock(b); break
        :: else -> unlock(b)
#endif
        fi
     fi
  od;
out:
  frame_gone[i] = 1;
  (!reading[0]); (!reading[1]); (!reading[2]);
  task_gone[i] = 1;
  returned++ }

/* Wakes all waiters of word k. r: which RCU reader this is. */
inline wake(k, r) {
  do
  :: t = table;
     if
     :: t == 0 -> break
     :: else -> b = BUCKET(t, k)
     fi;
     if
     :: count[b] == 0 ->
#if defined(RESIZE) && !defined(NO_SECOND_LOOK)
        if :: table != t -> skip :: else -> break fi
#else
        break
#endif
     :: else ->
#ifndef WAKE_WITHOUT_RCU
        reading[r] = 1;
#endif
        lock(b);
        if
#if defined(RESIZE) && !defined(NO_LOOK_UNDER_LOCK)
        :: table != t -> unlock(b); reading[r] = 0
        :: else ->
#else
        :: true ->
#endif
           i = 0; batch = 0;
           do
           :: i < WAITERS ->
              if :: link[i] == b -> unlink(i, b); batch = batch | (1 << i) :: else fi;
              i++
           :: else -> break
           od;
           unlock(b);
           i = 0;
           do
           :: i < WAITERS ->
              if :: batch & (1 << i) -> assert(!task_gone[i]); blocking[i] = 0 :: else fi;
              i++
           :: else -> break
           od;
           reading[r] = 0;
           break
        fi
     fi
  od }

proctype waker() { byte t, b, i, batch;
  word_buffered = 1;
#ifndef NO_FENCE
  (!word_buffered);
#endif
  wake(0, 0);
  ended++ }

/* Moves the waiters of word `from` to word `to`, then wakes word `to`. */
proctype mover(byte from; byte to; byte r) { byte t, b, c, i, batch;
again:
  if :: table == 0 -> atomic { if :: table == 0 -> table = 1 :: else fi } :: else fi;
  t = table;
  b = BUCKET(t, from); c = BUCKET(t, to);
#ifdef LOCK_UNORDERED
  lock(b); lock(c);
#else
  if :: b < c -> lock(b); lock(c) :: else -> lock(c); lock(b) fi;
#endif
#if defined(RESIZE) && !defined(NO_LOOK_UNDER_LOCK)
  if :: table != t -> unlock(b); unlock(c); goto again :: else fi;
#endif
  i = 0;
  do
  :: i < WAITERS ->
     if
     :: link[i] == b ->
        assert(!frame_gone[i]);
        count[c]++;
        link[i] = c;
        bucket[i] = c;
        count[b]--
     :: else
     fi;
     i++
  :: else -> break
  od;
  unlock(b); unlock(c);
  wake(to, r);
  ended++ }

#ifdef RESIZE
proctype resizer() { byte i;
  lock(0); lock(1); lock(2); lock(3);
#ifdef PUBLISH_BEFORE_COUNT
  table = 2; unlock(2); unlock(3);
#endif
  i = 0;
  do
  :: i < WAITERS ->
     if :: link[i] != NONE -> count[link[i] + 2]++; :: else fi;
     i++
  :: else -> break
  od;
#ifndef PUBLISH_BEFORE_COUNT
  table = 2;
#endif
  i = 0;
  do
  :: i < WAITERS ->
     if :: link[i] != NONE -> count[link[i]]--; link[i] = link[i] + 2; bucket[i] = link[i] :: else fi;
     i++
  :: else -> break
  od;
#ifndef PUBLISH_BEFORE_COUNT
  unlock(2); unlock(3);
#endif
  unlock(0); unlock(1) }
#endif

init { byte i;
  atomic {
    i = 0;
    do :: i < WAITERS -> link[i] = NONE; bucket[i] = NONE; run waiter(i); i++ :: else -> break od;
    run store_buffer(); run waker(); run mover(0, 1, 1);
#ifdef REVERSE
    run mover(1, 0, 2);
#endif
#ifdef RESIZE
    run resizer();
#endif
  };
  FINISHED;
  assert(count[0] == 0 && count[1] == 0 && count[2] == 0 && count[3] == 0) }
