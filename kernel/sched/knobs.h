/* knobs.h: the scheduler's settings of a running kernel as a table (kernel/sched/knobs.def), for the file systems that show them. */
#pragma once
#include "kernel/lib/types.h"

struct sched_knob {
    const char *file; /* where the knob stands, proc and debugfs mounted at the usual places */
    /* A number, with get; -EINVAL from set when it does not go with the other knobs. Else words. */
    s64 low, high;
    s64 (*get)(void);
    int (*set)(s64 value);
    void (*show)(char *text, size_t size);
    int (*store)(const char *word); /* 0, -EINVAL */
};

extern const struct sched_knob sched_knobs[];
extern const size_t nr_sched_knobs;
#define KNOB_TEXT_BYTES 128
