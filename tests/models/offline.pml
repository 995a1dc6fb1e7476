/* offline.pml: a CPU goes off line with work in its inbox (kernel/sched/hotplug.c).
 *
 * CPU 0 leaves, CPU 1 adopts it. Others choose a target by the map of owners inside an RCU read section that lasts to the end of the push
 * (interrupts are off from choice to kick), as rq_post_wake and rq_request do with rq_env_of(). In the kernel CPU 0 is the adopter. The order of leaving:
 *   1 the map names CPU 1 for CPU 0 (RMW)   2 CPU 0 sends its own queue on   3 a grace period: nobody pushes to the old inbox any more
 *   4 the old inbox is detached once more and forwarded   5 CPU 0 halts for ever.
 * A task that sleeps with own.cpu == 0 is not touched: a request for it goes by the map to CPU 1, which freezes it as if its own.
 * WAKERS post a task each; two requesters raise a bit each for a task that sleeps as CPU 0's. CPU 0 starts with a task of its own.
 * Checked: every task runs on CPU 1 or ran before CPU 0 left; the requests are applied; nothing lies in the inbox of a CPU that is gone.
 * run: pass
 * run: -DLIVE pass
 * run: -DNO_GRACE fail
 * run: -DDRAIN_BEFORE_GRACE fail
 * run: -DMAP_AFTER_DRAIN fail
 * run: -DLIVE -DNO_ADOPTION fail
 * run: -DQUEUE_LEFT fail
 * run: -DREAD_OUTSIDE fail
 * full: -DWAKERS=2 pass
 * c: percpu/runqueue.h rq_post_wake inbox_push_mpsc rq_kick | waker: push and kick, to the CPU that the map names
 * c: percpu/runqueue.c rq_request atomic_fetch_or_full rq_env_of own_read | requester
 * c: percpu/runqueue.c rq_drain inbox_detach_all rq_arrive settle | processor: takes its mail
 * c: percpu/runqueue.c rq_send own_migrate rq_post_wake | CPU 0 sends its queue on
 * c: percpu/runqueue.c apply_frozen own_freeze | CPU 1 applies a request to a task that sleeps
 * c: percpu/runqueue.c settle_of_other rq_env_of rq_post_request apply_frozen | CPU 1 answers for a task that sleeps as CPU 0's
 * c: kernel/sched/hotplug.c evict_all sched_dequeue_queued evict | step 2: CPU 0 sends its own queue on
 * c: kernel/sched/hotplug.c leave atomic_xchg_full set_stage | step 1: the map
 * c: kernel/sched/hotplug.c take_down evict_all synchronize_rcu_expedited may_stop | step 3: the grace period
 * c: kernel/sched/hotplug.c stand_still rq_forward rcu_cpu_offline smp_halt_until | steps 4 and 5
 * c: lockfree/rcu_core.c rcu_cpu_offline rcu_cpu_idle_enter atomic_fetch_and_full | step 5: no more read sections
 */
#ifndef WAKERS
#define WAKERS 1
#endif
#define REQUESTERS 2
#define TASKS (WAKERS + 1)
byte map0 = 0;              /* which CPU answers for CPU 0 */
byte wakes[2];              /* tasks in each inbox */
byte requests[2];           /* request nodes in each inbox */
byte queue[2];              /* tasks queued */
bool reading[WAKERS + REQUESTERS];
byte bits = 0, applied = 0, ran = 0;
bool gone = 0;
#define FINISHED (ran == TASKS && applied == (1 << REQUESTERS) - 1)
#ifdef LIVE
ltl ends { <> FINISHED }
#endif

#ifdef READ_OUTSIDE
#define CHOOSE(me) t = map0; reading[me] = 1
#else
#define CHOOSE(me) reading[me] = 1; t = map0
#endif
#define POST(me, box) CHOOSE(me); atomic { assert(!(gone && t == 0)); box[t]++ }; reading[me] = 0

proctype waker(byte me) { byte t; POST(me, wakes) }

proctype requester(byte me; byte b) { byte t, old;
  atomic { old = bits; bits = bits | b };
  if :: old == 0 -> POST(me, requests) :: else fi }

/* May CPU c edit the task that sleeps as CPU 0's? */
#ifdef NO_ADOPTION
#define OWNS(c) ((c) == 0)
#else
#define OWNS(c) ((c) == map0)
#endif

inline drain(c) {
  if :: wakes[c] > 0 -> atomic { n = wakes[c]; wakes[c] = 0 }; queue[c] = queue[c] + n :: else fi;
  if
  :: requests[c] > 0 ->
     atomic { n = requests[c]; assert(n == 1); requests[c] = 0 };
     if
     :: OWNS(c) -> atomic { applied = applied | bits; bits = 0 }
     :: else -> requests[map0]++
     fi
  :: else
  fi }

proctype cpu1() { byte n;
end: do
  :: wakes[1] > 0 || requests[1] > 0 -> drain(1)
  :: atomic { queue[1] > 0 -> queue[1]--; ran++ }
  od }

/* Everything that is here goes to CPU 1. */
inline forward() {
  if :: wakes[0] > 0 -> atomic { n = wakes[0]; wakes[0] = 0 }; wakes[1] = wakes[1] + n :: else fi;
  if :: requests[0] > 0 -> atomic { n = requests[0]; requests[0] = 0 }; requests[1] = requests[1] + n :: else fi }

inline grace() { i = 0; do :: i < WAKERS + REQUESTERS -> (!reading[i]); i++ :: else -> break od }

proctype cpu0() { byte n, i;
  do
  :: wakes[0] > 0 || requests[0] > 0 -> drain(0)
  :: atomic { queue[0] > 0 -> queue[0]--; ran++ }
  :: break
  od;
#ifndef MAP_AFTER_DRAIN
  map0 = 1;
#endif
#ifndef QUEUE_LEFT
  if :: queue[0] > 0 -> atomic { n = queue[0]; queue[0] = 0 }; wakes[1] = wakes[1] + n :: else fi;
#endif
#ifdef DRAIN_BEFORE_GRACE
  forward();
#endif
#ifndef NO_GRACE
  grace();
#endif
#ifndef DRAIN_BEFORE_GRACE
  forward();
#endif
#ifdef MAP_AFTER_DRAIN
  map0 = 1;
#endif
  gone = 1;
  assert(wakes[0] == 0 && requests[0] == 0 && queue[0] == 0) }

init { byte j;
  atomic {
    queue[0] = 1;
    run cpu0(); run cpu1();
    j = 0; do :: j < WAKERS -> run waker(j); j++ :: else -> break od;
    run requester(WAKERS, 1); run requester(WAKERS + 1, 2) };
  FINISHED && gone }
