// From what `cloudbench run` was asked to what it boots: names become kernels, a shape, a tier, a place on the host.
#pragma once
#include "perf/result/run_session.h"
#include "perf/verbs/host_tools.h"

struct run_args {
    struct str_list suites, kernels, programs; // programs: files of --workload
    const char *topology, *tier, *out, *format, *place, *resume;
    char *control; // WORKLOAD of --control, its own; NULL without
    struct host_tools tools;
    json_t *policy; // "run" of configs/policy.yaml
    int boots, jobs; // 0: not asked for
    int turn_ns; // -1: not asked for
    long control_n, control_every;
    double scale, deadline, seed;
    bool quiet, aa, dry;
};

// Fills the options; `topology` belongs to them. 0, or an exit code after saying why. Both are released together.
int run_resolve(struct run_args *a, struct run_options *o, struct vm_topology *topology);
void run_resolve_free(struct run_args *a, struct run_options *o, struct vm_topology *topology);

// The turns of the CPUs (vm_spec.h): as asked (-1: by the policy's "run"), 0 where no CPUs run in turn. 0, or EXIT_USAGE after saying
// that what was asked for cannot be.
int run_turn(int asked, json_t *policy, enum tier tier, int cpus, int *turn_ns);
