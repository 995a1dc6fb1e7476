/*
 * request/WORKERS[-hog]: requests arrive at times that are drawn before the window, whether anybody is free or not (open
 * loop). A dispatcher sleeps until each, and gives it to the workers by turns; a worker notes how long after its arrival
 * it began, and computes for 20,000 instructions. A late dispatcher, and a worker that is still at its last request, are
 * part of the latency. -hog: one that computes for ever on each CPU. One iteration is one request to each worker. The first
 * WARM_UP requests to each are not noted: what a kernel must learn of tasks that have just begun is not what is asked here. Padding
 * is done by a worker before it notes: each request is late by so much more.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/guest/crew.h"
#include "bench/guest/latency.h"
#include "bench/guest/sched_calls.h"

#define WORKERS_MAX 256
#define WORK        20001
#define MEAN_NS     100000u /* from one arrival to the next; each is drawn evenly from 1 to twice that */
#define SEED        1
#define WARM_UP     16

struct desk {
    _Alignas(64) atomic_int posted; /* requests given to this worker so far; it sleeps on the word */
    int done;
};

struct service {
    struct latency late;
    uint64_t *arrival; /* ns after the gate opened; request i is worker i % n's */
    int n;
    struct desk desk[WORKERS_MAX];
};

/* Numerical Recipes' generator modulo 2^32: the same arrivals on every kernel. */
static void draw_arrivals(struct service *s, long requests)
{
    uint32_t x = SEED;
    uint64_t at = 0;
    for (long i = 0; i < requests; i++) {
        x = x * 1664525u + 1013904223u;
        at += 1 + ((uint64_t)x * (2 * MEAN_NS) >> 32);
        s->arrival[i] = at;
    }
}

__attribute__((always_inline)) static inline void work(struct crew *c, int me, void *arg, const bool padded)
{
    struct service *s = arg;
    struct desk *d = &s->desk[me];
    crew_ready(c);
    for (long i = 0; i < WARM_UP + c->b->iters; i++) {
        for (int posted; (posted = atomic_load(&d->posted)) == d->done;) {
            crew_wait(c->b, &d->posted, posted);
        }
        if (padded) {
            pad_round(&c->b->pad, i);
        }
        if (i >= WARM_UP) {
            latency_note(&s->late, me, i - WARM_UP, bench_now_ns() - c->gate->start_ns - s->arrival[i * s->n + me]);
        }
        bench_pad(WORK);
        d->done++;
    }
}

static void worker(struct crew *c, int me, void *arg) { work(c, me, arg, false); }
static void padded_worker(struct crew *c, int me, void *arg) { work(c, me, arg, true); }

static void dispatch(struct bench *b, struct service *s, uint64_t start_ns, long requests)
{
    for (long i = 0; i < requests; i++) {
        struct desk *d = &s->desk[i % s->n];
        if (bench_now_ns() < start_ns + s->arrival[i]) {
            sched_sleep_until(b, start_ns + s->arrival[i]);
        }
        atomic_fetch_add(&d->posted, 1);
        crew_wake(b, &d->posted, 1);
    }
}

void workload_run(struct bench *b)
{
    struct crew workers, load;
    int n = atoi(b->variant);
    bench_check(b, n > 0 && n <= WORKERS_MAX, "bad number of workers %s", b->variant);
    long requests = n * (WARM_UP + b->iters);
    struct service *s = bench_shared(b, sizeof *s);
    s->n = n;
    s->arrival = bench_shared(b, (size_t)requests * sizeof *s->arrival);
    draw_arrivals(s, requests);
    latency_open(&s->late, b, n, b->iters);
    sched_exact_timers(b);
    crew_start(&workers, b, n, crew_take_pad(b, worker, padded_worker), s);
    crew_start(&load, b, strstr(b->variant, "-hog") ? sched_cpus() : 0, crew_hog, NULL);
    crew_go(&load);
    bench_begin(b);
    crew_go(&workers);
    dispatch(b, s, workers.gate->start_ns, requests);
    crew_reap(&workers);
    bench_end(b, (uint64_t)(n * b->iters));
    crew_stop(&load);
    crew_reap(&load);
    for (int w = 0; w < n; w++) {
        bench_check(b, s->desk[w].done == WARM_UP + b->iters, "worker %d had %d requests", w, s->desk[w].done);
    }
    bench_check(b, b->ns_end - b->ns_begin >= s->arrival[requests - 1], "the window was shorter than the schedule");
    latency_report(&s->late, b);
}
