/* rcu_tree.pml: the tree of masks (lockfree/rcu_core.c): climbing, starting and ending periods, requests, a CPU that goes off line and back.
 *
 * CPUs 0 and 1 are one leaf, CPU 2 the other. Each reads the version in read sections and reports between them. UPDATERS, at once or
 * IN_TURN, replace the version, take a cookie, ask for a period and free the old version when the cookie is complete. With OFFLINE, CPU 2 leaves after its
 * first section (a period may be waiting for it, and samples it) and comes back for another.
 * Checked: no section holds a freed version; every cookie becomes complete; one starter at a time fills the tree.
 * run: -DIN_TURN pass
 * run: -DSECTIONS=0 pass
 * run: -DUPDATERS=1 -DOFFLINE pass
 * run: -DLIVE -DUPDATERS=1 pass
 * run: -DIN_TURN -DCLIMB_EARLY fail
 * run: -DIN_TURN -DOFFLINE -DNO_NUMBER fail
 * run: -DIN_TURN -DPUBLISH_BEFORE_FILL fail
 * run: -DSECTIONS=0 -DNO_STARTER_LOCK fail
 * run: -DSECTIONS=0 -DNO_LOOK_AFTER_END fail
 * run: -DSECTIONS=0 -DNO_LOOK_AFTER_START fail
 * run: -DSHORT_COOKIE -DIN_TURN fail
 * run: -DUPDATERS=1 -DOFFLINE -DONLINE_LATE fail
 * run: -DUPDATERS=1 -DOFFLINE -DNO_SAMPLE fail
 * full: pass
 * full: -DUPDATERS=1 -DSECTIONS=2 -DOFFLINE pass
 * c: lockfree/rcu_core.c fill_tree atomic_load_acquire atomic_store_relaxed root | try_start(): a word for each leaf, then the root
 * c: lockfree/rcu_core.c try_start atomic_xchg_full needed starting fill_tree | try_start(): the starter's lock, the number published, look again
 * c: lockfree/rcu_core.c end_period atomic_fetch_add_full try_start | report(): the last of the root
 * c: lockfree/rcu_core.c report atomic_cas_full atomic_fetch_and_full end_period | report(): the leaf's word with its number, then the root
 * c: lockfree/rcu_core.c rcu_snapshot atomic_fence_full atomic_load_acquire | updater: the cookie
 * c: lockfree/rcu_core.c rcu_request atomic_cas_full try_start | updater: needed, then a look whether a period runs (G3)
 * c: lockfree/rcu_core.h rcu_poll atomic_load_acquire | updater: waits for the cookie
 * c: lockfree/rcu_core.c rcu_cpu_online rcu_cpu_idle_exit atomic_fetch_or_full | CPU 2 comes back
 * c: lockfree/rcu_core.c rcu_cpu_offline rcu_cpu_idle_enter atomic_fetch_and_full | CPU 2 leaves: idle first, then out of the mask
 * c: lockfree/rcu_core.c force_one report eqs_snap | sampler
 */
#ifndef UPDATERS
#define UPDATERS 2
#endif
#ifndef SECTIONS
#define SECTIONS 1
#endif
byte version = 0;
bool freed[UPDATERS + 1];
byte gp = 0, needed = 0;
bool starting = 0;
byte number[2], waiting[2]; /* each leaf's word */
byte root = 0;
byte online[2];
bool idle2 = 0;             /* CPU 2's eqs word */
byte filling = 0, complete = 0;
#define ODD(n) ((n) & 1)
#ifdef LIVE
ltl ends { <> (complete == UPDATERS) }
#endif

inline fill(seq) {
  filling++;
  assert(filling == 1);
  atomic { number[0] = seq; waiting[0] = online[0] };
  atomic { number[1] = seq; waiting[1] = online[1]; both = (online[1] != 0) };
  root = 1 | (both << 1);
  filling-- }

inline try_start() {
  do
  :: s = gp;
     if
     :: ODD(s) || needed <= s -> break
     :: else ->
#ifdef NO_STARTER_LOCK
        got = 1;
#else
        atomic { got = !starting; starting = 1 };
#endif
        if
        :: !got -> break
        :: else ->
           if
           :: gp == s ->
#ifdef PUBLISH_BEFORE_FILL
              gp = s + 1; fill(s + 1)
#else
              fill(s + 1); gp = s + 1
#endif
           :: else
           fi;
           starting = 0
#ifdef NO_LOOK_AFTER_START
           ; break
#endif
        fi
     fi
  od }

/* CPU bit `b` of leaf `l` for period `seq`. */
inline report(l, b, seq) {
  atomic {
#ifdef NO_NUMBER
    got = (waiting[l] & b) != 0;
#else
    got = (number[l] == seq && (waiting[l] & b));
#endif
    if :: got -> waiting[l] = waiting[l] & (3 - b) :: else fi;
#ifdef CLIMB_EARLY
    climb = got
#else
    climb = got && waiting[l] == 0
#endif
  };
  if
  :: climb ->
     atomic { last = (root == (1 << l)); root = root & (3 - (1 << l)) };
     if
     :: last ->
        gp++;
#ifndef NO_LOOK_AFTER_END
        try_start()
#endif
     :: else
     fi
  :: else
  fi }

proctype processor(byte l; byte b; bool leaves) {
  byte held, seen = 0, s, seq, n = 0; bool got, climb, last, both;
end: do
  :: n < SECTIONS -> n++; held = version; assert(!freed[held]); held = 0
  :: ODD(gp) && gp != seen -> seen = gp; report(l, b, seen)
#ifdef OFFLINE
  :: leaves && n == SECTIONS ->
     leaves = 0;
     idle2 = 1;
     online[1] = 0;
     if
     :: true -> break
     :: true ->
#ifdef ONLINE_LATE
        idle2 = 0; held = version; online[1] = 1; assert(!freed[held]); held = 0; seen = 0;
#else
        idle2 = 0; seen = 0; online[1] = 1;
        held = version; assert(!freed[held]); held = 0
#endif
     fi
#endif
  od }

#ifdef OFFLINE
proctype sampler() { byte s, seq; bool got, climb, last, both;
end: do
#ifdef NO_SAMPLE
  :: false -> skip
#else
  :: ODD(gp) && (waiting[1] & 1) && idle2 -> seq = gp; if :: ODD(seq) && idle2 -> report(1, 1, seq) :: else fi
#endif
  od }
#endif

proctype updater(byte turn) { byte old, cookie, s; bool got, both;
#ifdef IN_TURN
  complete == turn;
#endif
  atomic { old = version; version++ };
#ifdef SHORT_COOKIE
  cookie = (gp + 1) & 254;
  if :: cookie == 0 -> cookie = 2 :: else fi;
#else
  cookie = (gp + 3) & 254;
#endif
  do
  :: s = needed;
     if
     :: cookie <= s -> break
     :: else -> atomic { got = (needed == s); if :: got -> needed = cookie :: else fi }; if :: got -> break :: else fi
     fi
  od;
  try_start();
  gp >= cookie;
  freed[old] = 1;
  complete++ }

init { byte i;
  atomic {
    online[0] = 3; online[1] = 1;
    run processor(0, 1, 0); run processor(0, 2, 0); run processor(1, 1, 1);
#ifdef OFFLINE
    run sampler();
#endif
    i = 0; do :: i < UPDATERS -> run updater(i); i++ :: else -> break od };
  complete == UPDATERS }
