/* affinity_done.pml: who answers a change of a task's mask, when the task goes from CPU to CPU (kernel/sched/affinity.c).
 *
 * Each change takes a number and asks the task's owner; a bit that is set already is carried by the node that is on its way. An owner that is
 * asked reads the last number and answers with it, by a plain store, and sends the task on if its mask forbids this CPU. Checked: the answers only rise,
 * so that every changer returns: nobody answers after he has given the task away.
 * CHANGES changers; CPU 0 is forbidden by all of them.
 * run: pass
 * run: -DANSWER_LATE fail
 * full: -DCHANGES=4 pass
 * c: kernel/sched/affinity.c store_mask atomic_fetch_add_full | changer: a number of its own
 * c: percpu/runqueue.c rq_request atomic_fetch_or_full own_read | changer: the bit; the first one asks the owner
 * c: kernel/sched/affinity.c holds atomic_load_acquire | changer: waits for its number or a later one
 * c: percpu/runqueue.c settle_of_other rq_env_of rq_post_request | processor: it has moved on, so does the request
 * c: kernel/sched/affinity.c sched_apply_affinity publish_done rq_place | processor: answers, then lets go
 */
#ifndef CHANGES
#define CHANGES 3
#endif
byte wanted = 0, done = 0, owner = 0, request[2];
bool asked = 0;

proctype changer() {
  byte ticket; bool old;
  atomic { wanted++; ticket = wanted };
  atomic { old = asked; asked = 1 };
  if :: !old -> atomic { request[owner]++ } :: else fi;
  (done >= ticket)
}

proctype processor(byte me) {
  byte w;
end:
  do
  :: atomic { request[me] > 0 -> request[me]-- };
     if
     :: owner != me -> atomic { request[owner]++ }
     :: else ->
        asked = 0;
        w = wanted;
        if
        :: me == 0 -> /* not here */
#ifdef ANSWER_LATE
           owner = 1; done = w
#else
           done = w; owner = 1
#endif
        :: else -> done = w
        fi
     fi
  od
}

init { byte i;
  atomic {
    run processor(0); run processor(1);
    i = 0; do :: i < CHANGES -> run changer(); i++ :: else -> break od }
}
