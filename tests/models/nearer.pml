/* nearer.pml: surplus of one node and an idle CPU of another (kernel/sched/nearness.c): a far thief leaves it to the idle CPUs of the victim's node.
 *
 * A victim of node 0 with a tick; CPU 0 of its node, CPU 1 of the other. Each looks for surplus of its own node first, marks itself idle, looks
 * again, sleeps until it is told. CPU 0 finds work of its own, for a while or for good (BUSY: from the start). A mark of surplus that is stale stands in both nodes.
 * Checked: one executor; what is published is taken although both may leave it to each other; in the end nobody looks any more (-DCALM).
 * run: pass
 * run: -DLIVE pass
 * run: -DLIVE -DBUSY pass
 * run: -DLIVE -DCALM pass
 * run: -DLIVE -DNO_TICK fail
 * run: -DLIVE -DBUSY -DALWAYS_LEAVE fail
 * run: -DLIVE -DCALM -DTELL_OF_EMPTY fail
 * run: -DTORN fail
 * c: kernel/sched/nearness.c sched_leave_to_nearer shelf_is_empty claim_idle_of_node one_looks rq_kick | far(): told in the thief's place, or left
 * c: kernel/sched/nearness.c one_looks curr_prio | far(): one that runs nothing and is not marked looks, or was told
 * c: kernel/sched/nearness.c claim_idle_of_node cpu_claim_idle | far(): by exchange
 * c: kernel/sched/idle.c sched_steal cpu_groups_next_surplus sched_leave_to_nearer rq_steal | look(): own node first
 * c: kernel/sched/idle.c idle_wait cpu_mark_idle sched_steal | cpu: idle first, then look (D1)
 * c: kernel/sched/fair_balance.c sched_publish_surplus keep_one_shelved call_an_idle_one | victim: published
 * c: kernel/sched/fair_balance.c call_an_idle_one cpu_groups_claim_idle rq_kick | then the nearest idle CPU is told
 * c: kernel/sched/fair_balance.c fair_balance_tick sched_publish_surplus | victim: again at each tick
 */
bool slot[2], idle[2], told[2], asleep[2], runs_nothing[2];
byte executors = 0, own_work = 2;

#ifdef CALM
ltl p { <> [] (asleep[0] && asleep[1]) }
#else
ltl p { [] (slot[0] -> <> !slot[0]) }
#endif

inline claim(cpu, won) { atomic { won = idle[cpu]; idle[cpu] = false } }

inline take(node) {
#ifdef TORN
  if :: slot[node] -> got = true :: else fi;
  if :: got -> slot[node] = false; executors++ :: else fi
#else
  atomic { if :: slot[node] -> slot[node] = false; executors++; got = true :: else fi }
#endif
}

inline far() {
#ifdef TELL_OF_EMPTY
  if :: true ->
#else
  if :: slot[1 - me] ->
#endif
        claim(1 - me, won);
        if :: won -> told[1 - me] = true
#ifdef ALWAYS_LEAVE
           :: else -> skip
#else
           :: !won && runs_nothing[1 - me] -> skip
           :: !won && !runs_nothing[1 - me] -> take(1 - me)
#endif
        fi
     :: else -> skip
  fi
}

inline look() { take(me); if :: !got -> far() :: else fi }

proctype cpu(byte me) { bool got, won;
end:
  do
  :: runs_nothing[me] = true; got = false;
     look();
     if :: !got -> idle[me] = true; look() :: else fi;
     if
     :: got -> idle[me] = false; runs_nothing[me] = false
     :: else ->
        asleep[me] = true;
        if
        :: told[me] -> told[me] = false
        :: atomic { me == 0 && own_work -> own_work-- };  /* somebody woke a task here */
           runs_nothing[me] = false; idle[me] = false;
           if :: true -> skip :: true -> end_busy: (false) fi /* for a while, or for good */
        fi;
        asleep[me] = false;
        idle[me] = false
     fi
  od
}

inline tell() {
  if :: !slot[0] -> skip
     :: else ->
        claim(0, won);
        if :: won -> told[0] = true
           :: else -> claim(1, won); if :: won -> told[1] = true :: else fi
        fi
  fi
}

proctype victim() { bool won;
  slot[0] = true;
  tell();
#ifndef NO_TICK
  do :: slot[0] -> tell() :: !slot[0] -> break od;
#endif
  assert(executors <= 1)
}

init { atomic { run victim(); run cpu(1);
#ifndef BUSY
  run cpu(0)
#endif
} }
