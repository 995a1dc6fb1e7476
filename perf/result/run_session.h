// A whole run: every kernel, every boot, in blocks A B B A, to the finished run document.
#pragma once
#include "perf/result/run_plan.h"
#include "perf/place/host_plan.h"
#include "perf/vm/tier_choice.h"

#include <stdint.h>

#define RUN_KERNELS_MAX 8

struct run_options {
    struct str_list suites; // suite or workload names
    struct kernel_image kernel[RUN_KERNELS_MAX];
    int kernels;
    const struct vm_topology *topology;
    struct tier_choice tier;
    struct host_plan plan; // of every boot alike; rule PLACE_BY_HOST: nothing is placed or watched
    int boots;
    int jobs; // det: boots that run at once; else 1
    int turn_ns;     // det, several CPUs (vm_spec.h); else 0
    uint64_t seed;   // of the order of the boots
    double scale;    // of the iteration counts
    struct plan_control control;
    int rows_per_boot; // at most; the others have boots of their own
    double deadline; // 0: by the machine
    const char *qemu, *initrd, *plugin;
    const char *base;   // folder of runs
    const char *resume; // folder of an unfinished run (perf/result/run_partial.h), or NULL
    json_t *arguments;  // what it was asked by, for --resume
    bool quiet;
};

// Writes the run's folder; *run (the caller's) is set when there is one, *dir when it could be written. Returns an exit
// code: EXIT_OK, EXIT_GUEST when a guest failed (the rows say so), EXIT_SKIPPED when no row has a number because the kernels lack what each is about,
// EXIT_REFUSED, EXIT_INTERRUPTED (then nothing is left, or the unfinished run that --resume takes up; which, is said).
int run_session(struct run_options *options, json_t **run, char **dir);
