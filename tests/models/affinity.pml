/* affinity.pml: changing a task's mask against an enqueuer (percpu/runqueue.h Q4). CPU 0 becomes forbidden.
 *
 * The changer publishes the mask and reads the owner; the enqueuer stores the owner and reads the mask. Both stores may stand in store
 * buffers unless an RMW drains them. Checked: the task ends on CPU 1, or a request reaches CPU 0, which moves it; the change is
 * acknowledged only when the task is off CPU 0.
 * run: pass
 * run: -DENQUEUE_PLAIN fail
 * run: -DCHANGE_PLAIN fail
 * run: -DACK_EARLY fail
 * c: kernel/sched/affinity.c store_mask atomic_store_relaxed atomic_fetch_add_full | changer: the mask, then the full barrier
 * c: percpu/runqueue.c rq_request atomic_fetch_or_full own_read | changer: the owner is read after the bit; a request to it
 * c: percpu/own.h own_arrive atomic_xchg_full | enqueuer: the owner is stored by RMW
 * c: percpu/runqueue.c rq_place rq_task_may_run_on place_forbidden | enqueuer: the mask is read after it; sent on
 * c: kernel/sched/affinity.c sched_apply_affinity moving publish_done | CPU 0 serves the request
 * c: kernel/sched/affinity.c sched_affinity_left publish_done | acknowledged when the task has left
 */
bool allow0 = 1, request = 0, acknowledged = 0;
byte cpu = 9;                /* owner of the task in memory; 9: in flight */
bool buf_cpu = 0, buf_mask = 0;
bool runs_on_0 = 0, enqueued = 0;

proctype buffers() {
end: do
  :: atomic { buf_cpu -> cpu = 0; buf_cpu = 0 }
  :: atomic { buf_mask -> allow0 = 0; buf_mask = 0 }
  od }

proctype changer() { byte c;
#ifdef CHANGE_PLAIN
  buf_mask = 1;
#else
  allow0 = 0;
#endif
  c = cpu;
  if
  :: c == 0 -> request = 1; acknowledged
  :: c == 1 -> acknowledged = 1
  :: else -> (enqueued); if :: cpu == 0 && runs_on_0 -> assert(0) :: else fi; acknowledged = 1   /* in flight: who enqueues reads the mask */
  fi;
  (!buf_mask);
  assert(!runs_on_0)
}

/* CPU 0 drains the task from its inbox, runs it, serves requests. */
proctype cpu0() {
#ifdef ENQUEUE_PLAIN
  buf_cpu = 1;
#else
  cpu = 0;
#endif
  if
  :: !allow0 -> cpu = 1; buf_cpu = 0; enqueued = 1
  :: else -> runs_on_0 = 1; enqueued = 1
  fi;
end:
  do
  :: request ->
     request = 0;
#ifdef ACK_EARLY
     acknowledged = 1;
#endif
     if :: runs_on_0 && !allow0 -> runs_on_0 = 0; cpu = 1 :: else fi;
     acknowledged = 1
  od }

init { atomic { run changer(); run cpu0(); run buffers() } }
