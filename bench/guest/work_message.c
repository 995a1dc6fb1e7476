/*
 * message/WORKERS[-hog]: one dispatcher stamps a message for each worker that is free and wakes it; a worker notes
 * how long the message took to reach it, computes for 20,000 instructions and reports back (service time: a
 * worker's next message waits for its last). -hog: one that computes for ever on each CPU. One iteration is one
 * message to each worker. each_ns: the time for all messages by their number; a late dispatcher shows there only,
 * since a message that is not sent yet does not wait. Padding is done by a worker before it notes.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/guest/crew.h"
#include "bench/guest/latency.h"
#include "bench/guest/sched_calls.h"

#define WORKERS_MAX 256
#define WORK        20001

struct seat {
    _Alignas(64) atomic_int full;
    uint64_t sent_ns;
    long done;
};

struct office {
    struct latency late;
    _Alignas(64) atomic_int reports; /* counts messages that were dealt with */
    struct seat seat[WORKERS_MAX];
};

__attribute__((always_inline)) static inline void work(struct crew *c, int me, void *arg, const bool padded)
{
    struct office *o = arg;
    struct seat *s = &o->seat[me];
    crew_ready(c);
    for (long i = 0; i < c->b->iters; i++) {
        while (!atomic_load(&s->full)) {
            crew_wait(c->b, &s->full, 0);
        }
        if (padded) {
            pad_round(&c->b->pad, i);
        }
        latency_note(&o->late, me, i, bench_now_ns() - s->sent_ns);
        bench_pad(WORK);
        s->done = i + 1;
        atomic_store(&s->full, 0);
        atomic_fetch_add(&o->reports, 1);
        crew_wake(c->b, &o->reports, 1);
    }
}

static void worker(struct crew *c, int me, void *arg) { work(c, me, arg, false); }
static void padded_worker(struct crew *c, int me, void *arg) { work(c, me, arg, true); }

/* A message to every free worker that has some to come. */
static void send_all(struct bench *b, struct office *o, int n, long *sent)
{
    for (int w = 0; w < n; w++) {
        struct seat *s = &o->seat[w];
        if (sent[w] < b->iters && !atomic_load(&s->full)) {
            sent[w]++;
            s->sent_ns = bench_now_ns();
            atomic_store(&s->full, 1);
            crew_wake(b, &s->full, 1);
        }
    }
}

static void dispatch(struct bench *b, struct office *o, int n)
{
    static long sent[WORKERS_MAX];
    long all = n * b->iters;
    for (int seen; (seen = atomic_load(&o->reports)) < all;) {
        send_all(b, o, n, sent);
        crew_wait(b, &o->reports, seen);
    }
}

void workload_run(struct bench *b)
{
    struct crew workers, load;
    int n = atoi(b->variant);
    bench_check(b, n > 0 && n <= WORKERS_MAX, "bad number of workers %s", b->variant);
    struct office *o = bench_shared(b, sizeof *o);
    latency_open(&o->late, b, n, b->iters);
    crew_start(&workers, b, n, crew_take_pad(b, worker, padded_worker), o);
    crew_start(&load, b, strstr(b->variant, "-hog") ? sched_cpus() : 0, crew_hog, NULL);
    crew_go(&load);
    crew_go(&workers);
    bench_begin(b);
    dispatch(b, o, n);
    bench_end(b, (uint64_t)b->iters * (uint64_t)n);
    crew_stop(&load);
    crew_reap(&workers);
    crew_reap(&load);
    for (int w = 0; w < n; w++) {
        bench_check(b, o->seat[w].done == b->iters, "worker %d had %ld messages", w, o->seat[w].done);
    }
    latency_report(&o->late, b);
    bench_value(b, "each_ns", (b->ns_end - b->ns_begin) / ((uint64_t)b->iters * (uint64_t)n));
}
