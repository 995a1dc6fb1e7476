/* sched_torture_worker.h: a worker: what it does at random, and what it checks of itself at every turn. */
#pragma once
#include "tests/guest/sched_torture.h"

/* On a CPU that the mask forbids, while neither the mask nor the set of CPUs was being changed? */
static void check_cpu(struct worker *w)
{
    uint32_t mask_seq = w->mask_seq, cpus_seq = shared->cpus_seq;
    unsigned cpu = 0;
    __sync_synchronize();
    syscall(SYS_getcpu, &cpu, NULL, NULL);
    int allowed = w->mask[cpu / 64] >> (cpu % 64) & 1;
    __sync_synchronize();
    if (!allowed && !(mask_seq & 1) && !(cpus_seq & 1) && w->mask_seq == mask_seq && shared->cpus_seq == cpus_seq) {
        fault(ON_FORBIDDEN_CPU);
    }
}

struct life {
    uint64_t real0, cpu0; /* read in this order, and later in the other: real time passed is never the shorter one */
    uint64_t cpu_ns;
};

static void check_time(struct worker *w, struct life *l)
{
    uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID), real = clock_ns(CLOCK_MONOTONIC);
    if (cpu < l->cpu_ns) {
        fault(TIME_WENT_BACK);
    }
    if (cpu - l->cpu0 > real - l->real0 + 1000000) {
        fault(TIME_TOO_LONG);
    }
    w->cpu_ns = cpu + (broken == BEYOND) * 1000 * SECOND_NS;
    l->cpu_ns = cpu + (broken == TIME_BACK) * SECOND_NS;
}

static void fork_once(void)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(broken == CHILD ? 8 : 7);
    }
    if (pid < 0 ? errno != EAGAIN && errno != ENOMEM : waitpid(pid, &status, 0) != pid || status != 7 << 8) {
        fault(CHILD_WRONG); /* EAGAIN: a deadline task may not fork */
    }
}

/* One token a ring place: takes what is there, passes it on. Never waits for it, its neighbour may be stopped. */
static void pass_token(struct worker *w)
{
    uint32_t token = 0;
    if (read(w->in, &token, sizeof token) != sizeof token) {
        return;
    }
    if (token >> 16 != 0x5aa5) {
        fault(TOKEN_WRONG);
    }
    token ^= broken == MANGLED ? 1u << 16 : 0;
    if (write(w->out, &token, sizeof token) != sizeof token) {
        fault(TOKEN_WRONG);
    }
}

/* ---- slice extensions of rseq, where the kernel has them ---- */

#define RSEQ_SIGNATURE 0x53053053
#define PR_RSEQ_SLICE_EXTENSION 79
#define SYS_rseq_slice_yield_ 471
#define GRANTED 0x100u

static volatile struct {
    uint32_t cpu_id_start, cpu_id;
    uint64_t section;
    uint32_t flags, node_id, mm_cid, word;
} __attribute__((aligned(32))) area;
static int extends;

static void ask_for_extensions(void)
{
    extends = syscall(SYS_rseq, &area, sizeof area, 0, RSEQ_SIGNATURE) == 0 && syscall(SYS_prctl, PR_RSEQ_SLICE_EXTENSION, 2, 1, 0, 0) == 0;
}

/* The word is the worker's request, the kernel's grant, or neither; once given back it is 0. */
static void end_section(void)
{
    uint32_t word = area.word;
    long gave;
    if (word == 1) {
        area.word = 0;
        word = 0;
    }
    if (word && word != GRANTED) {
        fault(EXTENSION_WRONG);
    }
    if (word != GRANTED) {
        return;
    }
    gave = syscall(SYS_rseq_slice_yield_);
    if (gave < 0 || gave > 1 || area.word) {
        fault(EXTENSION_WRONG);
    }
    add(&shared->extensions, 1);
    add(&shared->given_back, (uint64_t)gave);
}

static void compute(uint64_t n)
{
    if (extends) {
        area.word = 1;
    }
    for (volatile uint64_t i = 0; i < n && area.word != GRANTED; i++) {
    }
    if (extends) {
        area.word = broken == EXTENSION ? 2 : area.word;
        end_section();
    }
}

/* ---- its life ---- */

/* The more tasks, the longer: about as much goes on. */
static void sleep_a_while(uint64_t *s, uint64_t factor)
{
    nap_us(next_random(s) % ((uint64_t)tasks * 100 * factor));
}

static void one_turn(struct worker *w, uint64_t *s)
{
    if (shared->phase == REST) {
        sleep_a_while(s, 4); /* all are to get their turn soon */
        return;
    }
    switch (next_random(s) % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        sleep_a_while(s, 1);
        break;
    case 5:
        syscall(SYS_sched_yield);
        break;
    case 6:
        compute(next_random(s) % 50000);
        break;
    case 7:
        if (next_random(s) % 16 == 0) {
            fork_once();
        }
        break;
    default:
        pass_token(w);
        break;
    }
}

__attribute__((noreturn)) static void work(int index, uint64_t s)
{
    struct worker *w = &shared->w[index];
    struct life l = {.real0 = clock_ns(CLOCK_MONOTONIC)};
    l.cpu0 = clock_ns(CLOCK_THREAD_CPUTIME_ID) - (broken == TIME_LONG) * SECOND_NS;
    if (index % 2) {
        ask_for_extensions();
    }
    for (;;) {
        while (broken == HANG && shared->phase == SHAKE && w->turns) {
            nap_us(10000);
        }
        if (__atomic_exchange_n(&w->inside, 1, __ATOMIC_RELAXED)) {
            fault(RUNS_TWICE);
        }
        check_cpu(w);
        check_time(w, &l);
        one_turn(w, &s);
        if (broken == DEATH && index == 0 && shared->phase == REST) {
            _exit(0);
        }
        w->turns++;
        __atomic_store_n(&w->inside, broken == TWICE, __ATOMIC_RELAXED);
    }
}
