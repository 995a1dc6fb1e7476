/* inbox.pml: inbox, kick word and idle handshake (percpu/runqueue.h Q1 and Q2, kernel/sched/idle.c).
 *
 * Senders push and, when the inbox was empty, set NEED_RESCHED; an IPI goes only to a CPU that neither polls nor was kicked. The owner works,
 * then idles by HLT or by watching the kick word, or lets the task that was to be preempted go on for a moment (kernel/sched/slice_extension.c); the
 * timer that ends this is left out, since no mail may wait for it. Checked: every message is taken; nobody sleeps with mail.
 * run: pass
 * run: -DDRAIN_BEFORE_CLEAR fail
 * run: -DNO_LAST_LOOK fail
 * run: -DKICK_BEFORE_PUSH fail
 * run: -DPLAIN_POLL_CLEAR fail
 * run: -DEXTEND_WITHOUT_LOOK fail
 * run: -DPOLLING_KEPT fail
 * c: lockfree/inbox.h inbox_push_mpsc atomic_cas_full | sender: the push; was it empty?
 * c: percpu/runqueue.h rq_post_wake inbox_push_mpsc rq_kick | sender: the first pusher kicks, after the push
 * c: percpu/runqueue.h rq_kick atomic_fetch_or_full RQ_POLLING rq_env_ipi | kick(): NEED_RESCHED; an IPI only to who neither polls nor was kicked
 * c: kernel/sched/core.c sched_take_mail atomic_fetch_and_full RQ_POLLING rq_drain | schedule(): clear, then detach
 * c: lockfree/inbox.h inbox_detach_all atomic_xchg_acquire | drain()
 * c: kernel/sched/idle.c must_wake need_resched rq_has_mail | owner: the last look before HLT or MWAIT
 * c: kernel/sched/idle.c wait_mwait atomic_fetch_or_full atomic_fetch_and_full | owner: POLLING set and cleared by RMW
 * c: kernel/sched/slice_extension.c sched_extend_slice sched_take_mail atomic_fetch_and_full rq_has_mail rq_kick_self | extend(): the second clearing, and the look after it
 * c: kernel/sched/idle.c cpu_idle_loop must_wake rq_kick_self | owner: mail without a kick
 */
#define SENDERS 3
byte inbox = 0, taken = 0;
bool need_resched = 0, polling = 0, ipi = 0;
bool poll_clear_buffered = 0;   /* PLAIN_POLL_CLEAR: POLLING = 0 still in the owner's store buffer */

proctype buffer() { end: do :: atomic { poll_clear_buffered -> polling = 0; poll_clear_buffered = 0 } od }

inline kick() {
  atomic { tell = !need_resched && !polling; need_resched = 1 };
  if :: tell -> ipi = 1 :: else fi
}

proctype sender() {
  bool tell, first;
#ifdef KICK_BEFORE_PUSH
  kick(); inbox++
#else
  atomic { first = (inbox == 0); inbox++ };
  if :: first -> kick() :: else fi
#endif
}

inline drain() { atomic { taken = taken + inbox; inbox = 0 } }

/* schedule(): only when asked. */
inline schedule() {
  if
  :: need_resched ->
#ifdef DRAIN_BEFORE_CLEAR
     drain(); need_resched = 0
#elif defined(POLLING_KEPT)
     need_resched = 0; drain()
#else
     atomic { need_resched = 0; polling = 0 }; drain()
#endif
  :: else
  fi
}

/* In place of schedule(): what the mail asked for waits, too, so that it is cleared once more. */
inline extend() {
  need_resched = 0; drain();
  need_resched = 0;
#ifndef EXTEND_WITHOUT_LOOK
  if :: inbox > 0 -> need_resched = 1 :: else fi
#endif
}

proctype owner() {
  do
  :: taken == SENDERS -> break
  :: else ->
     schedule();
     if :: ipi -> ipi = 0 :: true fi;   /* interrupts are on: an IPI may be spent here, it only says: look */
     if
     :: need_resched -> extend(); /* and goes on: only the kick word or an IPI is noticed */
        if :: need_resched -> skip
           :: else -> (need_resched || ipi || taken == SENDERS)
        fi
     :: skip; /* busy: the way out to user mode looks at the kick word; then only an IPI is noticed */
        if :: need_resched -> skip
           :: else -> (ipi || taken == SENDERS)
        fi
     :: skip; /* HLT: interrupts off, look, STI;HLT */
#ifdef NO_LAST_LOOK
        (ipi || taken == SENDERS)
#else
        if :: need_resched -> skip
           :: inbox > 0 -> need_resched = 1
           :: else -> (ipi || taken == SENDERS)
        fi
#endif
     :: /* MWAIT on the kick word */
        polling = 1;
        if :: need_resched -> skip
           :: inbox > 0 -> need_resched = 1
           :: else -> (need_resched || ipi || taken == SENDERS)
        fi;
        if
        :: need_resched -> schedule() /* the end of an interrupt switches away from the idle task */
        :: skip;
#ifdef PLAIN_POLL_CLEAR
           poll_clear_buffered = 1
#else
           polling = 0
#endif
        fi
     fi;
     ipi = 0
  od
}

init { byte i;
  atomic { run owner(); run buffer(); i = 0; do :: i < SENDERS -> run sender(); i++ :: else -> break od };
  taken == SENDERS
}
