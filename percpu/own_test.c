/* own_test.c: each function makes exactly the transition of own.h's table; and under threads no wake-up is lost and none wins
 * twice: a task that waits for a counter sees every increment of its wakers. */
#include "lockfree/check.h"
#include "percpu/own.h"

#define WAKERS 3
#define ROUNDS 4000
#define CLASS_A 1u
#define CLASS_B 2u

static uint64_t own;
static uint64_t posted, consumed; /* atomic */
static uint64_t parks, wins; /* of this round */
static uint64_t all_parks, done_early, cancels;
static uint32_t on_queue, finished;

static void sequential(void)
{
    uint64_t w, seen;

    own_init(&w, 3);
    CHECK(OWN_STATE(w) == OWN_WAKING && OWN_CPU(w) == 3);
    own_arrive(&w, 5);
    CHECK(OWN_STATE(w) == OWN_RUNNABLE && OWN_CPU(w) == 5);
    own_run(&w);
    CHECK(own_wake(&w, 0xff, &seen) == OWN_WAKE_NOTHING && OWN_STATE(w) == OWN_RUNNING);
    own_begin_wait(&w, CLASS_A);
    CHECK(OWN_STATE(w) == OWN_BLOCKING && OWN_CLASS(w) == CLASS_A);
    CHECK(own_wake(&w, CLASS_B, &seen) == OWN_WAKE_NOTHING); /* a class that does not fit */
    CHECK(own_wake(&w, CLASS_A | CLASS_B, &seen) == OWN_WAKE_DONE && OWN_STATE(w) == OWN_WOKEN);
    CHECK(own_wake(&w, CLASS_A, &seen) == OWN_WAKE_NOTHING);
    CHECK(!own_park(&w));
    own_cancel_wait(&w);
    CHECK(OWN_STATE(w) == OWN_RUNNING);
    own_begin_wait(&w, CLASS_B);
    CHECK(own_park(&w) && OWN_STATE(w) == OWN_PARKED);
    CHECK(own_wake(&w, CLASS_A, &seen) == OWN_WAKE_NOTHING && OWN_STATE(w) == OWN_PARKED);
    CHECK(!own_freeze(&w, own_make(OWN_PARKED, CLASS_B, OWN_CPU(w) + 1, OWN_GEN(w)))); /* asleep, but not as it was seen */
    CHECK(own_freeze(&w, w) && OWN_STATE(w) == OWN_BLOCKING && !own_freeze(&w, w));
    CHECK(own_wake(&w, CLASS_B, &seen) == OWN_WAKE_DONE && !own_park(&w));
    own_requeue(&w);
    CHECK(OWN_STATE(w) == OWN_RUNNABLE);
    own_migrate(&w);
    CHECK(OWN_STATE(w) == OWN_MIGRATING);
    own_arrive(&w, 9);
    own_run(&w);
    own_begin_wait(&w, CLASS_A);
    CHECK(own_park(&w) && own_wake(&w, CLASS_A, &seen) == OWN_WAKE_WON && OWN_STATE(seen) == OWN_PARKED);
    CHECK(OWN_STATE(w) == OWN_WAKING && OWN_CPU(w) == 9);
    own_arrive(&w, 1);
    own_run(&w);
    own_requeue(&w);
    own_run(&w);
    own_die(&w);
    CHECK(OWN_STATE(w) == OWN_DEAD && own_wake(&w, 0xff, &seen) == OWN_WAKE_NOTHING);
}

/* No two waits have the same word, over the wrap too: who saw the one does not wake or freeze the other. */
static void generations(void)
{
    uint64_t w = own_make(OWN_RUNNING, 0, 0, LF_COUNTER_START(uint32_t)), seen = 0;

    for (int i = 0; i < 200; i++) {
        own_begin_wait(&w, CLASS_A);
        CHECK(w != seen && own_park(&w));
        CHECK(!seen || !own_freeze(&w, own_with_state(seen, OWN_PARKED)));
        seen = own_with_state(w, OWN_BLOCKING);
        CHECK(own_freeze(&w, w));
        own_cancel_wait(&w);
    }
}

/* The task and its CPU in one thread: waits for posted > consumed. */
static void task(struct check_thread *t)
{
    while (consumed < WAKERS * ROUNDS) {
        own_begin_wait(&own, CLASS_A);
        if (atomic_load_relaxed(&posted) > consumed) {
            own_cancel_wait(&own);
            consumed = atomic_load_relaxed(&posted);
            cancels++;
            continue;
        }
        if (check_random(&t->random) % 8 == 0) { /* an involuntary switch: spurious */
            own_requeue(&own);
            own_run(&own);
            own_cancel_wait(&own);
            continue;
        }
        if (check_random(&t->random) % 8 == 0)
            sched_yield(); /* between the look and the park: a waker finds it BLOCKING */
        if (own_park(&own)) {
            parks++;
            while (!atomic_load_acquire(&on_queue))
                cpu_relax();
            atomic_store_relaxed(&on_queue, 0);
        } else {
            done_early++;
            own_requeue(&own);
        }
        own_run(&own);
    }
    atomic_store_release(&finished, 1);
}

static void waker(struct check_thread *t)
{
    uint64_t seen;

    for (int i = 0; i < ROUNDS; i++) {
        atomic_inc_relaxed(&posted);
        if (own_wake(&own, CLASS_A, &seen) == OWN_WAKE_WON) {
            atomic_inc_relaxed(&wins);
            own_arrive(&own, t->index);
            CHECK(atomic_fetch_add_release(&on_queue, 1) == 0); /* never in two queues: T1 */
        }
        if (check_random(&t->random) % 4 == 0)
            sched_yield();
    }
}

static void body(struct check_thread *t)
{
    if (t->index == 0)
        task(t);
    else
        waker(t);
}

static void round_of_wakes(void)
{
    void (*bodies[])(struct check_thread *) = {body};

    posted = consumed = parks = wins = 0;
    on_queue = finished = 0;
    own = own_make(OWN_RUNNING, 0, 0, LF_COUNTER_START(uint32_t));
    check_run(WAKERS + 1, bodies, 1);
    CHECK(consumed == WAKERS * ROUNDS && parks == wins && finished);
    all_parks += parks;
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    sequential();
    generations();
    check_repeat(round_of_wakes);
    CHECK(all_parks && done_early && cancels);
    printf("own: ok, %llu parked, %llu woken before, %llu cancelled\n", (unsigned long long)all_parks,
           (unsigned long long)done_early, (unsigned long long)cancels);
    return 0;
}
