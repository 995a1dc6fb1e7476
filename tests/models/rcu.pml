/* rcu.pml: grace periods (lockfree/rcu_core.h G1 to G4): a CPU that reads, one that idles and wakes once, two that sample it, an updater.
 *
 * The reader reads the pointer (version) in read sections and reports between them. The updater replaces the object, waits for a period, then
 * frees it. Checked: no reader holds a freed version; the period ends although one CPU idles for ever.
 * run: pass
 * run: -DREPORT_UNSEEN fail
 * run: -DREPORT_INSIDE fail
 * run: -DNO_NUMBER fail
 * run: -DNO_IDLE_SAMPLE fail
 * run: -DIDLE_EXIT_PLAIN fail
 * c: lockfree/rcu_core.h rcu_cpu_quiet atomic_load_acquire rcu_cpu_quiet_slow | reader between sections: reports a period it has seen (G1)
 * c: lockfree/rcu_core.c report atomic_cas_full atomic_fetch_and_full end_period | clear(): only in the word of that period (G2)
 * c: lockfree/rcu_core.h rcu_cpu_idle_enter atomic_fetch_add_full | CPU 2 goes idle
 * c: lockfree/rcu_core.h rcu_cpu_idle_exit atomic_fetch_add_full | CPU 2 leaves idle before it reads
 * c: lockfree/rcu_core.c force_one atomic_load_acquire report | forcer
 * c: lockfree/rcu_core.c rcu_snapshot atomic_fence_full | updater: the removal, then the period
 */
byte version = 0;            /* what readers find */
bool freed[3];
byte gp = 0;                 /* odd: running */
byte waiting = 0;            /* mask of CPUs, with the period's number: */
byte number = 0;
bool idle = 1;               /* CPU 2 */
bool idle_exit_buffered = 0;
byte updates = 0;

inline clear(who, seq) {
  atomic {
#ifdef NO_NUMBER
    if :: (waiting & who) -> waiting = waiting & (7 - who); if :: waiting == 0 -> gp++ :: else fi :: else fi
#else
    if :: (number == seq && (waiting & who)) -> waiting = waiting & (7 - who); if :: waiting == 0 -> gp++ :: else fi :: else fi
#endif
  }
}

inline read_section() {
  held = version;
#ifdef REPORT_INSIDE
  if :: (gp & 1) && gp != seen -> seen = gp; clear(me, seen) :: else fi;
#endif
  assert(!freed[held])
}

proctype reader(byte me) { byte held, seen = 0, seq, sections = 0;
end: do
  :: sections < 2 -> sections++;
     read_section();
     seq = gp;
     if
     :: (seq & 1) && seq != seen -> seen = seq; clear(me, seq)
#ifdef REPORT_UNSEEN
     :: !(seq & 1) -> held = version; clear(me, seq + 1); assert(!freed[held])
#endif
     :: else
     fi
  :: (gp & 1) && gp != seen -> seen = gp; clear(me, seen)
  od }

/* CPU 2: idle, wakes once, reads, idles again. */
proctype idler() { byte held;
  if
  :: true -> skip                        /* idles for ever */
  :: true ->
#ifdef IDLE_EXIT_PLAIN
     idle_exit_buffered = 1;
#else
     idle = 0;
#endif
     held = version; assert(!freed[held]);
     held = held;
     assert(!freed[held]);
     (!idle_exit_buffered) -> idle = 1
  fi }
proctype buffer() { end: do :: atomic { idle_exit_buffered -> idle = 0; idle_exit_buffered = 0 } od }

/* Samples CPU 2 on its behalf, perhaps late. */
proctype forcer() { byte seq;
end: do
#ifdef NO_IDLE_SAMPLE
  :: false -> skip
#else
  :: (gp & 1) && (waiting & 4) && idle ->
     seq = gp;
     if :: idle -> clear(4, seq) :: else fi
#endif
  od }

proctype updater() { byte old, start;
  do
  :: updates < 2 ->
     old = version; version = version + 1;
     atomic { assert(!(gp & 1)); number = gp + 1; waiting = 5 };
     start = gp + 1;
     gp++;
     gp > start;
     freed[old] = 1;
     updates++
  :: else -> break
  od }

init { atomic { run reader(1); run idler(); run buffer(); run forcer(); run forcer(); run updater() }; updates == 2 }
