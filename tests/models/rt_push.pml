/* rt_push.pml: a real-time task that waits behind a more important one reaches a CPU that runs something less important.
 *
 * CPU 0 runs priority 1 for ever; W, priority 2, waits there. CPU 1 goes from 1 to 9 and up to FLIPS times back and again; what it runs is
 * told by a plain store (curr_prio is a hint) that may stand in its store buffer. W is pushed when it is queued behind somebody and at each tick of the
 * CPU where it waits, to a CPU that seems to run something less important, and goes there through the inbox.
 * Checked: W is in one place; W runs in the end, whatever the hints said on the way (weak fairness).
 * run: -DLIVE pass
 * run: -DLIVE -DNO_TICK fail
 * run: -DLIVE -DNO_PREEMPT fail
 * run: -DLIVE -DTICK_KEEPS fail
 * run: -DLIVE -DPUSH_BLIND fail
 * full: -DLIVE -DFLIPS=4 pass
 * c: kernel/sched/rt.c rt_send_waiting sched_select_rt curr_prio rt_dequeue rq_send | push()
 * c: kernel/sched/sched_tick.c scheduler_tick sched_urgent_waits | tick of the CPU where W waits
 * c: kernel/sched/urgent.c sched_urgent_waits rt_send_waiting | the same, and when it is queued behind somebody
 * c: kernel/sched/placement.c sched_select_rt curr_prio | push(): reads the hints, the own CPU's first
 * c: kernel/sched/core.c context_switch curr_prio | CPU 1 changes what it runs
 * c: kernel/sched/wake.c sched_check_preempt rq_kick_self | arrival: W before what runs there
 * c: percpu/runqueue.c rq_send own_migrate rq_post_wake | push(): through the inbox
 */
#ifndef FLIPS
#define FLIPS 2
#endif
#define W 2
#define NONE 9
byte prio[2] = { 1, 1 };    /* what each CPU runs */
byte hint[2] = { 1, 1 };    /* curr_prio in memory */
bool buffered = 0;          /* hint[1] = prio[1] in CPU 1's store buffer */
byte queued = 0, inbox = NONE;
bool ran = 0, resched[2], pushed = 0;
bool in_tick[2];            /* interrupts are off: the CPU does nothing else */
#ifdef NO_TICK
#define ACTS(c) !pushed
#elif defined(TICK_KEEPS) || defined(PUSH_BLIND)
#define ACTS(c) true
#else
#define ACTS(c) (hint[1 - (c)] > prio[c] && hint[1 - (c)] > W)   /* a tick that changes nothing is no step */
#endif
byte flips = 0;

#ifdef LIVE
ltl ends { <> ran }
#endif

proctype store_buffer() { end: do :: atomic { buffered -> hint[1] = prio[1]; buffered = 0 } od }

/* W, in hand on CPU c: sent to the other CPU, or queued here. */
inline push(c) {
#ifdef PUSH_BLIND
  atomic { assert(inbox == NONE && queued == NONE); inbox = 1 - c }
#else
  own = prio[c]; other = hint[1 - c];
  if
  :: other > own && other > W -> atomic { assert(inbox == NONE && queued == NONE); inbox = 1 - c }
  :: else -> atomic { assert(inbox == NONE && queued == NONE); queued = c }
  fi
#endif
}

/* Mail and schedule() of CPU c. A tick and what runs there come between any two of its steps. */
proctype processor(byte c) {
end: do
  :: atomic { inbox == c && !in_tick[c] -> inbox = NONE; queued = c;
#ifndef NO_PREEMPT
     if :: W < prio[c] -> resched[c] = 1 :: else fi
#else
     skip
#endif
     }
  :: atomic { resched[c] && !in_tick[c] -> resched[c] = 0; if :: queued == c && W < prio[c] -> ran = 1 :: else fi }
  od }

/* The tick, where W waits and does not run yet; the way out of an interrupt looks at NEED_RESCHED, so none comes before that; only the first one with NO_TICK: the push when it was queued. */
proctype tick(byte c) { byte own, other;
end: do
  :: atomic { queued == c && !ran && !resched[c] && ACTS(c) -> in_tick[c] = 1; pushed = 1; queued = NONE };
#ifdef TICK_KEEPS
     own = prio[c]; other = hint[1 - c];
     if :: other > own && other > W -> inbox = 1 - c :: else -> skip fi;   /* out of the queue, and not back */
#else
     push(c);
#endif
     in_tick[c] = 0
  od }

/* What CPU 1 runs: ends, and for some time comes again. On the way down the CPU picks the best that waits there. */
proctype load() {
  do
  :: atomic { prio[1] == 1 && !buffered && !in_tick[1] -> prio[1] = 9; buffered = 1; if :: queued == 1 -> resched[1] = 1 :: else fi }
  :: atomic { prio[1] == 9 && !buffered && !in_tick[1] && flips < FLIPS -> flips++; prio[1] = 1; buffered = 1 }
  :: prio[1] == 9 -> break
  od }

init { atomic { run store_buffer(); run processor(0); run processor(1); run tick(0); run tick(1); run load() }; ran }
