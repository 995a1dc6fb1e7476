/* rt_pull.pml: a real-time task that waits, and a CPU that goes over to something less important (kernel/sched/urgent.c, U1 and U2), without a tick.
 *
 * CPU 0 runs priority 1 for ever; W, priority 2, begins to wait there at any moment: CPU 0 publishes it, then looks at CPU 1. CPU 1 runs priority
 * 1 and goes down to 9, once or, for FLIPS times, up again in between: it says so, then looks at the slot and asks CPU 0, which looks once more
 * when it comes to it. Plain stores of each CPU stand in its store buffer until it is drained: at a barrier, or at any time. W goes through the inbox.
 * Checked: W is in one place; W runs in the end, if CPU 1 is down for good (weak fairness).
 * run: -DLIVE pass
 * run: -DLIVE -DNO_FENCE_WAITS fail
 * run: -DLIVE -DNO_FENCE_GONE fail
 * run: -DLIVE -DLOOK_FIRST fail
 * run: -DLIVE -DCLEAR_LATE fail
 * run: -DLIVE -DNO_ASK fail
 * full: -DLIVE -DFLIPS=3 pass
 * c: kernel/sched/urgent.c sched_urgent_waits publish atomic_fence_full rt_send_waiting | waits()
 * c: kernel/sched/urgent.c sched_urgent_gone curr_prio find_waiting asked rq_kick | gone()
 * c: kernel/sched/urgent.c sched_urgent_answer asked atomic_fence_full sched_urgent_waits | CPU 0, asked
 * c: kernel/sched/core.c pick_slow sched_urgent_answer sched_urgent_gone | both, in schedule()
 */
#ifndef FLIPS
#define FLIPS 1
#endif
#define W 2
byte prio = 1;                      /* what CPU 1 runs */
byte hint = 1;                      /* curr_prio of CPU 1 in memory */
bool hint_buffered = 0;
bool slot = 0;                      /* CPU 0's slot in memory: W waits there */
bool slot_buffered = 0;
bool asked = 0, clear_buffered = 0; /* CPU 0's flag; its store of false not yet in memory */
bool queued = 0, inbox = 0, ran = 0, down = 0;

#ifdef LIVE
ltl ends { <> ran }
#endif

proctype buffers() {
end: do
  :: atomic { hint_buffered -> hint = prio; hint_buffered = 0 }
  :: atomic { slot_buffered -> slot = queued; slot_buffered = 0 }
  :: atomic { clear_buffered -> asked = 0; clear_buffered = 0 }
  od }

inline fence0() { atomic { if :: slot_buffered -> slot = queued; slot_buffered = 0 :: else fi; if :: clear_buffered -> asked = 0; clear_buffered = 0 :: else fi } }

/* W is queued on CPU 0. */
inline look() {
  if
  :: atomic { hint > W -> assert(queued && !inbox); queued = 0; inbox = 1; slot_buffered = 1 }
  :: else
  fi }

inline waits() {
#ifdef LOOK_FIRST
  look();
  slot_buffered = 1;
  fence0()
#else
  slot_buffered = 1;
#ifndef NO_FENCE_WAITS
  fence0();
#endif
  look()
#endif
}

proctype cpu0() {
  queued = 1;
  waits();
end: do
  :: asked && !clear_buffered ->
#ifdef CLEAR_LATE
     if :: queued -> waits() :: else fi;
     clear_buffered = 1; fence0()
#else
     clear_buffered = 1;
     fence0();
     if :: queued -> waits() :: else fi
#endif
  od }

inline gone() {
  prio = 9; hint_buffered = 1;
#ifndef NO_FENCE_GONE
  atomic { if :: hint_buffered -> hint = prio; hint_buffered = 0 :: else fi };
#endif
#ifndef NO_ASK
  if :: slot -> asked = 1 :: else fi
#endif
}

/* schedule() of CPU 1, one after the other. */
proctype cpu1() { byte flips = 0;
  do
  :: prio == 1 -> gone()
  :: atomic { prio == 9 && flips < FLIPS && !inbox -> flips++; prio = 1; hint_buffered = 1 }
  :: prio == 9 -> break
  od;
  down = 1;
  inbox -> atomic { inbox = 0; ran = 1 } }

init { atomic { run buffers(); run cpu0(); run cpu1() }; ran }
