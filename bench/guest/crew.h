/*
 * crew.h: the processes of a workload that has several. Owns their start behind one gate, their stop flag
 * and their end; a workload owns what each of them does. A member must never write the record.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>

#include "bench/guest/bench.h"

/* Shared by all members; each word is written by few and has its line. */
struct gate {
    _Alignas(64) atomic_int ready;
    _Alignas(64) atomic_int go;
    _Alignas(64) atomic_int stop;
    uint64_t start_ns; /* CLOCK_MONOTONIC when the gate opened; set once, before `go` */
};

struct crew {
    struct bench *b;
    struct gate *gate;
    int n, *pid;
};

typedef void crew_body(struct crew *c, int me, void *arg);

/* Starts n processes; each runs body and ends with code 0. Returns when all wait at the gate; one that ends before fails the
 * workload (code 77: makes it unsupported). */
void crew_start(struct crew *c, struct bench *b, int n, crew_body *body, void *arg);
/* A member says that it is prepared and waits for the gate. Every body calls it once. */
void crew_ready(struct crew *c);
/* Opens the gate for all. */
void crew_go(struct crew *c);
/* The body for crew_start() of members that pad their rounds themselves. `plain` is `padded` without a word of padding: a run that asks for none
 * executes what it would if there were none. */
static inline crew_body *crew_take_pad(struct bench *b, crew_body *plain, crew_body *padded)
{
    b->pad.taken = 1;
    return pad_asked(&b->pad) ? padded : plain;
}
/* Tells the members to end: those that ask. */
void crew_stop(struct crew *c);
static inline bool crew_stopped(const struct crew *c)
{
    return atomic_load_explicit(&c->gate->stop, memory_order_relaxed);
}
/* A body: computes on CPU `me` until it is told to end. */
void crew_hog(struct crew *c, int me, void *arg);
/* Waits for every member; one that did not end with code 0 fails the workload, or makes it unsupported. */
void crew_reap(struct crew *c);

/* Sleeps while *word is `value`; a change that came first returns at once. */
void crew_wait(struct bench *b, atomic_int *word, int value);
/* Wakes up to n of those that sleep on the word. */
void crew_wake(struct bench *b, atomic_int *word, int n);
