/* shelf.pml: the shelf (lockfree/shelf.h) with its shadow and D1 of percpu/cpugroup.h: surplus is never left while a CPU idles.
 *
 * The owner publishes a task and may take it back; two thieves take by exchange, after they declared themselves idle.
 * Checked: exactly one executor; an idle thief and a published task never miss each other.
 * run: pass
 * run: -DTORN fail
 * run: -DPLAIN_PUBLISH fail
 * run: -DIDLE_AFTER_LOOK fail
 * c: percpu/runqueue.c rq_shelve atomic_xchg_full | owner publishes
 * c: percpu/runqueue.c rq_unshelve shelf_take_slot | owner takes back
 * c: lockfree/shelf.h shelf_take_slot atomic_xchg_full | look(): by exchange
 * c: percpu/cpugroup.h cpu_mark_idle atomic_fetch_or_full | thief: idle first, then look (D1)
 * c: kernel/sched/idle.c idle_wait cpu_mark_idle sched_steal | thief: the order of the two
 * c: kernel/sched/fair_balance.c sched_publish_surplus keep_one_shelved call_an_idle_one | owner: published
 * c: kernel/sched/fair_balance.c call_an_idle_one cpu_groups_claim_idle rq_kick | then an idle CPU is told
 */
bool slot = 0, idle[2];
byte executors = 0, finished = 0;
bool publish_buffered = 0;      /* PLAIN_PUBLISH: the slot's store is still in the owner's buffer */
bool told[2];
bool took_back = 0;

proctype buffer() { end: do :: atomic { publish_buffered -> slot = 1; publish_buffered = 0 } od }

proctype owner() {
#ifdef PLAIN_PUBLISH
  publish_buffered = 1;
#else
  slot = 1;
#endif
  if :: idle[0] -> told[0] = 1 :: else -> if :: idle[1] -> told[1] = 1 :: else fi fi;
  if
  :: (!publish_buffered) -> atomic { if :: slot -> slot = 0; executors++; took_back = 1 :: else fi }
  :: true
  fi;
  finished++
}

inline look() {
#ifdef TORN
  if :: slot -> slot = 0; executors++; got = 1 :: else fi
#else
  atomic { if :: slot -> slot = 0; executors++; got = 1 :: else fi }
#endif
}

proctype thief(byte me) { bool got = 0;
#ifdef IDLE_AFTER_LOOK
  look(); idle[me] = 1;
#else
  idle[me] = 1; look();
#endif
  if :: got -> skip
     :: else -> if :: told[me] -> look() :: (finished >= 1 && !told[me]) -> skip fi
  fi;
  finished++
}

init {
  atomic { run owner(); run thief(0); run thief(1); run buffer() };
  (finished == 3 && !publish_buffered);
  assert(executors <= 1);
  assert(executors == 1)
}
