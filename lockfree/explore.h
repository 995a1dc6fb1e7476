/* explore.h: how a concurrent structure is described to the explorer. Host only; docs/explorer.md says how the search works.
 *
 * A file X_explore.c describes structures: their operations, initial states, a sequential specification. The explorer runs the
 * same C that ships, compiled so that every atomic is a scheduling point and every plain access is watched, under all
 * interleavings and all orders in which store buffers drain. Checked in each: linearizability against the specification, data
 * races, accesses to freed memory, deadlock, LF_ASSERT and EXPLORE_CHECK.
 *
 * Rules for X_explore.c
 *  - All state lives in globals or in memory of explore_alloc: both are saved and restored at every step. Nothing else may be
 *    changed (no malloc, no file, no libc state). `make` starts from the globals as the program was loaded.
 *  - An operation is a short function that always ends; a wait loop calls cpu_relax(). It gets the index of its thread and its
 *    serial: 0, 1, 2, ... over all operations of the scenario. Elements are usually `nodes[serial]`.
 *  - A model is plain bytes, at most EXPLORE_MODEL_BYTES, equal exactly when the states are equal (no pointers into it, no garbage
 *    in padding). It is the same structure done sequentially, in the plainest possible way. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPLORE_THREADS 4        /* at most, in one scenario */
#define EXPLORE_OPS 16           /* at most, in all threads of one scenario */
#define EXPLORE_MODEL_BYTES 64

struct explore_op {
    const char *name;
    /* Runs it on the structure; the result is compared with the specification's. */
    uint64_t (*run)(unsigned thread, unsigned serial);
    /* Runs it on the model: writes the outcome'th allowed result and changes the model accordingly; false when there are not so
     * many. Called with outcome 0, 1, ... until false, on copies of one model. NULL: the operation has no place in the order (its run checks). */
    bool (*spec)(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result);
    /* 0: may run beside everything, itself too. Else: operations with the same role never run beside each other (one owner, one
     * producer, one writer): they share a thread. */
    unsigned role;
};

struct explore_initial {
    const char *name;         /* "empty", "one", "full", "wrap" ... */
    void (*make)(void *model); /* builds the structure and the (zeroed) model; runs alone, before the threads */
};

/* A scenario written by hand: one text for each thread, names of operations separated by blanks. */
struct explore_scenario {
    const char *initial;
    const char *threads[EXPLORE_THREADS];
};

/* Every unordered pair and triple of `ops` on each initial state is run without being listed. */
struct explore_structure {
    const char *name;
    const struct explore_op *ops;             /* ends with a name of NULL */
    const struct explore_initial *initials;   /* ends with a name of NULL */
    const struct explore_scenario *scenarios; /* more of them; ends with an initial of NULL; or NULL */
    /* Run once, alone, after all threads ended and all stores arrived, and checked as the last operation: takes out what is left, so
     * that a lost or doubled element shows. It may use EXPLORE_CHECK. NULL: nothing. */
    const struct explore_op *final;
    /* An outcome of the whole execution, collected for explore_run's caller (litmus tests); or NULL. */
    uint64_t (*observe)(void);
    bool no_triples; /* the pairs and the scenarios are what there is: say why in the file */
};

/* What the program explores, in this order; ends with NULL. Each X_explore.c defines it. */
extern const struct explore_structure *const explore_list[];

/* In operations, make and final. */
void *explore_alloc(size_t size); /* zeroed, 64-byte aligned; never NULL */
void explore_free(void *p);       /* any later access is an error; the memory is not used again */
unsigned explore_total(void);     /* operations in this scenario */
/* The running thread, 0 in make and final: what lf_env_cpu() answers, unless X_explore.c defines it. */
uint32_t explore_cpu(void);
/* Names a place for traces: elements of `size` bytes get [index] when count > 1. Call it from make. */
void explore_name(const void *p, size_t size, unsigned count, const char *name);
/* Fails this execution: prints the trace. */
__attribute__((noreturn, cold)) void explore_fail(const char *what, const char *file, int line, const void *object);
#define EXPLORE_CHECK(cond)                                                                        \
    do {                                                                                           \
        if (!(cond))                                                                               \
            explore_fail(#cond, __FILE__, __LINE__, NULL);                                         \
    } while (0)

/* The engine as a library: what the engine's own tests use. Everybody else is a main program by explorer/explore_main.c. */
enum explore_memory {
    EXPLORE_SC,   /* stores arrive at once */
    EXPLORE_TSO,  /* x86: a FIFO store buffer for each thread */
    EXPLORE_WEAK, /* C11-like: a load may return an older store that coherence and happens-before allow */
};
struct explore_options {
    enum explore_memory memory;
    int bound;        /* preemptions at most; -1: no bound */
    bool delays;      /* with a bound: a switch away from a thread whose stores have not all arrived counts too */
    double seconds;   /* of CPU time, give up after; 0: never */
    bool trace;       /* print each step (replay) */
    const char *path; /* with trace: the choices to replay instead of those that failed */
};
enum explore_end {
    EXPLORE_COVERED, /* every execution was seen */
    EXPLORE_BOUNDED, /* every execution within the bound */
    EXPLORE_STOPPED, /* time or memory was up */
    EXPLORE_FAILED,
};
#define EXPLORE_OUTCOMES 256
struct explore_result {
    enum explore_end end;
    uint64_t states, transitions, ends; /* ends: executions that reached their end, up to equal states */
    double seconds;    /* of CPU time */
    unsigned outcomes; /* different values of observe() */
    uint64_t outcome[EXPLORE_OUTCOMES];
    char message[512]; /* of a failure */
    char path[4096];   /* the choices that led to it */
};
void explore_run(const struct explore_structure *s, const struct explore_scenario *scenario,
                 const struct explore_options *options, struct explore_result *result);
