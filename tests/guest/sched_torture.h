/* sched_torture.h: what the processes of sched_torture share: workers, counts, faults. Included by sched_torture.c and its two other
 * headers only. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TASKS 4096
#define MAX_CPUS 256
#define MAX_SHAKERS 8
#define WORDS (MAX_CPUS / 64)
#define SECOND_NS 1000000000ull
#define RING 8 /* tasks of a ring; each holds one token */

enum fault { ON_FORBIDDEN_CPU, RUNS_TWICE, TIME_WENT_BACK, TIME_TOO_LONG, TOKEN_WRONG, CALL_FAILED, CHILD_WRONG, EXTENSION_WRONG, FAULTS };
static const char *const fault_names[FAULTS] = {"on_forbidden_cpu", "runs_twice",  "time_went_back", "time_too_long",
                                                "token_wrong",      "call_failed", "child_wrong",    "extension_wrong"};

/* What is done to the workers, and how often it must have been in ten seconds. */
enum shake { MASKS, CLASSES, DEADLINES, NICES, STOPS, KILLS, TOGGLES, SHAKES };
static const struct {
    const char *name;
    unsigned least;
} shake_kinds[SHAKES] = {{"masks", 10}, {"classes", 10}, {"deadlines", 5}, {"nice", 10}, {"stops", 10}, {"kills", 5}, {"toggles", 1}};

/* Something is broken on purpose, and the judgement must say so: each verdict has one. */
enum breakage { NOTHING, FORBIDDEN, TWICE, LOST, TOKEN, DEATH, LAZY, TIME_BACK, TIME_LONG, HANG, UNPAID, OVERPAID, BEYOND, CALL, CHILD, MANGLED, EXTENSION, MISSING,
                CROWD, SLEEPER, BREAKAGES };
static const struct {
    const char *name, *verdict;
} breakages[BREAKAGES] = {{"nothing", ""},           {"forbidden", "on_forbidden_cpu"}, {"twice", "runs_twice"},
                          {"lost", "tasks_stuck"},   {"token", "tokens_doubled_or_lost"}, {"death", "ended_otherwise"},
                          {"lazy", "too_few_shakes"}, {"time_back", "time_went_back"},    {"time_long", "time_too_long"},
                          {"hang", "watchdog"},      {"unpaid", "cpu_time_below_the_busy_time"}, {"overpaid", "cpu_time_above_the_busy_time"},
                          {"beyond", "cpu_time_beyond_the_cpus"}, {"call", "call_failed"}, {"child", "child_wrong"},
                          {"mangled", "token_wrong"}, {"extension", "extension_wrong"},  {"missing", "cpus_missing"},
                          {"crowd", "queues_not_at_rest"}, {"sleeper", "queues_not_at_rest"}};

/* START: workers are made. SHAKE. REST: they are left alone, to be looked at. END: they are killed. */
enum phase { START, SHAKE, REST, END };

struct worker {
    uint32_t lock;              /* mask and pid: its shaker, and the process that toggles CPUs */
    volatile uint32_t mask_seq; /* odd while the shaker changes the mask */
    volatile uint64_t mask[WORDS];
    volatile uint64_t turns;
    volatile uint64_t cpu_ns;
    uint32_t inside;              /* who runs holds it */
    volatile uint32_t generation; /* how often it was killed and made again */
    volatile pid_t pid;
    int dying; /* the signal that was sent; its shaker's */
    int in, out;
} __attribute__((aligned(128)));

struct shared {
    volatile uint32_t phase; /* main */
    uint32_t started, resting; /* RMW: shakers */
    volatile uint32_t cpus_seq; /* odd while CPUs go off line or come: masks are widened then */
    volatile char is_off[MAX_CPUS];
    uint64_t faults[FAULTS], shakes[SHAKES];  /* RMW */
    uint64_t dead_ns;                         /* RMW: CPU time of those that were killed */
    uint64_t toggle_ns, refused;              /* RMW: toggles and deadlines for which there was no bandwidth */
    uint64_t extensions, given_back;          /* RMW: slice extensions that a worker saw, and ended itself */
    uint64_t tokens_left, ended_badly;        /* RMW: at the end */
    uint64_t hung;                            /* the watchdog, when it was to see that: it ends the run otherwise */
    struct worker w[MAX_TASKS];
};

static struct shared *shared;
static int tasks, cpus;
static enum breakage broken;

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nap_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};
    nanosleep(&t, NULL);
}

static void add(uint64_t *count, uint64_t n)
{
    __atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static void fault(enum fault f)
{
    add(&shared->faults[f], 1);
}

static void lock(struct worker *w)
{
    while (__atomic_exchange_n(&w->lock, 1, __ATOMIC_ACQUIRE)) {
        nap_us(200); /* who holds it may wait for this very CPU */
    }
}

static void unlock(struct worker *w)
{
    __atomic_store_n(&w->lock, 0, __ATOMIC_RELEASE);
}

/* Those that judge and shake must not starve behind those whom they made real time; their children are born fair. */
static void become_fifo(int priority)
{
    syscall(SYS_sched_setscheduler, 0, 1 | 0x40000000 /* SCHED_RESET_ON_FORK */, &priority);
}
