/* own.pml: the state word (percpu/own.h): wake-ups with classes, parking in the switch tail, involuntary switches, editing.
 *
 * A task waits twice: for `cond_a` in class A, then for `cond_b` in class B. A waker of each class; a late waker of class A that may
 * come at any time and must not disturb the wait in class B. Stores of conditions stand in a store buffer until an RMW (TSO).
 * Checked: one executor, one place (T1), context complete when read (T2), nobody sleeps for ever (T3).
 * run: pass
 * run: -DINVOLUNTARY pass
 * run: -DEDIT pass
 * run: -DINVOLUNTARY -DEDIT pass
 * run: -DPLAIN_BLOCKING fail
 * run: -DWAKER_NO_BARRIER fail
 * run: -DPARK_BEFORE_SAVE fail
 * run: -DINVOLUNTARY -DINVOLUNTARY_PARKS fail
 * run: -DIGNORE_CLASS fail
 * run: -DTAIL_IGNORES_WOKEN fail
 * run: -DLIVE pass
 * run: -DEDIT -DLIVE pass
 * c: percpu/own.h own_begin_wait atomic_cas_full | the task: BLOCKING with a class, by RMW, before it reads the condition
 * c: percpu/own.h own_cancel_wait atomic_cas_acquire | the task: the condition holds
 * c: percpu/own.h own_wake atomic_fetch_add_full atomic_cas_full OWN_CLASS | wake(): barrier, then state and class in one CAS
 * c: percpu/own.h own_park atomic_cas_release | switch tail: BLOCKING -> PARKED publishes the context
 * c: percpu/own.h own_requeue atomic_cas_full | switch tail: WOKEN, or an involuntary switch, -> RUNNABLE
 * c: percpu/own.h own_arrive atomic_xchg_full | the winner places the task
 * c: percpu/own.h own_run atomic_store_relaxed | RUNNABLE -> RUNNING
 * c: percpu/own.h own_freeze atomic_cas_acquire | editor
 * c: kernel/sched/core.c schedule own_read own_cancel_wait schedule_irqoff | a task that was woken before it slept
 * c: kernel/sched/core.c finish_task_switch deactivate_task requeue_prev own_die | the tail, on the next stack
 */
mtype = { RUNNING, BLOCKING, WOKEN, PARKED, WAKING, RUNNABLE };
#define A 1
#define B 2
mtype st = RUNNING;
byte class = 0;
bool cond[3];            /* in memory */
bool buf[3];             /* in the store buffer of the waker of that class */
bool task_buf;           /* st = BLOCKING in the task's store buffer (only PLAIN_BLOCKING) */
byte task_buf_class;
bool saved = 0;          /* the context is complete in memory */
byte queued = 0;
bool wait_b = 0;         /* the task waits in class B */
bool finished = 0;
#ifdef LIVE
ltl ends { <> finished }
#endif

inline drain_task() {
  if :: task_buf -> st = BLOCKING; class = task_buf_class; task_buf = 0 :: else fi
}

proctype buffers() {
end: do
  :: atomic { buf[A] -> cond[A] = 1; buf[A] = 0 }
  :: atomic { buf[B] -> cond[B] = 1; buf[B] = 0 }
  :: atomic { task_buf -> drain_task() }
  od
}

inline wait_for(c) {
  skip;
again:
  if
  :: cond[c] -> goto waited
  :: else
  fi;
#ifdef PLAIN_BLOCKING
  atomic { task_buf = 1; task_buf_class = c };
#else
  atomic { st = BLOCKING; class = c };
#endif
  wait_b = (c == B);
  if
  :: cond[c] -> atomic { drain_task(); assert(st == BLOCKING || st == WOKEN); st = RUNNING }; wait_b = 0; goto waited
#ifdef INVOLUNTARY
#ifdef INVOLUNTARY_PARKS
  :: true -> goto tail
#else
  :: true -> saved = 1; atomic { drain_task(); st = RUNNABLE; assert(queued == 0); queued++ }; goto queued_here
#endif
#endif
  :: else
  fi;
tail:
#ifdef PARK_BEFORE_SAVE
  atomic { drain_task(); if :: st == BLOCKING -> st = PARKED :: st == WOKEN -> st = RUNNABLE; queued++ fi };
  saved = 1;
#else
  saved = 1;
  atomic { drain_task();
    if
    :: st == BLOCKING -> st = PARKED
#ifdef TAIL_IGNORES_WOKEN
    :: st == WOKEN -> st = PARKED
#else
    :: st == WOKEN -> st = RUNNABLE; assert(queued == 0); queued++
#endif
    fi };
#endif
queued_here:
  atomic { queued > 0 -> queued--; assert(st == RUNNABLE && saved); st = RUNNING; saved = 0 };
  wait_b = 0;
  goto again;
waited:
  skip
}

proctype task_a_then_b() {
  byte c = A;
loop:
  wait_for(c);
  if :: c == A -> c = B; goto loop :: else fi;
  finished = 1
}

#ifdef IGNORE_CLASS
#define FITS(c) true
#else
#define FITS(c) (class == c)
#endif

inline wake(c) {
  atomic {
#ifndef WAKER_NO_BARRIER
    if :: buf[c] -> cond[c] = 1; buf[c] = 0 :: else fi;   /* the RMW drains the waker's own stores */
#endif
    won = 0;
    if
    :: st == BLOCKING && FITS(c) -> assert(c == B || !wait_b); st = WOKEN
    :: st == PARKED && FITS(c) -> assert(c == B || !wait_b); st = WAKING; won = 1
    :: else
    fi };
  if
  :: won -> assert(saved); atomic { assert(st == WAKING && queued == 0); st = RUNNABLE; queued++ }
  :: else
  fi
}

proctype waker(byte c) { bool won; buf[c] = 1; wake(c) }
proctype late_waker() { bool won; wake(A) }

#ifdef EDIT
proctype editor() { bool mine = 0;
  atomic { if :: st == PARKED -> st = BLOCKING; mine = 1 :: else fi };
  if
  :: mine -> atomic {
       if :: st == BLOCKING -> st = PARKED
          :: st == WOKEN -> assert(queued == 0); st = RUNNABLE; queued++
          :: else -> assert(false) fi }
  :: else
  fi }
#endif

init { atomic {
  run task_a_then_b(); run buffers(); run waker(A); run waker(B); run late_waker();
#ifdef EDIT
  run editor();
#endif
  };
  finished
}
