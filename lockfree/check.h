/* check.h: what the host tests of lockfree/ and percpu/ share: CHECK, threads that start together, seeded random numbers, and the
 * command line [SECONDS [SEED]]. A failure, a hang too, prints the seed; with it and 0 seconds one round is run again. Host only. Reports every run as "NAME: ok" with what was done, so that a run that did nothing shows. */
#pragma once
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: check failed: %s (seed %llu)\n", __FILE__, __LINE__, #cond,    \
                    (unsigned long long)check_seed);                                               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t check_seed __attribute__((unused)) = 1;
static double check_seconds __attribute__((unused)) = 0.3;

void lockfree_fail(const char *expr, const char *file, int line, const void *object)
{
    fprintf(stderr, "%s:%d: %s: object %p (seed %llu)\n", file, line, expr, object, (unsigned long long)check_seed);
    abort();
}

/* "file.c:12" of a code address, the caller's line when it lies in an inlined function of a header. Needs debug information. */
static inline const char *check_place(const void *pc, char *text, size_t size)
{
    extern const char __executable_start;
    uintptr_t base = (uintptr_t)&__executable_start;
    char command[96];
    FILE *f;

    snprintf(command, sizeof(command), "addr2line -i -s -e /proc/%d/exe %#lx", (int)getpid(),
             (unsigned long)((uintptr_t)pc - (base > 0x10000000 ? base : 0)));
    f = popen(command, "r");
    snprintf(text, size, "?");
    while (f && fgets(text, (int)size, f) && strstr(text, ".h:"))
        ;
    if (f)
        pclose(f);
    text[strcspn(text, " \n")] = 0;
    return text;
}

void lockfree_misuse(const char *what, const void *object, const void *before, const void *now)
{
    char a[128], b[128];

    fprintf(stderr, "misuse: %s: object %p, before at %s, now at %s\n", what, object, check_place(before, a, sizeof(a)),
            check_place(now, b, sizeof(b)));
    abort();
}

/* Something was lost and somebody waits for it. Only what a signal handler may do. */
static inline void check_hung(int sig)
{
    char text[64] = "check: hung (seed ", digits[24];
    size_t n = strlen(text), d = 0;
    uint64_t seed = check_seed;

    (void)sig;
    do
        digits[d++] = (char)('0' + seed % 10);
    while (seed /= 10);
    while (d)
        text[n++] = digits[--d];
    text[n++] = ')';
    text[n++] = '\n';
    if (write(2, text, n) < 0)
        _exit(1);
    abort();
}

static inline void check_options(int argc, char **argv)
{
    if (argc > 1)
        check_seconds = atof(argv[1]);
    if (argc > 2)
        check_seed = strtoull(argv[2], NULL, 0);
    signal(SIGALRM, check_hung);
    alarm((unsigned)check_seconds + 100);
}

static inline uint64_t check_random(uint64_t *state)
{
    uint64_t x = *state ? *state : 0x9e3779b97f4a7c15ull;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static inline double check_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Runs `round` with one seed after another until the seconds are over, at least once. How often. */
static inline unsigned check_repeat(void (*round)(void))
{
    double end = check_now() + check_seconds;

    for (unsigned n = 1;; n++) {
        round();
        if (check_now() >= end)
            return n;
        check_seed = check_seed * 6364136223846793005ull + 1442695040888963407ull;
    }
}

struct check_thread {
    pthread_t id;
    unsigned index;
    uint64_t random;
    void (*body)(struct check_thread *);
    pthread_barrier_t *start;
    uint64_t done; /* operations, for the report */
};

static void *check_thread_main(void *arg)
{
    struct check_thread *t = (struct check_thread *)arg;

    pthread_barrier_wait(t->start);
    t->body(t);
    return NULL;
}

/* Runs bodies[i % kinds] in `n` threads and returns how many operations they did together. */
static inline uint64_t check_run(unsigned n, void (*const *bodies)(struct check_thread *), unsigned kinds)
{
    struct check_thread *t = (struct check_thread *)calloc(n, sizeof(*t));
    pthread_barrier_t start;
    uint64_t done = 0;

    pthread_barrier_init(&start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        t[i].index = i;
        t[i].random = check_seed * 0x9e3779b97f4a7c15ull + i + 1;
        t[i].body = bodies[i % kinds];
        t[i].start = &start;
        pthread_create(&t[i].id, NULL, check_thread_main, &t[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(t[i].id, NULL);
        done += t[i].done;
    }
    free(t);
    return done;
}
